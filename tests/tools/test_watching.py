"""Bookings followed for a person: events in words, on a real ledger, at 80 columns."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from farm.identity import mint_code
from farm.request import Request
from farm.status import BookingStatus
from ledger.errors import NoSuchBooking
from ledger.migrate import upgrade
from ledger.records import EventRecord
from ledger.store import Ledger
from tools.watching import LiveTable, Progress, fold, follow, live_table

BEGAN = datetime(2026, 11, 23, 12, tzinfo=UTC)
NAMES = {"luna": "Osteria Luna", "sole": "Trattoria Sole"}
REQUEST = {
    "reseller_reference": "a table for two",
    "guest": {"name": "Ada Geheim", "email": "geheim@example.com"},
    "party": {"adults": 2},
    "when": {"date": "2030-06-14", "earliest": "19:00", "latest": "21:00"},
    "venues": ["luna"],
}


def told(*events: Told) -> Progress:
    """What is known after these events: kind, venue, payload."""
    progress = Progress("bk_1", "a table", BEGAN, NAMES)
    attempt = 0
    for number, (kind, venue, payload) in enumerate(events, 1):
        attempt += kind == "attempt.started"
        at = BEGAN + timedelta(seconds=number)
        progress = fold(progress, EventRecord("bk_1", number, at, kind, attempt, venue, payload))
    return progress


Told = tuple[str, str | None, dict[str, str]]
STARTED_LUNA: Told = ("attempt.started", "luna", {})
STARTED_SOLE: Told = ("attempt.started", "sole", {})
CONFIRMED: Told = ("booking.confirmed", "sole", {})


def test_the_step_in_words():
    progress = told(("booking.queued", None, {}), STARTED_LUNA, ("attempt.step", "luna", {"step": "hold"}))
    assert (progress.venue, progress.attempt, progress.step) == ("Osteria Luna", 1, "holding the slot")
    assert progress.status is BookingStatus.ATTEMPTING
    assert not progress.settled


def test_why_it_fell_back():
    full = ("attempt.not_booked", "luna", {"cause": "SLOT_UNAVAILABLE", "detail": "search: nothing"})
    progress = told(STARTED_LUNA, full, STARTED_SOLE)
    assert progress.way == "Osteria Luna: full → Trattoria Sole"
    assert told(STARTED_LUNA, full).venue is None


def test_a_venue_that_is_tried_again_and_again_is_said_once():
    lost = ("attempt.not_booked", "luna", {"cause": "WORKER_LOST", "detail": "no visit could be opened"})
    progress = told(STARTED_LUNA, lost, STARTED_LUNA, lost, STARTED_LUNA, lost, STARTED_SOLE)
    assert progress.way.count("Osteria Luna") == 1


def test_a_thank_you_page_that_lied():
    looked = ("verify.looked", "luna", {"channel": "guest_lookup", "verdict": "not_found"})
    progress = told(
        STARTED_LUNA, ("attempt.claimed", "luna", {"sent": "yes"}), looked, looked, STARTED_SOLE, CONFIRMED
    )
    assert progress.way == "Osteria Luna: said yes, kept no record → Trattoria Sole"
    assert progress.settled


def test_a_late_record_is_no_trouble():
    looks = [
        ("verify.looked", "sole", {"channel": "guest_lookup", "verdict": word}) for word in ("not_found", "matched")
    ]
    progress = told(STARTED_SOLE, ("attempt.claimed", "sole", {}), *looks, CONFIRMED)
    assert (progress.way, progress.channel) == ("Trattoria Sole", "guest_lookup")


def test_an_answer_that_was_lost_and_found():
    looked = ("verify.looked", "sole", {"channel": "guest_lookup", "verdict": "matched"})
    progress = told(STARTED_SOLE, ("attempt.in_doubt", "sole", {"detail": "cut"}), looked, CONFIRMED)
    assert progress.way == "Trattoria Sole: answer lost after the click"
    assert "found by reading back" in drawn([replace(progress, sentence="Confirmed.")], 120)


def test_nothing_anywhere_leaves_the_last_venue_too():
    refused = ("attempt.refused", "sole", {"sent": "yes"})
    progress = told(STARTED_SOLE, refused, ("booking.unavailable", None, {}))
    assert (progress.venue, progress.way) == (None, "Trattoria Sole: said no")


def test_a_wish_to_cancel_is_waited_for():
    wish: Told = ("booking.cancel_requested", None, {})
    assert not told(STARTED_SOLE, CONFIRMED, wish).settled
    assert told(STARTED_SOLE, CONFIRMED, wish, ("booking.cancelled", "sole", {})).settled


@pytest.mark.parametrize("kind", ["attempt.guarded", "attempt.note", "booking.moved_house", "weather.changed", "odd"])
def test_an_unknown_event_only_counts(kind):
    before = told(STARTED_LUNA)
    after = told(STARTED_LUNA, (kind, "luna", {}))
    assert replace(after, last_event=1, changed_at=before.changed_at) == before


def test_seconds_stand_still_once_settled():
    progress = told(STARTED_SOLE, CONFIRMED)
    assert progress.seconds(BEGAN + timedelta(hours=1)) == 2
    assert told(STARTED_SOLE).seconds(BEGAN + timedelta(seconds=9)) == 9


def drawn(bookings, width=80) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(live_table(bookings, BEGAN + timedelta(seconds=5)))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits(width):
    full = ("attempt.not_booked", "luna", {"cause": "SLOT_UNAVAILABLE"})
    rows = [
        told(STARTED_LUNA, full, STARTED_SOLE, ("attempt.step", "sole", {"step": "search"})),
        replace(told(STARTED_SOLE, CONFIRMED), sentence="Confirmed at Trattoria Sole, reference TS-12345."),
        replace(told(), label="a name that is much longer than its column can ever be"),
    ]
    text = drawn(rows, width)
    assert all(len(line) <= width for line in text.splitlines())
    for words in ("Trattoria Sole · looking for slots", "Osteria Luna: full", "✓ confirmed", "5.0", "waiting"):
        assert words in text


def test_a_live_table_draws_what_it_was_given_last():
    table = LiveTable(lambda: BEGAN + timedelta(seconds=7))
    table.bookings = [told(STARTED_LUNA)]
    console = Console(file=io.StringIO(), width=80)
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    assert "7.0" in console.file.getvalue()


@pytest.fixture
async def ledger(tmp_path):
    url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    await upgrade(url)
    async with await Ledger.open(url) as ledger:
        yield ledger


async def accepted(ledger: Ledger) -> str:
    request = Request.model_validate_json(json.dumps(REQUEST))
    return (await ledger.accept(request, mint_code())).booking.id


async def test_following_a_real_ledger(ledger):
    ids = [await accepted(ledger), await accepted(ledger)]
    seen = []
    async for both in follow(ledger, ids, NAMES, poll_s=0.01, timeout_s=0.5):
        seen.append(both)
        if len(seen) == 1:
            await ledger.note(ids[0], "attempt.started", 1, "luna")
    assert [progress.booking_id for progress in seen[-1]] == ids
    assert (seen[-1][0].venue, seen[-1][0].label) == ("Osteria Luna", "a table for two")
    assert len(seen) == 2
    assert "eheim" not in repr(seen) + drawn(seen[-1])


async def test_following_ends_when_all_are_settled(ledger):
    booking = await accepted(ledger)
    lease = await ledger.take_lease(booking, "test", 60)
    assert lease is not None
    from farm.life.transition import BookingChange, Transition

    await ledger.conclude(
        lease, Transition(booking=BookingChange(status=BookingStatus.UNAVAILABLE, sentence="Nothing free."))
    )
    last = [progress async for (progress,) in follow(ledger, [booking], poll_s=0.01)][-1]
    assert (last.status, last.sentence, last.step) == (BookingStatus.UNAVAILABLE, "Nothing free.", "")


async def test_following_nothing(ledger):
    with pytest.raises(NoSuchBooking):
        _ = [progress async for progress in follow(ledger, ["bk_none"])]
