"""The list of public types is whole: every kind that the code writes is on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args, get_type_hints

from farm.closing import Closing
from farm.feed import TYPES, PublicEvent, kinds_of
from farm.status import AttemptState, Attendance, BookingStatus
from ledger.records import EventRecord

ROOT = Path(__file__).parents[2]
WRITTEN = re.compile(r"""(?:\babout\([^,()]+,|\bNewEvent\(|\b_event\()\s*f?"([a-z_.{}]+)\"""")
CLICKED: set[str] = {"claimed", "refused", "in_doubt"}
KINDS: dict[str, set[str]] = {
    "booking.{booking.status}": {
        BookingStatus.CONFIRMED,
        BookingStatus.PENDING_VENUE,
        BookingStatus.IN_DOUBT,
    },
    "booking.{stop.status}": {
        BookingStatus.UNAVAILABLE,
        BookingStatus.FAILED,
        BookingStatus.EXPIRED,
        BookingStatus.CANCELLED,
    },
    "booking.{said}": {Attendance.ARRIVED, Attendance.NO_SHOW},
    "attempt.{happened.kind}": CLICKED,
    "attempt.{state}": {AttemptState.ABSENT, AttemptState.REFUSED, AttemptState.NOT_BOOKED},
}
"""What can stand in the kinds that are put together."""


def written() -> set[str]:
    found = set()
    for folder in ("farm/life", "ledger", "tasks"):
        for path in (ROOT / folder).rglob("*.py"):
            found |= set(WRITTEN.findall(path.read_text()))
    return found


def kinds() -> set[str]:
    plain = {kind for kind in written() if "{" not in kind}
    assert written() - plain == set(KINDS)
    return plain | {f"{made.partition('.')[0]}.{word}" for made, words in KINDS.items() for word in words}


def test_every_kind_that_is_written_has_its_one_public_type():
    listed = {each.kind for each in TYPES.values()}
    assert kinds() == listed
    assert len(listed) == len(TYPES)


def test_a_click_ends_in_the_three_ways_that_have_a_type():
    assert {*get_args(get_type_hints(Closing)["kind"])} == {*CLICKED}


def test_a_claim_is_no_confirmation():
    assert kinds_of(["booking.claimed", "booking.confirmed"]) == ["attempt.claimed", "booking.confirmed"]
    assert PublicEvent.of(line("attempt.claimed", {"sent": "yes"})).type == "booking.claimed"


def test_only_the_words_that_a_type_shows_are_told():
    said = {"said": "absent", "by": "Grace", "reason": "rang them"}
    assert PublicEvent.of(line("doubt.resolved", said)).data == {"said": "absent"}
    assert PublicEvent.of(line("attempt.note", {"text": "free text"})).data == {}
    newer = PublicEvent.of(line("booking.of_a_newer_version", {"word": 1}))
    assert (newer.type, newer.data) == ("booking.of_a_newer_version", {})


def line(kind: str, payload: Mapping[str, str | int]) -> EventRecord:
    return EventRecord("bk_1", 3, datetime(2026, 1, 1, tzinfo=UTC), kind, 1, "luna", payload, 7)
