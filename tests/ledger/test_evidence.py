"""The rows of what was seen, on both databases."""

from __future__ import annotations

from datetime import timedelta

from farm.evidence import Evidence, EvidenceKind, Scene
from tests.ledger.lives import queued


async def test_items_are_found_by_booking_and_by_id_and_go_with_either(ledger, clock):
    mine, other = await queued(ledger), await queued(ledger)
    items = [
        Evidence(
            id=f"ev_{number:020}",
            booking_id=booking,
            attempt=1,
            venue="osteria_luna",
            scene=Scene.CLAIM,
            kind=EvidenceKind.TEXT,
            at=clock.forward(60),
            sha256="0" * 64 if number else None,
            why_not=None if number else "the page changed meanwhile",
        )
        for number, booking in enumerate((mine, mine, other))
    ]
    await ledger.evidence.add(items[1:])
    await ledger.evidence.add(items[:1])
    assert await ledger.evidence.of_booking(mine) == items[:2]
    assert await ledger.evidence.find(items[2].id) == items[2]
    assert await ledger.evidence.find("ev_none") is None
    assert await ledger.evidence.clear(items[0].at + timedelta(seconds=1)) == 1
    assert await ledger.evidence.of_booking(mine) == items[1:2]
    await ledger.evidence.forget([mine])
    assert await ledger.evidence.of_booking(mine) == []
    assert await ledger.evidence.of_booking(other) == items[2:]
