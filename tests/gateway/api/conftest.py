"""A gateway on a real port, over a real ledger, with keys of two resellers."""

from __future__ import annotations

import secrets

import httpx
import pytest

from gateway.api.app import make_app
from gateway.api.caller import SCOPES
from gateway.api.serving import Server
from ledger.store import Ledger
from tasks.settings import Settings
from tests.databases import database_url, ledger_url, migrated_database, migrated_file, postgresql
from tests.name_server import name_server

__all__ = ["database_url", "ledger_url", "migrated_database", "migrated_file", "name_server", "postgresql"]


@pytest.fixture
def settings(ledger_url, tmp_path):
    return Settings(home=tmp_path / "home", database_url=ledger_url)


@pytest.fixture
async def ledger(ledger_url):
    async with await Ledger.open(ledger_url) as ledger:
        yield ledger


@pytest.fixture
async def server(settings):
    """The gateway."""
    import asyncio

    settings.home.mkdir(exist_ok=True)
    server = Server(make_app(settings), port=0, log_level="warning", lifespan="on")
    serving = asyncio.create_task(server.serve())
    while not server.started:
        assert not serving.done(), serving.exception()
        await asyncio.sleep(0.01)
    yield server
    server.should_exit = True
    await serving


@pytest.fixture
async def address(server):
    """Where the gateway listens."""
    return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"


@pytest.fixture
def statements():
    """How many statements were sent to the ledger since the last call."""
    from sqlalchemy import Engine, event

    sent: list[str] = []

    def note(connection, cursor, statement, *_):
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)

    def since():
        count = len(sent)
        sent.clear()
        return count

    since()
    yield since
    event.remove(Engine, "before_cursor_execute", note)


async def new_key(ledger: Ledger, reseller: str, scopes=tuple(SCOPES), **more) -> str:
    key_id = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(12))
    secret = secrets.token_urlsafe(32)
    await ledger.keys.add(key_id, secret, reseller, "a test", scopes, **more)
    return f"rb_{key_id}_{secret}"


@pytest.fixture
async def mine(address, ledger):
    """A client with a key of the reseller `local`, which may do everything."""
    key = await new_key(ledger, "local")
    async with httpx.AsyncClient(timeout=30, base_url=address, headers={"Authorization": f"Bearer {key}"}) as client:
        yield client


@pytest.fixture
async def theirs(address, ledger):
    """The same of another reseller."""
    key = await new_key(ledger, "theirs")
    async with httpx.AsyncClient(timeout=30, base_url=address, headers={"Authorization": f"Bearer {key}"}) as client:
        yield client
