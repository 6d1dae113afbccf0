"""How a booking stands over HTTP: what it waits for and until when, what the guest is told, what is booked."""

from __future__ import annotations

import shutil
from datetime import datetime

import pytest

from farm.status import VenueStatus
from tests.gateway.api.test_bookings import made
from tests.gateway.api.working import worked_off
from tests.tasks.house import House


@pytest.fixture
def ledger_url(tmp_path, migrated_file):
    """One kind of database is enough: what is asked of it, other tests ask of both."""
    shutil.copy(migrated_file, tmp_path / "ledger.sqlite3")
    return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"


async def shown(client, booking):
    answer = await client.get(f"/v1/bookings/{booking}")
    assert answer.status_code == 200, answer.text
    assert "Geheim" not in answer.text
    return answer.json()


def moment(text):
    return datetime.fromisoformat(text)


async def test_what_is_queued_waits_for_a_worker(mine):
    stands = await shown(mine, await made(mine))
    assert stands["know_by"] == "2030-06-14T19:00:00Z"  # the window's end at the venue
    assert stands["waits"] == {"for": "worker", "until": stands["know_by"], "sentence": "A worker will take it up."}
    assert stands["sentence"] == "We have your request and begin soon; you will know by 21:00 on 14 June 2030."
    assert (stands["booked"], stands["attendance"]) == (None, "unknown")


async def test_the_requests_own_know_by(mine):
    stands = await shown(mine, await made(mine, know_by="2030-06-01T12:00:00+02:00"))
    assert stands["know_by"] == stands["waits"]["until"] == "2030-06-01T10:00:00Z"


async def test_what_is_confirmed_says_what_is_booked_and_when_it_is_read_again(mine, ledger, settings):
    booking = await made(mine)
    await worked_off(ledger, settings, House(), booking)
    stands = await shown(mine, booking)
    assert stands["sentence"] == "Confirmed at Osteria Luna for 14 June 2030, 19:00, reference OL-1."
    assert stands["booked"] == {
        "starts_at": "2030-06-14T19:00:00+02:00",
        "ends_at": None,
        "check_in": None,
        "check_out": None,
        "resource": "Tavolo 1",
        "service": None,
        "party": {"adults": 2, "children": 0, "units": None},
        "price": None,
    }
    assert stands["waits"]["for"] == "recheck"
    assert moment(stands["waits"]["until"]) > moment(stands["settled_at"])


async def test_a_wish_to_cancel_is_shown_beside_what_still_stands(mine, ledger, settings):
    booking, house = await made(mine), House()
    await worked_off(ledger, settings, house, booking)
    await mine.post(f"/v1/bookings/{booking}/cancel")
    stands = await shown(mine, booking)
    assert (stands["status"], stands["settled"], stands["waits"]["for"]) == ("confirmed", True, "cancellation")
    assert " The cancellation that was asked for is under way; you will know by " in stands["sentence"]
    await worked_off(ledger, settings, house, booking)
    gone = await shown(mine, booking)
    assert gone["sentence"] == "Cancelled at Osteria Luna; its own record no longer has the booking."
    assert (gone["waits"], gone["booked"]) == (None, None)


async def test_a_venue_that_has_to_decide(mine, ledger, settings):
    booking = await made(mine, pending_min=45)
    await worked_off(ledger, settings, House(status=VenueStatus.PENDING), booking)
    stands = await shown(mine, booking)
    assert (stands["status"], stands["waits"]["for"]) == ("pending_venue", "venue_answer")
    assert stands["waits"]["sentence"] == "Osteria Luna has to decide."
    (attempt,) = stands["attempts"]
    waited_s = (moment(stands["waits"]["until"]) - moment(attempt["committed_at"])).total_seconds()
    assert waited_s == 45 * 60
    assert stands["sentence"].startswith("Osteria Luna has the request and has not answered yet; you will know by ")
    assert stands["booked"] is None
