"""The list of public types is whole: every kind that the code writes is on it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args, get_type_hints

from farm.closing import Closing
from farm.feed import TYPES, kinds_of, public_data, public_type
from farm.status import AttemptState, BookingStatus

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


def test_every_kind_that_is_written_is_public_under_one_type():
    assert {public_type(kind) for kind in kinds()} == set(TYPES)


def test_a_click_ends_in_the_three_ways_that_have_a_type():
    assert {*get_args(get_type_hints(Closing)["kind"])} == {*CLICKED}


def test_a_claim_is_no_confirmation():
    assert public_type("attempt.claimed") == "booking.claimed" != public_type("booking.confirmed")
    assert kinds_of(["booking.claimed", "booking.confirmed"]) == ["attempt.claimed", "booking.confirmed"]


def test_who_of_the_farms_people_acted_is_not_told():
    assert public_data({"said": "absent", "by": "Grace", "reason": "rang them"}) == {
        "said": "absent",
        "reason": "rang them",
    }
