"""The verdict: whose the records are that a read-back brought, how many stand, and whether ours is what was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime

from farm.compare import FieldResult, compare
from farm.errors import VenueChanged
from farm.facts import Fact, Facts, Sighting
from farm.identity import Whose, whose
from farm.manifest import Channel, Tolerance
from farm.status import VenueStatus, VerdictKind


class Verdict(Fact):
    """What the farm says of one look at the venue's record.

    Attributes:
        channel: The read-back channel.
        complete: The channel may deny: its "nothing" means that there is no record.
        venue_reference: The record's. Of several that stand, that of the one to keep, as are status and fields:
            the one that our own page named, else a confirmed one; None when none of them is as asked.
        alike: The references of records that are just what was asked and carry no reference of any farm.
        venue_status: The record's.
        reason: One sentence for a person, where the kind alone does not say it.
    """

    kind: VerdictKind
    channel: str
    at: AwareDatetime
    complete: bool = False
    venue_reference: str | None = None
    venue_status: VenueStatus | None = None
    fields: tuple[FieldResult, ...] = ()
    not_compared: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()
    reason: str | None = None

    @property
    def proves(self) -> bool:
        """True when a booking may be called confirmed: it matched, and the venue's record stands as confirmed."""
        return self.kind is VerdictKind.MATCHED and self.venue_status is VenueStatus.CONFIRMED

    @property
    def denies(self) -> bool:
        """True when the venue's record says that nothing of ours stands."""
        return self.kind is VerdictKind.NOT_FOUND and (self.complete or self.venue_status is not None)

    @property
    def is_doubt(self) -> bool:
        """True when a look settled nothing: no answer, or a "nothing" of a channel that cannot deny."""
        return self.kind in {VerdictKind.NOT_FOUND, VerdictKind.IN_DOUBT} and not self.denies


_NOT_THE_PLACE = ("service", "party", "guest_name", "guest_email", "guest_phone", "note", "price", "due")


@dataclass(frozen=True)
class Measure:
    """What sightings are judged by.

    Attributes:
        code: The booking's code; a record that carries it is ours.
        wanted: What the record must show.
        claimed: The venue reference of our own thank-you page, if there was one.
    """

    code: str
    wanted: Facts
    claimed: str | None
    tolerance: Tolerance
    zone: ZoneInfo


def keeps_promise(sightings: Sequence[Sighting], channel: Channel) -> None:
    """Check that every sighting has what the manifest says that its channel shows.

    Raises:
        VenueChanged: A promised fact is missing: the page has changed, or the script reads it no more.
    """
    for sighting in sightings:
        shows = channel.shows if sighting.stands else ("reference", "status")  # what is over need not say more
        missing = [name for name in channel.shows if name in shows and getattr(sighting, name) is None]
        if missing:
            raise VenueChanged(f"channel {channel.name} no longer shows {', '.join(missing)}")


def judge(sightings: Sequence[Sighting], measure: Measure, channel: Channel, at: datetime) -> Verdict:
    """The verdict on one look.

    Another farm reference is never ours. A record without any is "alike": good for a person, not for a verdict.
    """
    ours = [s for s in sightings if whose(s, measure.code, measure.claimed) is Whose.OURS]
    standing = [s for s in ours if s.stands]
    if not standing:
        return _nothing(sightings, ours, measure, channel, at)
    if len(standing) > 1:
        return _several(standing, measure, channel, at)
    return _of_record(standing[0], measure, channel, at)


def _several(standing: Sequence[Sighting], measure: Measure, channel: Channel, at: datetime) -> Verdict:
    """Two records of one booking: which is kept, if any is as asked; the one that our own page named first."""
    judged = [_of_record(sighting, measure, channel, at) for sighting in standing]
    matching = [one for one in judged if one.kind is VerdictKind.MATCHED and one.venue_reference is not None]
    reason = f"{len(standing)} records stand: " + ", ".join(sorted(s.reference or "?" for s in standing))
    if not matching:
        complete = channel.proves == "complete"
        return Verdict(kind=VerdictKind.DUPLICATED, channel=channel.name, at=at, complete=complete, reason=reason)
    # in an order of its own, not the page's: after a crash the same one must be kept
    kept = min(
        matching, key=lambda one: (one.venue_reference != measure.claimed, not one.proves, one.venue_reference)
    )
    return kept.model_copy(update={"kind": VerdictKind.DUPLICATED, "reason": reason})


def contested(verdict: Verdict, others: Sequence[Sighting], measure: Measure) -> Verdict:
    """The verdict, once it is known who else stands on our slot: a place that was sold twice confirms nobody."""
    there = [
        other
        for other in others
        if other.stands
        and (other.reference is None or other.reference != verdict.venue_reference)
        and whose(other, measure.code, measure.claimed) is not Whose.OURS
        and _is_on(other, measure)
    ]
    if not there:
        return verdict
    reason = f"{len(there)} other record(s) stand on the same place and time"
    return verdict.model_copy(update={"kind": VerdictKind.CONTESTED, "reason": reason})


def _is_on(other: Sighting, measure: Measure) -> bool:
    """The same place at the same time, as far as the record shows it."""
    place = measure.wanted.model_copy(update=dict.fromkeys(_NOT_THE_PLACE))
    comparison = compare(place, other, measure.tolerance, measure.zone)
    return not comparison.differing and not comparison.essential_missing


def _nothing(
    sightings: Sequence[Sighting], ours: Sequence[Sighting], measure: Measure, channel: Channel, at: datetime
) -> Verdict:
    kind, reason = VerdictKind.NOT_FOUND, "the venue's record does not have it"
    alike = tuple(s.reference or "?" for s in sightings if not ours and _may_be_ours(s, measure))
    if ours:
        reason = f"the venue's record has it as {ours[0].status}"
    elif alike:
        # venues that strip plus-tags exist: booking elsewhere now could be the second booking
        kind = VerdictKind.IN_DOUBT
        reason = "the venue has just such a record without our reference: for a person to look at"
    return Verdict(
        kind=kind,
        channel=channel.name,
        at=at,
        complete=channel.proves == "complete",
        venue_reference=ours[0].reference if ours else None,
        venue_status=ours[0].status if ours else None,
        alike=alike,
        reason=reason,
    )


def _may_be_ours(sighting: Sighting, measure: Measure) -> bool:
    """Alike, standing, and nothing but the e-mail (which carries our reference) speaks against it."""
    if whose(sighting, measure.code, measure.claimed) is not Whose.ALIKE or not sighting.stands:
        return False
    comparison = compare(measure.wanted, sighting, measure.tolerance, measure.zone)
    if comparison.essential_missing:
        return False
    return not comparison.differing or (
        comparison.differing == ("guest_email",)
        and _mailbox(measure.wanted.guest_email) == _mailbox(sighting.guest_email)
    )


def _mailbox(email: str | None) -> str:
    """The address without any plus-tag."""
    local, _, domain = (email or "").casefold().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _of_record(sighting: Sighting, measure: Measure, channel: Channel, at: datetime) -> Verdict:
    comparison = compare(measure.wanted, sighting, measure.tolerance, measure.zone)
    kind, reason = VerdictKind.MATCHED, None
    if comparison.differing:
        kind, reason = VerdictKind.MISMATCHED, f"the record differs in {', '.join(comparison.differing)}"
    elif comparison.essential_missing:
        kind = VerdictKind.IN_DOUBT
        reason = f"the record does not show {', '.join(comparison.essential_missing)}: too little to match"
    return Verdict(
        kind=kind,
        channel=channel.name,
        at=at,
        complete=channel.proves == "complete",
        venue_reference=sighting.reference,
        venue_status=sighting.status,
        fields=comparison.fields,
        not_compared=comparison.not_compared,
        reason=reason,
    )
