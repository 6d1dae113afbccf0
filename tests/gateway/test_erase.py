"""``readback erase``: who it was goes, what is under way stands against it, and either is said."""

from __future__ import annotations

import json

from farm.status import BookingStatus
from gateway.answers import BookingAnswer, ErasedAnswer
from tests.gateway.conftest import GOOD

ADA = GOOD["guest"]["email"]


def test_what_is_under_way_stands_against_it(run):
    booking = run("book", "-", stdin=json.dumps(GOOD)).stdout.strip()
    result = run("erase", ADA)
    assert result.exit_code == 2
    assert f"{booking}: queued: it is not settled" in result.stderr
    assert "readback cancel ID --wait" in result.stderr
    assert ADA not in result.stderr
    assert json.loads(run("erase", ADA, "--json").stdout)["faults"][0]["where"] == booking


def test_nothing_of_a_stranger_is_there(run):
    run("book", "-", stdin=json.dumps(GOOD))
    result = run("erase", "eva@example.com")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "Nothing of this guest is in the ledger.")


def test_a_guest_is_an_address(run):
    run("book", "-", stdin=json.dumps(GOOD))
    assert "named by the e-mail address" in run("erase", "Ada Geheim").stderr


def test_a_settled_booking_no_longer_says_whose_it_was(run, home, settled):
    booking = settled()
    answer = ErasedAnswer.model_validate_json(run("erase", ADA, "--json").stdout)
    assert (answer.bookings, answer.left, answer.compacted, answer.mailboxes) == ((booking,), (), True, ())
    shown = run("show", booking, "--json").stdout
    assert BookingAnswer.model_validate_json(shown).status is BookingStatus.CANCELLED
    assert [path.name for path in home.rglob("*") if path.is_file() and b"Geheim" in path.read_bytes()] == []
    assert "Nothing of this guest" in run("erase", ADA).stdout
