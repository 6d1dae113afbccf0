"""Events over HTTP: one order, pages without a gap, and nobody else's."""

from __future__ import annotations

from typing import Any

from tests.ledger.lives import claimed, queued


async def test_a_reseller_pages_through_its_own_events_without_a_gap(mine, theirs, ledger):
    life = await claimed(ledger)
    other = await queued(ledger, reseller="theirs")
    seen: list[dict[str, object]] = []
    page: dict[str, Any] = {"next": 0}
    while page["next"] is not None:
        page = (await mine.get("/v1/events", params={"after": page["next"], "limit": 2})).json()
        seen += page["events"]
    assert [event["number"] for event in seen] == list(range(1, len(seen) + 1))
    assert [event["sequence"] for event in seen] == list(range(1, len(seen) + 1))
    assert {event["booking"] for event in seen} == {life.id}
    assert [event["type"] for event in seen] == [
        "booking.queued",
        "attempt.started",
        "attempt.guarded",
        "booking.claimed",
    ]
    (foreign,) = (await theirs.get("/v1/events")).json()["events"]
    assert (foreign["booking"], foreign["number"]) == (other, 1)


async def test_only_the_types_that_are_asked_for(mine, ledger):
    await claimed(ledger)
    found = await mine.get("/v1/events", params={"type": ["booking.claimed", "booking.confirmed"]})
    assert [event["type"] for event in found.json()["events"]] == ["booking.claimed"]
    wrong = await mine.get("/v1/events", params={"type": "booking.confirmd"})
    assert (wrong.status_code, wrong.json()["faults"]) == (
        422,
        [{"where": "type", "what": "no type `booking.confirmd`; did you mean `booking.confirmed`?"}],
    )


async def test_the_history_of_one_booking_is_its_resellers_alone(mine, theirs, ledger):
    await queued(ledger)
    life = await claimed(ledger)
    page = (await mine.get(f"/v1/bookings/{life.id}/events", params={"after": 1, "limit": 2})).json()
    assert [event["sequence"] for event in page["events"]] == [2, 3]
    assert page["next"] == 3
    hidden = await theirs.get(f"/v1/bookings/{life.id}/events")
    missing = await theirs.get("/v1/bookings/bk_none/events")
    assert hidden.status_code == missing.status_code == 404
    assert hidden.json() | {"instance": None} == missing.json() | {"instance": None}
