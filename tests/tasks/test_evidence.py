"""The store of evidence in a folder and beyond one, and what is deleted when."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from uuid import uuid4

import pytest

from farm.evidence import Evidence, EvidenceKind, Scene
from tasks.clearing import clear
from tasks.evidence import EvidenceStore, StoreAway
from tasks.settings import Settings

SEEN = b"\xff\xd8\xff"


@pytest.fixture(params=["file", "memory"])
def url(request, tmp_path):
    return (tmp_path / "ev").as_uri() if request.param == "file" else f"memory://{uuid4().hex}"


def item(clock, booking="bk_1", *, days_ago=0):
    at = clock.now - timedelta(days=days_ago)
    known = {"booking_id": booking, "attempt": 1, "venue": "osteria_luna", "at": at, "scene": Scene.RECAP}
    return Evidence(
        id=f"ev_{uuid4().hex[:20]}", kind=EvidenceKind.PICTURE, sha256=hashlib.sha256(SEEN).hexdigest(), **known
    )


async def test_what_is_kept_is_read_and_forgotten(house_farm, clock, url):
    booking = await house_farm.queue()
    store, one = EvidenceStore(url), item(clock, booking)
    await store.keep(house_farm.ledger.evidence, [(one, SEEN)])
    assert await EvidenceStore(url).read(one) == SEEN
    assert await house_farm.ledger.evidence.of_booking(booking) == [one]
    await store.forget([one.key, one.key])
    assert await store.read(one) is None


async def test_old_days_go_whole_and_younger_ones_stay(house_farm, clock, url):
    booking = await house_farm.queue()
    settings = Settings(home=house_farm.settings.home, evidence_url=url, evidence_days=30)
    store, old, young = EvidenceStore(url), item(clock, booking, days_ago=31), item(clock, booking, days_ago=30)
    orphan = item(clock, "bk_gone", days_ago=40)
    await store.keep(house_farm.ledger.evidence, [(old, SEEN), (young, SEEN)])
    store._put([(orphan.key, SEEN)])
    await clear(house_farm.ledger, settings)
    assert [await store.read(one) for one in (old, orphan, young)] == [None, None, SEEN]
    assert await house_farm.ledger.evidence.of_booking(booking) == [young]
    await clear(house_farm.ledger, settings)


async def test_a_store_that_cannot_be_reached_says_so(clock, tmp_path):
    store, one = EvidenceStore("nowhere://bucket"), item(clock)
    with pytest.raises(StoreAway):
        await store.read(one)
    with pytest.raises(StoreAway):
        await store.forget([one.key])
