"""Whether the guest came: said once the time has come, said otherwise where that was wrong, an event each."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from farm.facts import Facts, Slot, Stay
from ledger.engine import Database
from ledger.tables import attempts
from tests.gateway.api.conftest import new_key
from tests.gateway.api.test_bookings import AS_JSON, faults, kind, made
from tests.gateway.api.test_standing import ledger_url
from tests.gateway.api.working import worked_off
from tests.tasks.house import House

__all__ = ["ledger_url"]


@pytest.fixture
async def booking(mine, ledger, settings):
    booking = await made(mine)
    await worked_off(ledger, settings, House(), booking)
    return booking


@pytest.fixture
def begins(ledger, ledger_url, booking):
    """Let it begin so long from now, whatever was asked."""

    async def begins(**ahead):
        moment = ledger.clock() + timedelta(**ahead)
        database = Database(ledger_url)
        await database.write(lambda c: _move(c, booking, Slot(starts_at=moment)))
        await database.close()

    return begins


def _move(connection, booking, when):
    mine = attempts.c.booking_id == booking
    expected = Facts.model_validate_json(connection.execute(select(attempts.c.expected).where(mine)).scalar_one())
    moved = expected.model_copy(update={"when": when}).model_dump_json()
    connection.execute(update(attempts).where(mine).values(expected=moved))


async def said(client, booking, attendance):
    return await client.post(f"/v1/bookings/{booking}/attendance", json={"attendance": attendance})


async def told(client):
    events = (await client.get("/v1/events", params={"type": ["booking.arrived", "booking.no_show"]})).json()
    return [(event["type"], event["attempt"], event["venue"]) for event in events["events"]]


async def test_said_once_said_twice_and_corrected(mine, booking, begins):
    await begins(minutes=-5)
    for _ in range(2):
        answer = await said(mine, booking, "no_show")
        assert (answer.status_code, answer.json()["attendance"]) == (200, "no_show")
    assert (await said(mine, booking, "arrived")).json()["attendance"] == "arrived"
    assert (await mine.get(f"/v1/bookings/{booking}")).json()["attendance"] == "arrived"
    assert await told(mine) == [("booking.no_show", 1, "osteria_luna"), ("booking.arrived", 1, "osteria_luna")]


async def test_a_guest_may_come_early_and_is_missed_only_once_it_has_begun(mine, booking, begins):
    await begins(minutes=61)
    early = await said(mine, booking, "arrived")
    assert (early.status_code, kind(early)) == (409, "too-early")
    await begins(minutes=59)
    assert (await said(mine, booking, "arrived")).status_code == 200
    early = await said(mine, booking, "no_show")
    assert (early.status_code, kind(early)) == (409, "too-early")
    assert early.json()["detail"].startswith(f"`no_show` can be said of {booking} from 20")
    assert await told(mine) == [("booking.arrived", 1, "osteria_luna")]


async def test_whoever_has_a_room_has_all_day_to_come(mine, ledger, ledger_url, booking):
    zone_day = (ledger.clock() + timedelta(hours=2)).date()
    stay = Stay(check_in=zone_day, check_out=zone_day + timedelta(days=2))
    database = Database(ledger_url)
    await database.write(lambda c: _move(c, booking, stay))
    await database.close()
    assert kind(await said(mine, booking, "no_show")) == "too-early"
    yesterday = Stay(check_in=zone_day - timedelta(days=2), check_out=zone_day + timedelta(days=2))
    database = Database(ledger_url)
    await database.write(lambda c: _move(c, booking, yesterday))
    await database.close()
    assert (await said(mine, booking, "no_show")).status_code == 200


async def test_only_of_what_is_confirmed(mine, theirs, ledger, settings, booking, begins):
    other = await made(mine, "order-2")
    waits = await said(mine, other, "arrived")
    assert (waits.status_code, kind(waits)) == (409, "not-confirmed")
    await begins(minutes=-5)
    assert kind(await said(theirs, booking, "arrived")) == "not-found"
    await ledger.request_cancel(booking)
    await worked_off(ledger, settings, House(), booking)
    assert kind(await said(mine, booking, "arrived")) == "not-confirmed"
    assert await told(mine) == []


@pytest.mark.parametrize(
    ("body", "where"),
    [({"attendance": "late"}, "attendance"), ({}, "attendance"), ({"attendance": "arrived", "by": 1}, "by")],
)
async def test_every_fault_is_named(mine, booking, body, where):
    answer = await mine.post(f"/v1/bookings/{booking}/attendance", json=body)
    assert (answer.status_code, kind(answer)) == (422, "bad-request")
    assert where in {place for place, _ in faults(answer)}


async def test_a_key_that_may_only_look(address, ledger, booking, mine):
    key = await new_key(ledger, "local", scopes=["bookings:read"])
    answer = await mine.post(
        f"/v1/bookings/{booking}/attendance",
        content=b"{}",
        headers={"Authorization": f"Bearer {key}"} | AS_JSON,
    )
    assert kind(answer) == "scope-missing"
