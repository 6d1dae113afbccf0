"""The gateway's benchmark: its ledgers are as the ledger itself writes them, and a short run of all of it."""

from __future__ import annotations

import json

import psycopg
import pytest

from benchmarks.gateway.lives import TABLES, moulds
from benchmarks.gateway.stock import fill
from farm.status import BookingStatus
from ledger.listing import Which
from ledger.store import Ledger
from tests.benchmarks.test_benchmarks import run
from tests.databases import migrated_database, postgresql

__all__ = ["migrated_database", "postgresql"]

FIRST = ("creates_per_s", "gets_per_s", "p99_ms", "growth", "events_lost", "events_repeated")
WRONG = ("events_lost", "events_repeated", "bookings_lost", "wrong_answers")
INDEXES = "SELECT indexname, indisunique FROM pg_indexes JOIN pg_index ON indexrelid = indexname::regclass"
KEYS = "SELECT conname, contype FROM pg_constraint WHERE conrelid = ANY(%s::regclass[])"


@pytest.fixture
def empty(postgresql, migrated_database):
    made = []

    def new():
        made.append(postgresql.new_database(template=migrated_database))
        return made[-1]

    yield new
    for url in made:
        postgresql.drop(url)


async def test_bookings_by_copy_are_bookings(empty):
    url, none = empty(), empty()
    stock = fill(url, 500, await moulds(empty()), lambda _: None)
    async with await Ledger.open(url) as ledger:
        counts = (await ledger.overview.counts()).by_status
        assert sum(counts.values()) == 500
        assert counts.keys() == {BookingStatus.CONFIRMED, BookingStatus.UNAVAILABLE, BookingStatus.QUEUED}
        for name, booking_id in stock.known[:20]:
            booking = await ledger.booking(booking_id)
            assert booking.reseller == booking.wanted().reseller == name
            history = await ledger.events(booking_id)
            assert [event.number for event in history] == list(range(1, booking.last_event + 1))
            assert len(await ledger.attempts(booking_id)) == booking.last_attempt
        heads = await ledger.feed.heads()
        assert sum(heads.values()) == stock.events
        name, head = next(iter(heads.items()))
        assert [event.position for event in await ledger.feed.page(name, 0, head + 1)] == list(range(1, head + 1))
        listed = await ledger.overview.listed(Which(name), 501)
        assert [each.created_at for each in listed] == sorted((each.created_at for each in listed), reverse=True)
    with psycopg.connect(url) as filled, psycopg.connect(none) as fresh:
        for query, values in ((INDEXES, None), (KEYS, (list(TABLES),))):
            assert sorted(filled.execute(query, values)) == sorted(fresh.execute(query, values))


@pytest.mark.e2e
def test_a_short_run_of_everything():
    short = ("--sizes", "200,2000", "--rounds", "1", "--seconds", "0.1", "--listeners", "20", "--kills", "1")
    done = run("gateway", *short, limit_s=110)
    assert done.stdout, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert tuple(said)[: len(FIRST)] == FIRST
    assert {name: said[name] for name in WRONG} == dict.fromkeys(WRONG, 0)
    assert said["kills"] == 1
    assert said["streams_cut"] == said["listeners"] == 20
    assert said["events_heard"] > 0
    assert set(said["sizes"]) == {"200", "2000"}
    assert all(
        said[name] > 0 for name in ("creates_per_s", "gets_per_s", "p99_ms", "growth", "over_bare", "stream_p50_ms")
    )


def test_sizes_must_grow():
    done = run("gateway", "--sizes", "1000,10")
    assert done.returncode == 2
    assert "must grow" in done.stderr
