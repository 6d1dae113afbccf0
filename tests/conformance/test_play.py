"""What came of a run, held against its case and the venue's book: everything that is not as it should be is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from farm.facts import Offer, Party, Slot, Stay, When
from farm.request import Request, WantedStay
from farm.status import BookingStatus, Cause
from fixtures.kit.truth import TwinRecord
from tools.conformance import play as played
from tools.conformance import suite
from tools.conformance.cases import Case
from tools.conformance.manners import Misbehaved
from tools.conformance.play import Outcome, differences, wrongs

EIGHT = datetime(2030, 6, 14, 20, tzinfo=UTC)
ONE_DAY = timedelta(days=1)
WISH = Request.model_validate(
    {
        "guest": {"name": "Ada Rossi", "email": "ada@example.com"},
        "party": {"adults": 2},
        "when": {"date": "2030-06-14", "earliest": "19:00", "latest": "21:00"},
        "venues": ["osteria_luna"],
    }
)
STAY = WISH.model_copy(update={"when": WantedStay(check_in=date(2030, 6, 14), check_out=date(2030, 6, 16))})
CASE = Case(fault="dropped_after", ends=BookingStatus.CONFIRMED, commits=1, records=("confirmed",))
FULL = Case(fault="full", ends=BookingStatus.UNAVAILABLE, cause=Cause.SLOT_UNAVAILABLE, commits=0, records=())


def record(**says: Any) -> TwinRecord:
    fields: dict[str, Any] = {
        "code": "OL-1",
        "starts_at": EIGHT,
        "ends_at": None,
        "people": 2,
        "resource": "Tavolo 1",
        "service": "",
        "name": "Ada Rossi",
        "email": "ada@example.com",
        "phone": "",
        "note": "",
        "status": "confirmed",
        "price_minor": None,
        "created_at": EIGHT,
    }
    return TwinRecord(**(fields | says))


def came_of_it(
    *records: TwinRecord,
    status: BookingStatus = BookingStatus.CONFIRMED,
    cause: Cause | None = None,
    commits: int = 1,
    hits: int = 1,
    wish: Request = WISH,
) -> Outcome:
    when: When = Slot(starts_at=EIGHT)
    if isinstance(wish.when, WantedStay):
        when = Stay(check_in=wish.when.check_in, check_out=wish.when.check_out)
    offer = Offer(when=when, key="k", resource="Tavolo 1").model_dump_json()
    booking: Any = SimpleNamespace(status=status, cause=cause)
    attempt: Any = SimpleNamespace(offer=offer, detail="what happened", cause=None)
    return Outcome(booking, (attempt,), records, commits, hits, wish)


def test_as_the_case_says() -> None:
    assert differences(CASE, came_of_it(record())) == []
    nothing = came_of_it(status=BookingStatus.UNAVAILABLE, cause=Cause.SLOT_UNAVAILABLE, commits=0)
    assert differences(FULL, nothing) == []
    assert differences(CASE, came_of_it(record(), cause=Cause.OUTCOME_UNKNOWN)) == [], "it was in doubt meanwhile"


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (came_of_it(record(), hits=0), "was set and never struck"),
        (came_of_it(record(), commits=2), "2 requests that commit reached the venue, not 1"),
        (came_of_it(record(), commits=0), "0 requests that commit reached the venue, not 1"),
        (came_of_it(status=BookingStatus.FAILED), "ended failed, not confirmed: what happened"),
        (came_of_it(record(), record(code="OL-2")), "has confirmed, confirmed of the guest, not confirmed"),
        (came_of_it(record(status="cancelled")), "has cancelled of the guest, not confirmed"),
    ],
)
def test_not_as_the_case_says(outcome: Outcome, says: str) -> None:
    assert any(says in one for one in differences(CASE, outcome)), differences(CASE, outcome)


def test_what_the_page_left_open_is_said_with_what_became_of_it() -> None:
    in_doubt = replace(came_of_it(status=BookingStatus.FAILED), doubt="refused in unknown words")
    assert any(
        "not confirmed: refused in unknown words and what happened" in one for one in differences(CASE, in_doubt)
    )


def test_another_cause() -> None:
    outcome = came_of_it(status=BookingStatus.UNAVAILABLE, cause=Cause.VENUE_CHANGED, commits=0)
    assert differences(FULL, outcome) == ["the cause is VENUE_CHANGED, not SLOT_UNAVAILABLE"]


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (came_of_it(), "a false confirmation: the venue's book has no confirmed record"),
        (came_of_it(record(status="pending")), "a false confirmation: the venue's book has no confirmed record"),
        (came_of_it(record(), record(code="OL-2")), "a double booking: 2 records"),
        (came_of_it(record(), record(code="OL-2", status="pending")), "a double booking: 2 records"),
        (came_of_it(record(starts_at=EIGHT + timedelta(hours=1))), "the record begins 2030-06-14T21:00"),
        (came_of_it(record(people=3)), "the record is for 3"),
        (came_of_it(record(resource="Tavolo 2")), "the record is on 'Tavolo 2', and 'Tavolo 1' was taken"),
        (came_of_it(record(name="Eva Bianchi")), "the record has another name"),
        (came_of_it(record(ends_at=EIGHT + timedelta(days=3)), wish=STAY), "the record begins"),
        (came_of_it(record(starts_at=EIGHT - ONE_DAY, ends_at=EIGHT + 2 * ONE_DAY), wish=STAY), "the record begins"),
    ],
)
def test_what_no_run_may_end_with_is_said_whatever_its_case_says(outcome: Outcome, says: str) -> None:
    found = list(wrongs(outcome))
    assert len(found) == 1, found
    assert says in found[0]
    assert found[0] in differences(CASE, outcome)


def test_two_records_of_a_booking_that_is_not_confirmed_are_one_too_many() -> None:
    assert list(wrongs(came_of_it(record(), record(code="OL-2"), status=BookingStatus.IN_DOUBT)))
    assert not list(wrongs(came_of_it(record(), record(code="OL-2", status="cancelled"))))


def test_where_the_booking_says_no_cause_its_last_attempt_does() -> None:
    outcome = came_of_it(status=BookingStatus.UNAVAILABLE, commits=0)
    (attempt,) = outcome.attempts
    attempt.cause = Cause.SLOT_UNAVAILABLE  # type: ignore[misc]  # one that was made by hand
    assert differences(FULL, outcome) == []


def test_the_guests_own_records_are_those_under_the_address_that_was_planted() -> None:
    tagged, stranger = record(email="ada+rb-7k2m9q4t3w-1@example.com"), record(email="eva@example.com")
    here: Any = SimpleNamespace(twin=SimpleNamespace(records=lambda: [tagged, stranger]))
    assert played._own(here, "ada@example.com") == (tagged,)


def test_nights_are_those_of_the_record() -> None:
    outcome = came_of_it(record(ends_at=EIGHT + timedelta(days=2)), wish=STAY)
    assert list(wrongs(outcome)) == []
    tickets = WISH.model_copy(update={"party": Party(adults=1, units=3)})
    assert list(wrongs(came_of_it(record(people=3), wish=tickets))) == []


@pytest.mark.parametrize(
    ("known", "says"), [({"full", "slow"}, "no case and no leave_out"), (set(), "does not know full")]
)
async def test_every_fault_of_the_twin_has_a_case_and_no_case_is_of_another(known: set[str], says: str) -> None:
    cases: Any = SimpleNamespace(case=(FULL,), left_out=lambda kind, today: frozenset[str]())
    here: Any = SimpleNamespace(cases=cases, twin=SimpleNamespace(known_faults=frozenset(known)))
    with pytest.raises(Misbehaved, match=says):
        await suite._all_played(here)


async def test_a_fault_that_is_left_out_needs_no_case() -> None:
    out = {"fault": frozenset({"slow"})}
    cases: Any = SimpleNamespace(case=(FULL,), left_out=lambda kind, today: out[kind])
    here: Any = SimpleNamespace(cases=cases, twin=SimpleNamespace(known_faults=frozenset({"full", "slow"})))
    await suite._all_played(here)
