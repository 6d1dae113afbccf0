"""Whether a venue takes new bookings now: each reason in words for platforms, and until when it holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from farm.demotion import Demotion
from farm.tier import Tier
from farm.tolerance import Breaker, Tolerance
from gateway.deployment import registry
from gateway.openness import Closure, Openness
from profiles.partner import Partners
from profiles.terms.access import Hours
from tasks.settings import Settings

NOW = datetime(2026, 12, 4, 12, tzinfo=UTC)  # 13:00 in Bologna
LATER = NOW + timedelta(minutes=7)


@pytest.fixture(scope="module")
def open_one():
    settings = Settings()
    there, partners = registry(settings), Partners.load(settings.partner_folders)
    return Openness(there, partners, Tier.NONE, {}, {}, NOW)


def agreed(openness, table, **changes):
    """The same with the partner of the Osteria having agreed to something else."""
    partner = openness.partners.by_slug["bologna_tables"]
    terms = getattr(partner, table).model_copy(update=changes)
    changed = partner.model_copy(update={table: terms})
    return replace(openness, partners=Partners(openness.partners.by_slug | {"bologna_tables": changed}))


def closed(openness):
    return openness.closed(openness.there.venues["osteria_luna"])


def test_one_that_nothing_speaks_against_is_open(open_one):
    assert closed(open_one) is None


def test_a_tier_below_the_farms_own(open_one):
    claimed = open_one.there.integrations["osteria_luna"].manifest.quality.tier
    demoted = Demotion(
        "osteria_luna", "osteria_luna", Tier.NONE, NOW, "step `hold` at /srv/secret.py:7", "/srv/report"
    )
    found = closed(replace(open_one, least=claimed, demotions={"osteria_luna": demoted}))
    assert (found.why, found.until) == (Closure.DEMOTED, None)
    assert "since 04 December 2026" in found.sentence
    assert "srv" not in found.sentence
    if claimed is not Tier.GOLD:
        assert closed(replace(open_one, least=Tier.GOLD)).why is Closure.NOT_PROVEN


@pytest.mark.parametrize(
    ("table", "changes", "why", "until"),
    [
        ("access", {"ends": date(2026, 12, 3)}, Closure.AGREEMENT_ENDED, None),
        ("access", {"steps": ("search", "read_back")}, Closure.NOT_AGREED, None),
        ("access", {"hosts": ("elsewhere.example",)}, Closure.NOT_AGREED, None),
        ("access", {"hours": Hours(start=time(18), until=time(23))}, Closure.OUTSIDE_HOURS, "17:00"),
        ("pacing", {"quiet_hours": (Hours(start=time(12), until=time(14, 30)),)}, Closure.QUIET_HOURS, "13:30"),
    ],
)
def test_what_was_not_agreed(open_one, table, changes, why, until):
    found = closed(agreed(open_one, table, **changes))
    assert found.why is why
    assert (None if found.until is None else f"{found.until.astimezone(UTC):%H:%M}") == until
    assert "127.0.0.1" not in found.sentence


def test_a_partner_that_is_left_alone_if_it_is_watched(open_one):
    met = Tolerance(10, Breaker.OPEN, LATER, "challenged")
    resting = replace(open_one, known={"bologna_tables": met})
    watched = agreed(resting, "pacing", requests_per_min=60)
    assert (closed(watched).why, closed(watched).until) == (Closure.LEFT_ALONE, LATER)
    assert "asked for a person" in closed(watched).sentence
    assert closed(replace(watched, now=LATER)) is None
    ours = agreed(resting, "pacing", requests_per_min=None)
    assert closed(ours) is None
