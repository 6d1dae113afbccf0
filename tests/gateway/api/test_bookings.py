"""Bookings over HTTP."""

from __future__ import annotations

from tests.ledger.lives import queued


async def test_a_booking_is_shown_to_its_reseller_alone(mine, theirs, ledger):
    booking = await queued(ledger)
    shown = await mine.get(f"/v1/bookings/{booking}")
    assert (shown.status_code, shown.json()["status"]) == (200, "queued")
    hidden, missing = await theirs.get(f"/v1/bookings/{booking}"), await theirs.get("/v1/bookings/bk_none")
    assert hidden.status_code == missing.status_code == 404
    assert hidden.json() == missing.json()
    assert hidden.headers["content-type"] == "application/problem+json"
