"""Rates over HTTP: of the caller's own bookings in a window, equal to a count by hand."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from farm.life.states import STILL_OPEN
from gateway.rates import wilson_lower
from ledger.engine import Database
from tests.ledger.lives import queued
from tests.ledger.planted import BEGAN, SPAN_S, plant, random_rows

ENDS = BEGAN + timedelta(seconds=SPAN_S)
ALL = {"from": BEGAN.isoformat(), "to": ENDS.isoformat()}


@pytest.fixture
def ledger_url(migrated_file, tmp_path):
    """The counts themselves are tested on both databases."""
    shutil.copy(migrated_file, tmp_path / "ledger.sqlite3")
    return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"


@pytest.fixture
async def rows(ledger_url, ledger):
    booked, tried = random_rows(Random(5), 300)
    database = Database(ledger_url)
    await plant(database, booked, tried)
    await database.close()
    return booked, tried


async def rates(client, **query):
    answer = await client.get("/v1/rates", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_of_bookings_in_a_window_by_reseller_and_in_total(mine, rows):
    since, until = BEGAN + timedelta(days=3), BEGAN + timedelta(days=30)
    stand = Counter(b["status"] for b in rows[0] if b["reseller"] == "local" and since <= b["created_at"] < until)
    of = stand["confirmed"] + stand["failed"] + stand["in_doubt"] + stand["expired"]
    said = {by: await rates(mine, by=by, **{"from": since.isoformat(), "to": until.isoformat()}) for by in NAMES}
    for by, name in NAMES.items():
        (row,) = said[by]["rows"]
        assert (said[by]["by"], said[by]["counted"], row["name"]) == (by, "bookings", name)
        assert (row["by_status"], row["in_doubt"]) == (stand, stand["in_doubt"])
        assert row["confirmation"] == {
            "hits": stand["confirmed"],
            "of": of,
            "rate": pytest.approx(stand["confirmed"] / of),
            "at_least": pytest.approx(wilson_lower(stand["confirmed"], of)),
        }


NAMES = {"reseller": "local", "total": "total"}


async def test_of_attempts_by_venue_and_by_partner(mine, rows, ledger):
    booked, tried = rows
    own = {b["id"] for b in booked if b["reseller"] == "local"}
    ended = Counter(t["venue"] for t in tried if t["booking_id"] in own and t["state"] not in STILL_OPEN)
    hits = Counter(t["venue"] for t in tried if t["booking_id"] in own and t["state"] in {"confirmed", "cancelled"})
    by_venue = await rates(mine, by="venue", **ALL)
    assert by_venue["counted"] == "attempts"
    assert {row["name"]: (row["confirmation"]["hits"], row["confirmation"]["of"]) for row in by_venue["rows"]} == {
        venue: (hits[venue], ended[venue]) for venue in ended
    }
    by_partner = (await rates(mine, by="partner", **ALL))["rows"]
    assert [row["name"] for row in by_partner] == ["bologna_tables", None]
    assert sum(row["confirmation"]["of"] for row in by_partner) == ended.total()
    unknown = by_partner[-1]["confirmation"]["of"]
    assert unknown == ended["closed_long_ago"]


async def test_nothing_of_anybody_else_is_counted(theirs, ledger):
    await queued(ledger)
    (row,) = (await rates(theirs, by="reseller"))["rows"]
    assert (row["name"], row["by_status"], row["confirmation"]["rate"]) == ("theirs", {}, None)
    assert (await rates(theirs, by="venue"))["rows"] == []


async def test_left_out_it_is_the_last_thirty_days(mine, ledger):
    await queued(ledger)
    said = await rates(mine)
    since, until = (datetime.fromisoformat(said[end]) for end in ("from", "to"))
    assert until - since == timedelta(days=30)
    assert abs(until - datetime.now(UTC)) < timedelta(minutes=5)
    assert said["rows"][0]["by_status"] == {"queued": 1}


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ({"by": "day", "from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"}, {"by", "to"}),
        ({"from": "2026-01-01T00:00:00Z", "to": "2026-06-01T00:00:00Z"}, {"to"}),
        ({"from": "2026-01-01", "to": "yesterday", "until": "1"}, {"from", "to", "until"}),
        ({"from": "2090-01-01T00:00:00Z"}, {"to"}),
    ],
)
async def test_every_fault_of_a_window_is_named(mine, query, where):
    answer = await mine.get("/v1/rates", params=query)
    assert answer.status_code == 422
    assert {fault["where"] for fault in answer.json()["faults"]} == where
