"""What the database may keep the farm waiting for, and what its errors may show."""

from __future__ import annotations

import asyncio
import socket
import time
import traceback

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from farm.life.transition import Transition
from farm.status import AttemptState
from ledger import engine as module
from ledger import surely
from ledger.engine import Database, make_engine
from ledger.errors import LeaseLost
from ledger.tables import bookings
from tests.ledger.lives import guarded, prepared, request


async def test_an_error_in_a_write_shows_no_guest_data(ledger):
    life = await prepared(ledger)
    (row,) = await ledger._database.read(lambda c: c.execute(bookings.select()).mappings().all())
    assert "Ada Rossi" in row["request"]
    refused = {**row, "id": "bk_two", "idempotency_key": None, "code": None, "sentence": "for Ada Rossi"}
    unknown = text("UPDATE bookings SET gone = :request WHERE id = :id")
    writes = [
        lambda c: c.execute(bookings.insert(), refused),
        lambda c: c.execute(unknown, {"request": request().model_dump_json(), "id": life.id}),
    ]
    for write in writes:
        with pytest.raises(DBAPIError) as caught:
            await ledger._database.write(write)
        said = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
        assert "Ada" not in said
        assert "ada@" not in said
        assert "gone" in said or isinstance(caught.value, IntegrityError)


@pytest.fixture
def refuse(ledger, monkeypatch):
    """So many of the next connections are refused, and something happens at each."""

    def arm(times, meanwhile=lambda: None):
        engine = ledger._database._engine
        engine.dispose()
        connect, left = engine.dialect.connect, [None] * times

        def refused(*arguments, **named):
            if left:
                left.pop()
                meanwhile()
                raise engine.dialect.loaded_dbapi.OperationalError("connection refused")
            return connect(*arguments, **named)

        monkeypatch.setattr(engine.dialect, "connect", refused)
        return left

    return arm


async def test_a_refused_connection_delays_a_guarded_write(ledger, refuse):
    life = await prepared(ledger)
    left = refuse(3)
    await ledger.guard(life.lease, life.attempt.id, **life.last_page)
    assert not left
    (after,) = await ledger.attempts(life.id)
    assert after.state is AttemptState.COMMITTING
    assert [event.number for event in await ledger.events(life.id)] == [1, 2, 3]


async def test_a_database_that_stays_away_is_not_waited_for_for_ever(ledger, refuse, monkeypatch):
    life = await guarded(ledger)
    monkeypatch.setattr(surely, "_RE_READ_S", 0.5)
    refuse(10**4)
    with pytest.raises(OperationalError):
        await asyncio.wait_for(ledger.conclude(life.lease, Transition(done=["book"])), 10)


async def test_a_guard_that_had_to_wait_still_needs_its_lease(ledger, refuse, clock):
    life = await prepared(ledger)
    refuse(2, lambda: clock.forward(16))
    with pytest.raises(LeaseLost):
        await ledger.guard(life.lease, life.attempt.id, **life.last_page)


async def test_a_statement_of_postgresql_ends(postgresql, monkeypatch):
    monkeypatch.setattr(module, "_ANSWER_S", 1)
    database = Database(postgresql.url("postgres"))
    with pytest.raises(OperationalError, match="statement timeout"):
        await database.read(lambda c: c.execute(text("SELECT pg_sleep(20)")))
    shown = await database.read(lambda c: c.execute(text("SHOW idle_in_transaction_session_timeout")).scalar())
    assert shown == "1s"
    await database.close()


def test_an_address_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr(module, "_CONNECT_S", 2)
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        engine = make_engine(f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/none")
        with pytest.raises(OperationalError):
            engine.connect()
    assert time.monotonic() - began < 10


def test_what_the_address_sets_stays():
    engine = make_engine("postgresql://nobody@127.0.0.1/none?connect_timeout=3&options=-csearch_path%3Dx")
    assert engine.url.query["connect_timeout"] == "3"
    assert engine.url.query["options"] == "-csearch_path=x"
    assert "tcp_user_timeout" in engine.url.query
