"""API keys in the ledger: rotated once, revoked for good, listed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from ledger.errors import KeyIsOver, NoSuchKey
from ledger.keys import hash_of

DAY = timedelta(days=1)


@pytest.fixture
async def key(ledger, clock):
    """One that is valid for a week."""
    await ledger.keys.add("aaaaaaaaaaaa", "s3cret", "acme", "checkout", ["bookings:read"], clock() + 7 * DAY)
    return "aaaaaaaaaaaa"


async def test_rotated_it_may_do_the_same_for_as_long(ledger, clock, key):
    clock.forward(3 * DAY.total_seconds())
    new = await ledger.keys.rotate(key, "bbbbbbbbbbbb", "n3w", clock() + DAY)
    assert (new.reseller, new.name, new.scopes) == ("acme", "checkout", {"bookings:read"})
    assert (new.secret_hash, new.expires_at) == (hash_of("n3w"), clock() + 7 * DAY)
    old = await ledger.keys.find(key)
    assert (old.replaced_by, old.expires_at, old.secret_hash) == (new.id, clock() + DAY, hash_of("s3cret"))
    assert old.is_valid(clock())
    assert not old.is_valid(clock() + DAY)


async def test_one_that_ends_sooner_is_not_prolonged(ledger, clock, key):
    await ledger.keys.rotate(key, "bbbbbbbbbbbb", "n3w", clock() + 30 * DAY)
    assert (await ledger.keys.find(key)).expires_at == clock() + 7 * DAY


async def test_two_that_rotate_it_at_once_make_one(ledger, others, clock, key):
    asked = [
        one.keys.rotate(key, letter * 12, "n3w", clock() + DAY) for letter, one in zip("bcdef", others, strict=True)
    ]
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["KeyIsOver"] * 4 + ["KeyRecord"]
    assert len(await ledger.keys.listed()) == 2


async def test_what_is_over_is_not_rotated(ledger, clock, key):
    clock.forward(7 * DAY.total_seconds())
    with pytest.raises(KeyIsOver):
        await ledger.keys.rotate(key, "bbbbbbbbbbbb", "n3w", clock() + DAY)
    with pytest.raises(NoSuchKey):
        await ledger.keys.rotate("zzzzzzzzzzzz", "bbbbbbbbbbbb", "n3w", clock() + DAY)
    assert [one.id for one in await ledger.keys.listed()] == [key]


async def test_revoked_for_good(ledger, clock, key):
    first = await ledger.keys.revoke(key)
    clock.forward(60)
    assert (await ledger.keys.revoke(key)).revoked_at == first.revoked_at == clock() - timedelta(minutes=1)
    assert not first.is_valid(first.created_at)
    with pytest.raises(KeyIsOver):
        await ledger.keys.rotate(key, "bbbbbbbbbbbb", "n3w", clock() + DAY)
    with pytest.raises(NoSuchKey):
        await ledger.keys.revoke("zzzzzzzzzzzz")


async def test_listed_newest_first_for_one_reseller_or_all(ledger, clock, key):
    clock.forward(1)
    await ledger.keys.add("bbbbbbbbbbbb", "s3cret", "other", "x", [])
    assert [one.id for one in await ledger.keys.listed()] == ["bbbbbbbbbbbb", key]
    assert [one.id for one in await ledger.keys.listed("acme")] == [key]
