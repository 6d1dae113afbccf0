"""Bookings and attempts at random, put into a ledger as rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from sqlalchemy import insert

from farm.status import LIVE_STATES, AttemptState, BookingStatus, Cause
from ledger.engine import Database
from ledger.names import new_id
from ledger.tables import attempts, bookings

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
SPAN_S = 40 * 86_400
RESELLERS = ("local", "theirs", "else")
VENUES = ("osteria_luna", "trattoria_sole", "closed_long_ago")


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


async def plant(database: Database, booked, tried):
    def write(connection):
        connection.execute(insert(bookings), booked)
        connection.execute(insert(attempts), tried)

    await database.write(write)
