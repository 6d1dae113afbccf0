"""What a booking waits for, and until when, in every stage of its life."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from benchmarks.simulate.stock import BEGINS, PLACES, WISHES, wanted
from farm.life.awaiting import PATIENCE, Awaited, Waiting, awaited, knows_by
from farm.life.case import Attempt, Case
from farm.request import WantedStay
from farm.status import AttemptState, BookingStatus, Cause, VenueStatus, VerdictKind
from farm.verdict import Verdict

NOW = BEGINS + timedelta(minutes=5)
SOON, LATE = NOW + timedelta(minutes=1), NOW + timedelta(hours=3)
WISH = next(wish for wish in WISHES if wish.request.know_by is not None and wish.places[0].venue.slug == "luna")
KNOW_BY = WISH.request.know_by or BEGINS
EVENING_ENDS = datetime(2026, 12, 4, 20, tzinfo=UTC)
CASE = Case(
    id="bk",
    request=WISH.request,
    status=BookingStatus.QUEUED,
    candidates=tuple(place.venue for place in WISH.places),
    places=PLACES,
    created_at=BEGINS,
)
_B, _A = BookingStatus, AttemptState


def tried(state: AttemptState, **more: object) -> Attempt:
    attempt = Attempt("at_1", 1, "luna", state, NOW, committed_at=NOW, submit_deadline=NOW + timedelta(seconds=10))
    return replace(attempt, expected=wanted("luna", 1), **more)  # type: ignore[arg-type]


def at(status: BookingStatus, *attempts: Attempt, **more: object) -> Case:
    return replace(CASE, status=status, attempts=attempts, **more)  # type: ignore[arg-type]


def verdict(kind: VerdictKind, **more: object) -> Verdict:
    return Verdict(kind=kind, channel="guest_page", at=NOW, **more)  # type: ignore[arg-type]


PROOF = verdict(VerdictKind.MATCHED, venue_status=VenueStatus.CONFIRMED)
READ_BY = NOW + timedelta(seconds=10) + PATIENCE
LOST_WORKER = tried(_A.NOT_BOOKED, cause=Cause.WORKER_LOST)


@pytest.mark.parametrize(
    ("case", "due", "at_work", "what", "until"),
    [
        (at(_B.QUEUED), {"book": NOW}, False, Awaited.WORKER, KNOW_BY),
        (at(_B.QUEUED), {"book": LATE}, False, Awaited.PACE, LATE),
        (at(_B.ATTEMPTING, LOST_WORKER), {"book": SOON}, False, Awaited.WORKER, KNOW_BY),
        (at(_B.ATTEMPTING, tried(_A.PREPARED)), {"book": NOW}, True, Awaited.VENUE_PAGE, KNOW_BY),
        (at(_B.ATTEMPTING, tried(_A.PREPARED)), {"book": NOW}, False, Awaited.WORKER, KNOW_BY),
        (at(_B.ATTEMPTING, tried(_A.COMMITTING)), {}, True, Awaited.VENUE_PAGE, NOW + timedelta(seconds=10)),
        (at(_B.ATTEMPTING, tried(_A.COMMITTING)), {}, False, Awaited.RECORD, READ_BY),
        (at(_B.VERIFYING, tried(_A.CLAIMED, answered_at=NOW)), {}, False, Awaited.RECORD, NOW + PATIENCE),
        (at(_B.VERIFYING, tried(_A.CLAIMED)), {"verify": LATE}, False, Awaited.RECORD, LATE),
        (at(_B.PENDING_VENUE, tried(_A.PENDING_VENUE)), {}, False, Awaited.VENUE_ANSWER, NOW + timedelta(hours=1)),
        (
            at(_B.VERIFYING, tried(_A.PENDING_VENUE, verdict=PROOF)),  # not answered in time: it is withdrawn
            {},
            True,
            Awaited.RECORD,
            NOW + timedelta(hours=1) + PATIENCE,
        ),
        (at(_B.CANCELLING, cancel_requested_at=NOW), {"cancel": SOON}, True, Awaited.CANCELLATION, NOW + PATIENCE),
        (
            at(_B.CONFIRMED, tried(_A.CONFIRMED), cancel_requested_at=NOW),
            {"cancel": NOW, "recheck": SOON},
            False,
            Awaited.CANCELLATION,
            NOW + PATIENCE,
        ),
        (
            at(_B.VERIFYING, tried(_A.CLAIMED), cancel_requested_at=NOW),  # the record is read first
            {"cancel": SOON},
            False,
            Awaited.CANCELLATION,
            READ_BY,
        ),
        (
            at(_B.VERIFYING, tried(_A.CONFIRMED, verdict=PROOF), change=WISH.request),
            {"change": SOON},
            True,
            Awaited.CHANGE,
            SOON + PATIENCE,
        ),
        (at(_B.CONFIRMED, tried(_A.CONFIRMED)), {"recheck": LATE}, False, Awaited.RECHECK, LATE),
        (at(_B.IN_DOUBT, tried(_A.NEEDS_HUMAN)), {}, False, Awaited.PERSON, None),
        (at(_B.UNAVAILABLE, tried(_A.ABSENT)), {"recheck": SOON}, False, Awaited.RECHECK, SOON),
        (at(_B.UNAVAILABLE, tried(_A.ABSENT, cause=Cause.CANCEL_UNPROVEN)), {}, False, Awaited.PERSON, None),
    ],
)
def test_what_it_waits_for(case, due, at_work, what, until):
    request = case.request.model_copy(update={"pending_min": 60})
    assert awaited(replace(case, request=request), due, NOW, at_work=at_work) == Waiting(what, until)


@pytest.mark.parametrize("status", sorted(_B))
def test_until_stays_while_nothing_happens(status):
    """So that whoever asks again and again is told of changes only."""
    case = at(status, tried(_A.CLAIMED), cancel_requested_at=None)
    first, later = (awaited(case, {"verify": SOON}, NOW + timedelta(seconds=s), at_work=False) for s in (0, 30))
    assert first == later


@pytest.mark.parametrize("status", [_B.CANCELLED, _B.FAILED, _B.EXPIRED, _B.CONFIRMED])
def test_what_is_over_waits_for_nothing(status):
    assert awaited(at(status), {}, NOW, at_work=False) is None


class TestKnowingBy:
    def test_as_the_request_says(self):
        assert knows_by(CASE) == KNOW_BY

    def test_else_when_no_venue_could_begin_it_any_more(self):
        request = WISH.request.model_copy(update={"know_by": None})
        assert knows_by(replace(CASE, request=request)) == EVENING_ENDS
        chicago = CASE.candidates[0].model_copy(update={"timezone": "America/Chicago"})
        both = replace(CASE, request=request, candidates=(chicago, *CASE.candidates))
        assert knows_by(both) == EVENING_ENDS + timedelta(hours=7)

    def test_a_stay_can_begin_until_the_end_of_its_first_day(self):
        stay = WantedStay(check_in=date(2026, 12, 4), check_out=date(2026, 12, 6))
        request = WISH.request.model_copy(update={"know_by": None, "when": stay})
        assert knows_by(replace(CASE, request=request)) == datetime(2026, 12, 4, 23, tzinfo=UTC)

    def test_also_where_nobody_knows_the_venues(self):
        request = WISH.request.model_copy(update={"know_by": None})
        assert knows_by(replace(CASE, request=request, candidates=())) == EVENING_ENDS + timedelta(hours=13)

    def test_what_a_venue_dropped_is_wanted_until_it_would_begin(self):
        dropped = at(_B.ATTEMPTING, tried(_A.ABSENT, cause=Cause.VENUE_CANCELLED))
        assert knows_by(dropped) == EVENING_ENDS
