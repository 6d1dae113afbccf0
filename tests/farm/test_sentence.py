"""The sentence for the guest: for every status and cause, in plain words, and never more than is so."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from farm.life.awaiting import Awaited, Waiting, awaited
from farm.life.sentence import awaited_in_words, sentence
from farm.routing import Tried, told
from farm.status import AttemptState, BookingStatus, Cause, Disposition, VerdictKind
from tests.farm.living import CLAIMS
from tests.farm.test_awaiting import CASE, NOW, PROOF, at, tried, verdict

_B, _A = BookingStatus, AttemptState
CODE = re.compile(r"[A-Z]{2,}_|\b\w+_\w+\b|None|Traceback|@")
NOT_CODE = re.compile(r"[A-Z].*[.]")


def is_plain(said: str) -> bool:
    """A sentence of words: no name out of the code, no guest, no venue by its slug."""
    guest = CASE.request.guest
    secret = {guest.name, *guest.name.split(), guest.email}
    return bool(NOT_CODE.fullmatch(said)) and not CODE.search(said) and not any(part in said for part in secret)


def shown(case, due=(), *, at_work=False, now=NOW):
    waits = awaited(case, dict(due), now, at_work=at_work)
    return sentence(case, None, waits, now)


LIVES = [
    (),
    (tried(_A.PREPARED),),
    (tried(_A.COMMITTING),),
    (tried(_A.CLAIMED, verdict=verdict(VerdictKind.NOT_FOUND)),),
    (tried(_A.PENDING_VENUE, verdict=verdict(VerdictKind.CONTESTED)),),
    (tried(_A.CONFIRMED, verdict=PROOF),),
    (tried(_A.NEEDS_HUMAN),),
    (tried(_A.CANCELLED),),
]


def test_every_status_with_every_cause():
    """Whatever was tried before, whatever stands, whoever is late."""
    for status, cause, lives, wish in product(_B, Cause, LIVES, (None, NOW)):
        before = tried(_A.NOT_BOOKED, cause=cause)
        case = at(status, replace(before, venue="nord"), *lives, cancel_requested_at=wish, verdict=PROOF)
        for now in (NOW, NOW + timedelta(days=30)):
            said = shown(case, {"cancel": NOW} if wish else {}, now=now)
            assert is_plain(said), said
            proven = status is _B.CONFIRMED and case.live is not None
            assert bool(CLAIMS.search(said)) == proven, (status, lives, said)


@pytest.mark.parametrize("cause", sorted(Cause))
def test_every_reason_why_it_was_not_booked(cause):
    said = told([Tried("luna", "luna", cause)], CASE.candidates)
    assert said.startswith("Luna ")
    assert is_plain(said)
    assert cause.disposition in Disposition


@pytest.mark.parametrize("what", sorted(Awaited))
def test_everything_that_is_waited_for_has_words(what):
    for lives in LIVES:
        assert is_plain(awaited_in_words(at(_B.VERIFYING, *lives), Waiting(what, None)))


class TestUnderWay:
    """Luna's clock is an hour ahead of ours: know by 21:00 UTC."""

    def test_before_anybody_was_asked(self):
        assert shown(CASE) == "We have your request and begin soon; you will know by 22:00."

    def test_where_is_asked_and_until_when_it_is_known(self):
        assert shown(at(_B.ATTEMPTING, tried(_A.PREPARED)), at_work=True) == (
            "We are asking Luna; you will know by 22:00."
        )

    def test_what_was_tried_before(self):
        full = replace(tried(_A.NOT_BOOKED, cause=Cause.SLOT_UNAVAILABLE), venue="nord")
        assert shown(at(_B.ATTEMPTING, full, tried(_A.PREPARED)), at_work=True) == (
            "Nord was full. We are asking Luna; you will know by 22:00."
        )
        assert shown(at(_B.ATTEMPTING, full)) == (
            "Nord was full. We are looking for another place; you will know by 22:00."
        )

    def test_a_claim_is_no_booking(self):
        assert shown(at(_B.VERIFYING, tried(_A.CLAIMED, answered_at=NOW))) == (
            "We have asked Luna, and are reading in its own record whether it has the booking; "
            "you will know by 10:35."
        )

    def test_a_day_is_said_when_it_is_not_today(self):
        said = shown(at(_B.PENDING_VENUE, tried(_A.PENDING_VENUE)), now=NOW - timedelta(days=1))
        assert said.endswith("; you will know by 11:05 on 1 December 2026.")

    def test_who_is_late_says_so(self):
        assert shown(CASE, now=NOW + timedelta(days=1)) == (
            "We have your request and begin soon; it takes longer than it should, and goes on."
        )


class TestSettled:
    def test_what_the_decision_said_stays(self):
        case = at(_B.CONFIRMED, tried(_A.CONFIRMED))
        assert sentence(case, "Confirmed at Luna.", None, NOW) == "Confirmed at Luna."

    def test_with_what_was_asked_for_since(self):
        case = at(_B.CONFIRMED, tried(_A.CONFIRMED), cancel_requested_at=NOW)
        waits = awaited(case, {"cancel": NOW}, NOW, at_work=False)
        assert sentence(case, "Confirmed at Luna.", waits, NOW) == (
            "Confirmed at Luna. The cancellation that was asked for is under way; you will know by 10:35."
        )

    def test_where_when_and_why_not_at_the_first_choice(self):
        full = replace(tried(_A.NOT_BOOKED, cause=Cause.SLOT_UNAVAILABLE), venue="nord")
        case = at(_B.CONFIRMED, full, tried(_A.CONFIRMED), verdict=PROOF)
        assert shown(case) == (
            "Confirmed at Luna for 04 December 2026, 20:00, reference by name, because Nord was full."
        )
