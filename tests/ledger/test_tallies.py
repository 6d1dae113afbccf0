"""Counts over a window are what counting every row by hand gives, on both databases, and read no other rows."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import Engine, event

from ledger.engine import Database
from ledger.tallies import AttemptTally, BookingTally, Window
from tests.ledger.planted import BEGAN, RESELLERS, SPAN_S, plant, random_rows


@pytest.fixture
async def planted(ledger_url):
    booked, tried = random_rows(Random(8), 400)
    database = Database(ledger_url)

    await plant(database, booked, tried)
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
    await ledger.tallies.bookings(Window(BEGAN, BEGAN + timedelta(days=1), "local"))
    event.remove(Engine, "before_cursor_execute", note)
    ((statement, values),) = sent
    steps = await database.read(lambda c: c.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all())
    assert (
        "SEARCH bookings USING COVERING INDEX ix_bookings_reseller_created (reseller=? AND created_at>" in steps[0][3]
    )
