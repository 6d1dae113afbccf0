"""Nobody gets in without a key, and no key further than its scopes."""

from __future__ import annotations

import shutil

import httpx
import pytest

from gateway.api.caller import SCOPES
from tests.gateway.api.conftest import new_key
from tests.gateway.api.walking import OWN, WAYS


@pytest.fixture
def ledger_url(migrated_file, tmp_path):
    """SQLite alone: nothing here is of a database."""
    shutil.copy(migrated_file, tmp_path / "ledger.sqlite3")
    return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"strangers_per_min": 1000})


async def asked(client, way, key=None):
    headers = {"Idempotency-Key": "order-1"} | ({"Authorization": f"Bearer {key}"} if key else {})
    path = way.at(dict.fromkeys(OWN, "bk_01jz8m2d5x7q4r9t0v3k"))
    return await client.request(way.method, path, params=way.query, json=way.body, headers=headers)


def kind(answer):
    return answer.json()["type"].removeprefix("/problems/")


async def test_every_route_wants_a_key_that_is_right(address):
    async with httpx.AsyncClient(timeout=30, base_url=address) as client:
        for way in WAYS:
            nobody, wrong = await asked(client, way), await asked(client, way, f"rb_abcdefghijkl_{'x' * 43}")
            assert (nobody.status_code, kind(nobody)) == (401, "no-key"), way
            assert (wrong.status_code, kind(wrong)) == (401, "wrong-key"), way
            assert nobody.headers["www-authenticate"] == "Bearer"


async def test_every_route_wants_its_scope(address, ledger):
    scoped = [(way, way.may.scope) for way in WAYS if way.may.scope is not None]
    assert len(scoped) >= 8
    lacking = {scope: await new_key(ledger, "local", set(SCOPES) - {scope}) for scope in SCOPES}
    async with httpx.AsyncClient(timeout=30, base_url=address) as client:
        for way, scope in scoped:
            answer = await asked(client, way, lacking[scope])
            assert (answer.status_code, kind(answer)) == (403, "scope-missing"), way
            assert f"`{scope}`" in answer.json()["detail"]
    assert not await ledger.bookings()
