"""Counts over a window are what counting every row by hand gives, on both databases, and read no other rows."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import Engine, event, insert

from farm.status import LIVE_STATES, AttemptState, BookingStatus, Cause
from ledger.engine import Database
from ledger.names import new_id
from ledger.tables import attempts, bookings
from ledger.tallies import AttemptTally, BookingTally, Window

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
SPAN_S = 40 * 86_400
RESELLERS = ("mine", "theirs", "else")
VENUES = ("luna", "nord", "sole")


def random_rows(random: Random, count: int):
    """Bookings of three resellers, with up to three attempts each."""
    booked, tried = [], []
    for number in range(count):
        at = BEGAN + timedelta(seconds=random.randrange(SPAN_S), microseconds=random.randrange(3))
        booking = booking_row(random, number, at)
        booked.append(booking)
        live = False
        for n in range(1, random.randrange(4) + 1):
            state = random.choice([s for s in AttemptState if not live or s not in LIVE_STATES])
            live = live or state in LIVE_STATES
            tried.append(attempt_row(random, booking["id"], n, at, state))
    return booked, tried


def booking_row(random, number, at):
    return {
        "id": new_id("bk", at, random.randbytes),
        "reseller": random.choice(RESELLERS),
        "request_fingerprint": "",
        "request": "{}",
        "code": f"{number:010}",
        "status": random.choice(list(BookingStatus)),
        "cause": random.choice([None, *Cause]),
        "verdict": "{}",
        "fence": 0,
        "last_attempt": 0,
        "last_event": 1,
        "created_at": at,
        "updated_at": at,
    }


def attempt_row(random, booking_id, number, at, state):
    return {
        "id": new_id("at", at, random.randbytes),
        "booking_id": booking_id,
        "number": number,
        "venue": random.choice(VENUES),
        "our_reference": f"{booking_id}-{number}",
        "state": state,
        "cause": random.choice([None, Cause.CANCEL_UNPROVEN, Cause.SLOT_UNAVAILABLE]),
        "fence": 0,
        "stages": (),
        "read_backs": 0,
        "started_at": at,
    }


@pytest.fixture
async def planted(ledger_url):
    booked, tried = random_rows(Random(8), 400)
    database = Database(ledger_url)

    def plant(connection):
        connection.execute(insert(bookings), booked)
        connection.execute(insert(attempts), tried)

    await database.write(plant)
    yield database, booked, tried
    await database.close()


def recounted(booked, tried, window):
    inside = {
        row["id"]: row
        for row in booked
        if window.since <= row["created_at"] < window.until and window.reseller in {None, row["reseller"]}
    }
    stand = Counter((row["reseller"], row["status"], row["cause"]) for row in inside.values())
    places = Counter((row["venue"], row["state"], row["cause"]) for row in tried if row["booking_id"] in inside)
    return (
        {BookingTally(*place, count) for place, count in stand.items()},
        {AttemptTally(*place, count) for place, count in places.items()},
    )


async def test_they_are_what_a_count_by_hand_gives(ledger, planted):
    _, booked, tried = planted
    random = Random(9)
    at_its_edges = booked[3]["created_at"], booked[4]["created_at"]
    spans = [(BEGAN, BEGAN + timedelta(seconds=SPAN_S)), (min(at_its_edges), max(at_its_edges))]
    for _ in range(6):
        first, last = sorted(random.randrange(SPAN_S) for _ in range(2))
        spans.append((BEGAN + timedelta(seconds=first), BEGAN + timedelta(seconds=last)))
    for since, until in spans:
        for reseller in (None, *RESELLERS, "nobody"):
            window = Window(since, until, reseller)
            stand, places = recounted(booked, tried, window)
            assert set(await ledger.tallies.bookings(window)) == stand
            assert set(await ledger.tallies.attempts(window)) == places


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
async def test_a_resellers_window_is_read_from_the_index_alone(ledger, planted):
    database, *_ = planted
    sent = []
    event.listen(Engine, "before_cursor_execute", note := lambda *said: sent.append(said[2:4]))
    await ledger.tallies.bookings(Window(BEGAN, BEGAN + timedelta(days=1), "mine"))
    event.remove(Engine, "before_cursor_execute", note)
    ((statement, values),) = sent
    steps = await database.read(lambda c: c.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all())
    assert (
        "SEARCH bookings USING COVERING INDEX ix_bookings_reseller_created (reseller=? AND created_at>" in steps[0][3]
    )
