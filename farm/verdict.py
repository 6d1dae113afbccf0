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
        venue_reference: The record's.
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
    reason: str | None = None

    @property
    def proves(self) -> bool:
        """True when a booking may be called confirmed: it matched, and the venue's record stands as confirmed."""
        return self.kind is VerdictKind.MATCHED and self.venue_status is VenueStatus.CONFIRMED


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
        return Verdict(
            kind=VerdictKind.DUPLICATED,
            channel=channel.name,
            at=at,
            complete=channel.proves == "complete",
            reason=f"{len(standing)} records stand: " + ", ".join(sorted(s.reference or "?" for s in standing)),
        )
    return _of_record(standing[0], measure, channel, at)


def _nothing(
    sightings: Sequence[Sighting], ours: Sequence[Sighting], measure: Measure, channel: Channel, at: datetime
) -> Verdict:
    kind, reason = VerdictKind.NOT_FOUND, "the venue's record does not have it"
    if ours:
        reason = f"the venue's record has it as {ours[0].status}"
    elif any(_may_be_ours(sighting, measure) for sighting in sightings):
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
