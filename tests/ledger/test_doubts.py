"""A reseller's doubts are those that a look at every booking finds, on both databases."""

from __future__ import annotations

from random import Random

from farm.status import LIVE_STATES, Cause
from ledger.engine import Database
from tests.ledger.planted import plant, random_rows


async def test_a_resellers_doubts_a_page_at_a_time(ledger, ledger_url):
    booked, tried = random_rows(Random(3), 200)
    database = Database(ledger_url)
    await plant(database, booked, tried)
    await database.close()
    late = {t["booking_id"] for t in tried if t["cause"] is Cause.CANCEL_UNPROVEN and t["state"] not in LIVE_STATES}
    doubts = {b["id"] for b in booked if b["status"] == "in_doubt"} | late
    mine = sorted(b["id"] for b in booked if b["reseller"] == "local" and b["id"] in doubts)
    found: list[str] = []
    while page := await ledger.overview.doubts_of("local", 7, found[-1] if found else None):
        found += [row.id for row in page]
    assert found == mine
    everybodys = {row.id for row in await ledger.overview.waiting_for_a_person(1000)}
    assert everybodys == doubts
