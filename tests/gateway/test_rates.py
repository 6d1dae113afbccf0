"""One number, and what so few bookings allow to say."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from farm.status import AttemptState, BookingStatus, Cause
from gateway.rates import Rate, rates, wilson_lower
from gateway.windows import WindowRates
from ledger.engine import Database
from ledger.migrate import upgrade
from ledger.records import Counts, VenueCount
from tasks.settings import Settings
from tests.ledger.planted import plant, random_rows


@pytest.mark.parametrize(
    ("hits", "of", "bound"), [(10, 10, 0.7225), (0, 10, 0.0), (81, 263, 0.2553), (1, 1, 0.2065), (995, 1000, 0.9883)]
)
def test_wilson(hits, of, bound):
    """Against values of the closed formula worked out elsewhere (Newcombe 1998 for 81 of 263)."""
    assert wilson_lower(hits, of) == pytest.approx(bound, abs=5e-4)


def test_what_counts():
    counts = Counts(
        by_status={
            BookingStatus.CONFIRMED: 6,
            BookingStatus.FAILED: 1,
            BookingStatus.IN_DOUBT: 2,
            BookingStatus.EXPIRED: 1,
            BookingStatus.UNAVAILABLE: 5,
            BookingStatus.CANCELLED: 3,
            BookingStatus.QUEUED: 7,
        },
        by_cause={Cause.CANCEL_UNPROVEN: 1, Cause.SLOT_UNAVAILABLE: 5},
        by_venue=(
            VenueCount("luna", AttemptState.CONFIRMED, 4),
            VenueCount("luna", AttemptState.CANCELLED, 1),
            VenueCount("luna", AttemptState.NOT_BOOKED, 3),
            VenueCount("luna", AttemptState.CLAIMED, 2),
        ),
    )
    answer = rates(counts)
    assert (answer.confirmation.hits, answer.confirmation.of) == (6, 10)
    assert (answer.in_doubt, answer.cancels_unproven) == (2, 1)
    assert (answer.by_venue[0].booked.hits, answer.by_venue[0].booked.of) == (5, 8)


def test_nothing_yet():
    empty = Counts(by_status={}, by_cause={}, by_venue=())
    assert rates(empty).confirmation == Rate(hits=0, of=0, rate=None, at_least=None)


class TestOfAWindow:
    @pytest.fixture
    def there(self, home):
        async def do():
            url = Settings(home=home).ledger_url
            await upgrade(url)
            database = Database(url)
            await plant(database, *random_rows(Random(5), 60))
            await database.close()

        home.mkdir()
        asyncio.run(do())

    def test_everybodys_or_one_resellers(self, run, there):
        window = ("--since", "2026-03-01", "--until", "2026-04-20T00:00:00+02:00")
        words = ("rate", "--by", "reseller", *window, "--json")
        everybody = WindowRates.model_validate_json(run(*words).stdout)
        assert [row.name for row in everybody.rows] == ["else", "local", "theirs"]
        assert sum(sum(row.by_status.values()) for row in everybody.rows) == 60
        (one,) = WindowRates.model_validate_json(run(*words, "--reseller", "theirs").stdout).rows
        assert one == everybody.rows[2]
        shown = run("rate", "--by", "venue", *window).stdout
        assert "osteria_luna" in shown
        assert "attempts" in shown

    def test_every_fault_is_named(self, run, home):
        result = run("rate", "--by", "venu", "--since", "soon", "--until", "2026-13-01")
        assert result.exit_code == 2
        for said in ("--by", "did you mean `venue`?", "--since", "--until"):
            assert said in result.stderr
        assert "is not after" in run("rate", "--since", "2026-03-02", "--until", "2026-03-01").stderr
