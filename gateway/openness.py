"""Whether venues take new bookings at this moment, in words for the platforms that would send some."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from farm.demotion import Demotion, tier_of
from farm.phases import Step
from farm.registry import Registry
from farm.tier import Tier
from farm.tolerance import Kind, Tolerance
from farm.venue import Venue
from ledger.store import Ledger
from ledger.tolerances import WHOLE
from profiles.bounds import bounds_of
from profiles.pacing.quiet import quiet_until
from profiles.partner import Partner, Partners
from profiles.terms.access import Hours

_MET: Mapping[Kind | None, str] = {
    "challenged": "it has asked for a person",
    "down": "it was down",
    "throttled": "it was asked too much",
}


class Closure(StrEnum):
    """Why a venue takes no new bookings now."""

    NOT_PROVEN = "not_proven"
    DEMOTED = "demoted"
    AGREEMENT_ENDED = "agreement_ended"
    NOT_AGREED = "not_agreed"
    LEFT_ALONE = "left_alone"
    OUTSIDE_HOURS = "outside_hours"
    QUIET_HOURS = "quiet_hours"


@dataclass(frozen=True, slots=True)
class Closed:
    """Why nothing new is begun.

    Attributes:
        until: When that ends by itself; None: only people can end it.
    """

    why: Closure
    sentence: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Openness:
    """What decides it, read once for however many venues are asked for.

    Attributes:
        least: What an integration must have earned here.
        known: What is known of partners' tolerance, by partner.
    """

    there: Registry
    partners: Partners
    least: Tier
    demotions: Mapping[str, Demotion]
    known: Mapping[str, Tolerance]
    now: datetime

    @classmethod
    async def read(cls, there: Registry, partners: Partners, least: Tier, ledger: Ledger) -> Openness:
        """As the ledger has it now."""
        demotions = await ledger.demotions.all()
        known = {row.partner: row.known for row in await ledger.tolerances.all() if row.account == WHOLE}
        return cls(there, partners, least, demotions, known, ledger.clock())

    def closed(self, venue: Venue) -> Closed | None:
        """Why the venue takes no new bookings now; None when it does. What lasts longest comes first."""
        return next(self._reasons(venue), None)

    def partner_closed(self, partner: Partner, zone: ZoneInfo | None) -> Closed | None:
        """Why nothing new is begun with the partner now, at whichever venue; hours are those of the zone."""
        return next(self._of_partner(partner, zone), None)

    def known_of(self, partner: Partner) -> Tolerance | None:
        """What is known of a partner's tolerance; None where nobody watches, or nothing was met yet."""
        return self.known.get(partner.slug) if bounds_of(partner) is not None else None

    def tier(self, integration: str) -> Tier:
        """What an integration counts as now."""
        return tier_of(integration, self.there, self.demotions)

    def _reasons(self, venue: Venue) -> Iterator[Closed]:
        if not self.tier(venue.integration).holds(self.least):
            yield self._too_low(venue.integration)
        partner = self.partners.by_slug.get(venue.partner)
        if partner is None:
            yield Closed(Closure.NOT_AGREED, "nobody has agreed to bookings here")
            return
        missing = [step for step in self._steps(venue) if step not in partner.access.steps]
        if missing or venue.host not in partner.access.hosts:
            yield Closed(Closure.NOT_AGREED, f"the agreement with {partner.slug} does not cover bookings here")
        yield from self._of_partner(partner, venue.zone)

    def _steps(self, venue: Venue) -> tuple[Step, ...]:
        paying = (Step.PAY,) if self.there.manifest(venue).pays else ()
        return (Step.SEARCH, Step.HOLD, Step.ENTER_GUEST, *paying, Step.SUBMIT)

    def _too_low(self, integration: str) -> Closed:
        demoted = self.demotions.get(integration)
        if demoted is not None and self.there.integrations[integration].manifest.quality.tier.holds(self.least):
            said = f"the check of its integration has failed since {demoted.since:%d %B %Y}"
            return Closed(Closure.DEMOTED, f"{said}; it opens again once that is repaired")
        return Closed(Closure.NOT_PROVEN, "its integration has not proven yet what this farm asks for")

    def _of_partner(self, partner: Partner, zone: ZoneInfo | None) -> Iterator[Closed]:
        local = self.now.astimezone(zone or UTC)
        if local.date() > partner.access.ends:
            ended = f"the agreement with {partner.slug} ended on {partner.access.ends:%d %B %Y}"
            yield Closed(Closure.AGREEMENT_ENDED, ended)
        left = self.left_alone(partner)
        if left is not None:
            yield left
        if zone is None:
            return
        hours = partner.access.hours
        if hours is not None and not hours.hold(local.time()):
            until = quiet_until([Hours(start=hours.until, until=hours.start)], self.now, zone)
            yield Closed(Closure.OUTSIDE_HOURS, f"the agreement with {partner.slug} does not cover this hour", until)
        quiet = quiet_until(partner.pacing.quiet_hours, self.now, zone)
        if quiet is not None:
            yield Closed(Closure.QUIET_HOURS, f"the agreement with {partner.slug} has quiet hours now", quiet)

    def left_alone(self, partner: Partner) -> Closed | None:
        """The partner is left alone for something that visits have met; None: it is not."""
        one = self.known_of(partner)
        until = one.waits_until(self.now) if one is not None else None
        if one is None or until is None:
            return None
        return Closed(
            Closure.LEFT_ALONE, f"{partner.slug} is left alone: {_MET.get(one.why, _MET['throttled'])}", until
        )
