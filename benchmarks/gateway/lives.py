"""Bookings that were lived through on a real ledger, as moulds: their rows, with holes for what is each one's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

from farm.compare import FieldResult
from farm.facts import Claim, Facts, Hold, Money, Offer, Party, Recap, Slot
from farm.life.transition import AttemptChange, BookingChange, NewEvent, NewWakeUp, Stage, Transition
from farm.request import Request
from farm.status import AttemptState, BookingStatus, Cause, VenueStatus, VerdictKind
from farm.verdict import Verdict
from ledger.records import AttemptRecord, Lease
from ledger.store import Ledger

VENUE, RESELLER, VENUE_REFERENCE = "cantina_nord", "whose-booking-it-is", "CN-0VENUE0"
BEGAN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
LASTED_S = 11
EVENING = datetime(2030, 6, 14, 18, tzinfo=UTC)
TABLES = {"bookings": "id", "attempts": "booking_id", "events": "booking_id", "wake_ups": "booking_id"}
"""Where a life leaves rows, and which column names the booking."""


@dataclass(frozen=True, slots=True)
class Mould:
    """The rows of one life, as COPY takes them, to be filled with ``%``.

    Attributes:
        columns: By table.
        text: By table, all its rows.
        events: How many there are.
    """

    columns: Mapping[str, tuple[str, ...]]
    text: Mapping[str, str]
    events: int


class _Clock:
    """Stands at the beginning of a life, or at its end."""

    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> datetime:
        return self.now


def request(reseller: str, mark: str) -> dict[str, Any]:
    """A request as a platform writes it."""
    return {
        "reseller": reseller,
        "reseller_reference": f"order {mark}",
        "guest": {"name": "Ada Rossi", "email": "ada@example.com", "phone": "+39 051 555 0100"},
        "party": {"adults": 2},
        "when": {"date": "2030-06-14", "earliest": "19:00", "latest": "21:00", "preferred": "20:00"},
        "group": "bologna_tables",
    }


async def moulds(url: str) -> dict[str, Mould]:
    """Live each kind of life once in this empty ledger, and take its rows."""
    clock = _Clock()
    async with await Ledger.open(url, clock) as ledger:
        lived = {}
        for kind in ("confirmed", "unavailable", "queued"):
            clock.now = BEGAN
            lived[kind] = await _live(ledger, clock, kind)
    with psycopg.connect(url) as connection:
        return {kind: _mould(connection, booking_id) for kind, booking_id in lived.items()}


async def _live(ledger: Ledger, clock: _Clock, kind: str) -> str:
    code = f"C0DE{kind.upper()}"
    booking = (await ledger.accept(Request.model_validate(request(RESELLER, kind)), code, f"key-{kind}")).booking
    if kind == "queued":
        return booking.id
    lease = await ledger.take_lease(booking.id, "worker-1@somewhere", 60)
    assert lease is not None
    attempt = await ledger.start_attempt(lease, VENUE, lambda number: f"RB-{code}-{number}")
    clock.now = BEGAN + timedelta(seconds=LASTED_S)
    if kind == "confirmed":
        await _confirm(ledger, lease, attempt, clock.now)
    else:
        await ledger.conclude(lease, _nothing_there(attempt.id))
    await ledger.release_lease(lease)
    return booking.id


async def _confirm(ledger: Ledger, lease: Lease, attempt: AttemptRecord, now: datetime) -> None:
    when = Slot(starts_at=EVENING, ends_at=EVENING + timedelta(hours=2))
    offer = Offer(when=when, key="2030-06-14T20:00/t1", resource=lease.booking_id)
    facts = Facts(when=when, resource="Sala · Tavolo 1", party=Party(adults=2), price=Money(minor=0, currency="EUR"))
    await ledger.guard(
        lease,
        attempt.id,
        offer=offer,
        hold=Hold(offer=offer, binding="firm", expires_at=now + timedelta(minutes=8)),
        recap=Recap.model_validate(facts.model_dump()),
        expected=facts,
        submit_deadline=now + timedelta(seconds=30),
    )
    proof = Verdict(
        kind=VerdictKind.MATCHED,
        channel="guest_lookup",
        at=now,
        complete=True,
        venue_reference=VENUE_REFERENCE,
        venue_status=VenueStatus.CONFIRMED,
        fields=tuple(
            FieldResult(field=name, result="same", wanted=value, seen=value)
            for name, value in (
                ("when", "2030-06-14T20:00+02:00"),
                ("resource", "Sala · Tavolo 1"),
                ("party", "2 adults"),
            )
        ),
        not_compared=("ends_at", "service", "price"),
    )
    steps = ("search", "hold", "enter_guest", "submit")
    await ledger.conclude(
        lease,
        Transition(
            attempts=[
                AttemptChange(
                    id=attempt.id,
                    state=AttemptState.CLAIMED,
                    claim=Claim(reference=VENUE_REFERENCE),
                    sent="yes",
                    stages=tuple(Stage(step, 0.2113) for step in steps),
                )
            ],
            booking=BookingChange(status=BookingStatus.VERIFYING),
            events=[NewEvent("attempt.claimed", attempt.number, VENUE, {"sent": "yes"})],
        ),
    )
    await ledger.conclude(
        lease,
        Transition(
            attempts=[AttemptChange(id=attempt.id, state=AttemptState.CONFIRMED, verdict=proof, looked=1)],
            booking=BookingChange(
                status=BookingStatus.CONFIRMED,
                venue=VENUE,
                venue_reference=VENUE_REFERENCE,
                verdict=proof,
                sentence=f"Confirmed at Cantina Nord, reference {VENUE_REFERENCE}.",
            ),
            events=[
                NewEvent("verify.looked", attempt.number, VENUE, {"channel": "guest_lookup", "verdict": "matched"}),
                NewEvent("booking.confirmed", attempt.number, VENUE, {"venue_reference": VENUE_REFERENCE}),
            ],
            wake=[NewWakeUp("recheck", EVENING - timedelta(days=1))],
            done=["book"],
        ),
    )


def _nothing_there(attempt_id: str) -> Transition:
    full = Cause.SLOT_UNAVAILABLE
    return Transition(
        attempts=[AttemptChange(id=attempt_id, state=AttemptState.NOT_BOOKED, cause=full)],
        booking=BookingChange(
            status=BookingStatus.UNAVAILABLE,
            cause=full,
            sentence="Nothing could be booked: Cantina Nord was full.",
        ),
        events=[
            NewEvent("attempt.not_booked", 1, VENUE, {"cause": full}),
            NewEvent("booking.unavailable", None, None, {"cause": full}),
        ],
        done=["book"],
    )


def _mould(connection: psycopg.Connection, booking_id: str) -> Mould:
    row = connection.execute(
        "SELECT b.code, b.idempotency_key, b.reseller_reference, a.id, a.our_reference"
        " FROM bookings b LEFT JOIN attempts a ON a.booking_id = b.id WHERE b.id = %s",
        (booking_id,),
    ).fetchone()
    assert row is not None
    code, key, called, attempt_id, our_reference = row
    holes = {
        booking_id: "%(booking)s",
        RESELLER: "%(reseller)s",
        key: "key-%(code)s",
        called: "order %(code)s",
        VENUE_REFERENCE: "CN-%(code)s",
        our_reference: "RB-%(code)s-1",
        attempt_id: "%(attempt)s",
        code: "%(code)s",
        _text(BEGAN): "%(began)s",
        _text(BEGAN + timedelta(seconds=LASTED_S)): "%(ended)s",
    }
    columns = {table: _columns(connection, table) for table in TABLES}
    rows = {table: _rows(connection, table, columns[table], booking_id) for table in TABLES}
    text = {table: "".join(_with_holes(line, holes) for line in rows[table]) for table in TABLES}
    place = columns["events"].index("position")
    text["events"] = "".join(
        _with_place(_with_holes(line, holes), place, number) for number, line in enumerate(rows["events"])
    )
    return Mould(columns, text, len(rows["events"]))


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _columns(connection: psycopg.Connection, table: str) -> tuple[str, ...]:
    """Those of a table, but for the numbers that it gives itself."""
    found = connection.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_name = %s AND (column_default IS NULL OR column_default NOT LIKE 'nextval%%')"
        " ORDER BY ordinal_position",
        (table,),
    )
    return tuple(name for (name,) in found)


def _rows(connection: psycopg.Connection, table: str, columns: tuple[str, ...], booking_id: str) -> list[str]:
    """The lines that COPY would write of a booking's rows."""
    query = sql.SQL("COPY (SELECT {} FROM {} WHERE {} = {} ORDER BY 1, 2) TO STDOUT").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.Identifier(table),
        sql.Identifier(TABLES[table]),
        sql.Literal(booking_id),
    )
    with connection.cursor().copy(query) as copy:
        whole = b"".join(bytes(piece) for piece in copy)
    return whole.decode().splitlines(keepends=True)


def _with_holes(line: str, holes: Mapping[str | None, str]) -> str:
    line = line.replace("%", "%%")
    for what, hole in holes.items():
        line = line if what is None else line.replace(what, hole)
    return line


def _with_place(line: str, column: int, number: int) -> str:
    """An event's line, whose place in the feed is given with each booking."""
    parts = line.rstrip("\n").split("\t")
    parts[column] = f"%(place_{number})d"
    return "\t".join(parts) + "\n"
