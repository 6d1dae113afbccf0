"""Who may take new bookings: what an integration has earned, less what it lost when its nightly check broke."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from farm.registry import Registry
from farm.tier import Tier
from farm.venue import Venue


@dataclass(frozen=True, slots=True)
class Demotion:
    """An integration that broke in its last check: until it passes one, it has this tier, whatever its manifest says.

    Attributes:
        venue: The venue that the check played; every venue of the integration runs the same script.
        reason: What broke, in a sentence.
        report: Where the report of that check is.
    """

    integration: str
    venue: str
    tier: Tier
    since: datetime
    reason: str
    report: str | None = None


def tier_of(integration: str, registry: Registry, demotions: Mapping[str, Demotion]) -> Tier:
    """What an integration counts as now."""
    claimed = registry.integrations[integration].manifest.quality.tier
    demoted = demotions.get(integration)
    return demoted.tier if demoted is not None and claimed.holds(demoted.tier) else claimed


def closed_venues(
    venues: Iterable[Venue], registry: Registry, least: Tier, demotions: Mapping[str, Demotion]
) -> dict[str, str]:
    """Which of the venues take no new bookings, by slug, with why and what to do, for whoever runs the farm."""
    return {
        venue.slug: f"{venue.slug} takes no new bookings: {_why(venue.integration, registry, least, demotions)}"
        for venue in venues
        if not tier_of(venue.integration, registry, demotions).holds(least)
    }


def _why(integration: str, registry: Registry, least: Tier, demotions: Mapping[str, Demotion]) -> str:
    claimed = registry.integrations[integration].manifest.quality.tier
    demoted = demotions.get(integration)
    if demoted is not None and claimed.holds(least):
        return (
            f"{integration} was demoted from {claimed} to {demoted.tier} on {demoted.since:%d %B %Y}"
            f" ({demoted.reason}); once it is repaired, `readback nightly {integration}` brings it back"
        )
    return (
        f"{integration} is {claimed}, and this farm books at {least} or better (READBACK_LEAST_TIER);"
        f" `readback check {integration}` says what is missing"
    )
