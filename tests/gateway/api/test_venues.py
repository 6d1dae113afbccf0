"""Venues over HTTP: found, paged, shown with what a request needs; nothing of how they are visited."""

from __future__ import annotations

import shutil

import pytest
from readback_client import AsyncClient

from farm.tier import Tier


@pytest.fixture
def ledger_url(migrated_file, tmp_path):
    """No SQL of its own is asked here."""
    shutil.copy(migrated_file, tmp_path / "ledger.sqlite3")
    return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"


async def slugs(client, **query):
    answer = await client.get("/v1/venues", params=query)
    assert answer.status_code == 200, answer.text
    return [venue["slug"] for venue in answer.json()["venues"]]


async def test_they_are_found_by_words_without_case_and_accents(mine):
    everything = await slugs(mine, limit=100)
    assert everything == sorted(everything)
    assert {"osteria_luna", "hotel_seeblick", "cabinet_delorme"} <= set(everything)
    assert await slugs(mine, q="controle ANNUEL lyon") == ["cabinet_delorme"]
    assert await slugs(mine, kind="hotel", group="attersee_hotels", partner="seeblick") == ["hotel_seeblick"]
    assert await slugs(mine, city="lyon") == ["cabinet_delorme"]
    assert await slugs(mine, place="mail fr") == ["cabinet_delorme"]
    assert await slugs(mine, city="Lyo") == await slugs(mine, kind="none") == []


async def test_a_page_after_another_is_all_of_them(mine):
    everything, cursor, seen = await slugs(mine, limit=100), None, []
    for _ in everything:
        page = (await mine.get("/v1/venues", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [venue["slug"] for venue in page["venues"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == everything


async def test_one_says_what_a_request_must_have(mine):
    answer = await mine.get("/v1/venues/marlowe_theatre")
    said = answer.json()
    assert (said["city"], said["timezone"], said["currency"]) == ("London", "Europe/London", "GBP")
    assert (said["payment"], "card" in said["needs"], said["takes"]) == ("full", True, "slot")
    assert {"service": "Small Hours", "seats": 1} in said["sells"]
    assert (said["open"], said["closed"], said["opens_at"]) == (True, None, None)
    everything = answer.text + (await mine.get("/v1/venues?limit=100")).text
    for word in ("127.0.0.1", "origin", "http", "contact", "account", "env:"):
        assert word not in everything


async def test_one_that_was_demoted_is_closed(mine, ledger):
    await ledger.demotions.demote("osteria_luna", Tier.NONE, "a sign is missing in script.py:12")
    said = (await mine.get("/v1/venues/osteria_luna")).json()
    assert (said["open"], said["closed_for"], said["tier"]) == (False, "demoted", "none")
    assert "script" not in said["closed"]


async def test_an_unknown_one_is_told_the_nearest(mine):
    answer = await mine.get("/v1/venues/osteria_lnua")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["then"] == "did you mean `osteria_luna`? `GET /v1/venues` lists them all"
    assert (await mine.get(f"/v1/venues/{'x' * 4000}")).json()["then"] == "`GET /v1/venues` lists them all"


async def test_every_fault_of_a_query_is_named(mine):
    answer = await mine.get("/v1/venues", params={"kind": "Hotel!", "limit": 0, "near": "x", "cursor": "?"})
    assert answer.status_code == 422
    assert {fault["where"] for fault in answer.json()["faults"]} == {"kind", "limit", "near"}
    assert (await mine.get("/v1/venues", params={"cursor": "?"})).status_code == 422


async def test_the_client_finds_them(address, mine):
    key = mine.headers["authorization"].removeprefix("Bearer ")
    async with AsyncClient(key=key, url=address) as client:
        found = [venue async for venue in client.venues(city="Bologna", kind="restaurant")]
        one = await client.venue("osteria_luna")
    assert one in found
    assert (one.name, one.city, one.closed) == ("Osteria Luna", "Bologna", None)
