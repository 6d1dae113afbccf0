"""Keys that are kept for a moment: no query for each request, and a revoked one is soon none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from gateway.api import keyring
from gateway.api.keyring import KEPT_S, Keyring
from ledger.door_tables import api_keys
from tests.gateway.api.conftest import new_key


class Time:
    s = 100.0

    def __call__(self):
        return self.s


async def revoke(ledger):
    now = datetime.now(UTC)
    await ledger._database.write(lambda c: c.execute(update(api_keys).values(revoked_at=now)))


async def revoked(keys, key_id):
    found = await keys.find(key_id)
    return found.revoked_at is not None


async def test_a_known_key_costs_no_query(ledger, statements):
    key_id = (await new_key(ledger, "local")).split("_")[1]
    keys = Keyring(ledger.keys)
    await keys.find(key_id)
    statements()
    assert await keys.find(key_id)
    assert statements() == 0


async def test_a_revoked_key_is_known_as_revoked_after_a_moment(ledger):
    key_id = (await new_key(ledger, "local")).split("_")[1]
    time = Time()
    keys = Keyring(ledger.keys, time)
    assert await revoked(keys, key_id) is False
    await revoke(ledger)
    time.s += KEPT_S
    assert await revoked(keys, key_id) is True


async def test_guesses_push_no_key_out_and_few_are_kept(ledger, monkeypatch):
    monkeypatch.setattr(keyring, "MOST", 2)
    ids = [(await new_key(ledger, "local")).split("_")[1] for _ in range(3)]
    keys = Keyring(ledger.keys)
    await keys.find(ids[0])
    for n in range(9):
        assert await keys.find(f"guess{n}") is None
    assert list(keys._kept) == ids[:1]
    for key_id in ids:
        await keys.find(key_id)
    assert list(keys._kept) == ids[1:]


async def test_use_is_written_once_in_a_while_and_at_the_end(ledger, statements):
    key_id = (await new_key(ledger, "local")).split("_")[1]
    keys, now = Keyring(ledger.keys), datetime(2030, 1, 1, tzinfo=UTC)
    statements()
    async with keys.noting():
        for second in range(9):
            keys.used(key_id, now + timedelta(seconds=second))
        assert statements() == 0
    assert (await ledger.keys.find(key_id)).last_used_at == now + timedelta(seconds=8)
    keys.used(key_id, now)  # another gateway has seen it later
    await keys.note()
    assert (await ledger.keys.find(key_id)).last_used_at == now + timedelta(seconds=8)
