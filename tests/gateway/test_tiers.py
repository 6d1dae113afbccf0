"""Venues that have not earned real bookings, or lost it, take none: and whoever asks is told what to do."""

from __future__ import annotations

import asyncio
import json

import pytest

from farm.tier import Tier
from gateway.answers import BookingAnswer, Problem, VenuesAnswer
from ledger.migrate import upgrade
from ledger.store import Ledger
from tasks.settings import Settings
from tests.gateway.conftest import GOOD


@pytest.fixture
def demoted(run, home):
    """The restaurants' script broke last night."""
    home.mkdir()
    url = Settings(home=home).ledger_url

    async def demote() -> None:
        await upgrade(url)
        async with await Ledger.open(url) as ledger:
            await ledger.demotions.demote("osteria_luna", Tier.BRONZE, "lying_thanks: confirmed", "osteria_luna")

    asyncio.run(demote())


def venues(run):
    return {one.slug: one for one in VenuesAnswer.model_validate_json(run("venues", "--json").stdout).venues}


def test_what_is_below_the_least_tier_is_not_queued(refused, monkeypatch):
    monkeypatch.setenv("READBACK_LEAST_TIER", "gold")
    said = " ".join(refused())
    assert "venues.0: osteria_luna takes no new bookings: osteria_luna is silver" in said
    assert "books at gold or better (READBACK_LEAST_TIER)" in said


def test_a_least_tier_that_there_is_not_is_named(run, monkeypatch):
    monkeypatch.setenv("READBACK_LEAST_TIER", "platinum")
    result = run("venues")
    assert result.exit_code == 2
    assert "READBACK_LEAST_TIER: Input should be 'none', 'bronze', 'silver' or 'gold'" in result.stderr


def test_what_broke_last_night_is_not_queued(run, demoted):
    result = run("book", "-", "--json", stdin=json.dumps(GOOD))
    assert result.exit_code == 2
    (fault,) = Problem.model_validate_json(result.stdout).faults
    assert fault.where == "venues.0"
    assert "was demoted from silver to bronze" in fault.what
    assert "`readback nightly osteria_luna` brings it back" in fault.what
    assert run("list").stdout.strip() == "Nothing is booked yet."


def test_what_was_queued_before_the_night_is_given_again_for_its_key(run, home, demoted, monkeypatch):
    monkeypatch.setenv("READBACK_LEAST_TIER", "bronze")
    first = run("book", "-", "--idempotency-key", "k", stdin=json.dumps(GOOD)).stdout
    monkeypatch.delenv("READBACK_LEAST_TIER")
    assert run("book", "-", "--idempotency-key", "k", stdin=json.dumps(GOOD)).stdout == first


def test_a_change_of_a_booking_waits_for_the_repair_and_a_cancellation_does_not(run, demoted, monkeypatch):
    monkeypatch.setenv("READBACK_LEAST_TIER", "bronze")
    booking = run("book", "-", stdin=json.dumps(GOOD)).stdout.strip()
    monkeypatch.delenv("READBACK_LEAST_TIER")
    result = run("change", booking, "--adults", "3")
    assert result.exit_code == 2
    assert "was demoted" in " ".join(result.stderr.split())
    assert run("cancel", booking).exit_code == 0
    answer = BookingAnswer.model_validate_json(run("show", booking, "--json").stdout)
    assert answer.cancel_requested_at is not None


def test_venues_show_what_they_have_earned(run):
    there = venues(run)
    assert there["osteria_luna"].tier is Tier.SILVER
    assert there["osteria_luna"].verified_on is not None
    assert there["osteria_luna"].closed is None
    assert f"(silver since {there['osteria_luna'].verified_on:%d %b %Y})" in " ".join(run("venues").stdout.split())


def test_venues_show_what_they_lost_and_why(run, demoted):
    there = venues(run)
    assert (there["osteria_luna"].tier, there["lab_table"].tier) == (Tier.BRONZE, Tier.SILVER)
    assert there["lab_table"].closed is None
    shown = " ".join(run("venues").stdout.split())
    assert "trattoria_sole takes no new bookings: osteria_luna was demoted from silver to bronze" in shown
    assert "(lying_thanks: confirmed)" in shown
