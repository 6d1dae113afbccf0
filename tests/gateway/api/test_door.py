"""The door itself: ids, headers, sizes, and a log that knows nobody."""

from __future__ import annotations

import logging
import re
import shutil

import httpx
import pytest

from gateway.api.bookings import router
from gateway.api.door import LARGEST_HEADERS, LONGEST_ADDRESS
from tests.gateway.conftest import GOOD

ID = re.compile(r"req_[0-9a-f]{20}")


@pytest.fixture
def ledger_url(migrated_file, tmp_path):
    """SQLite alone: nothing here is of a database."""
    shutil.copy(migrated_file, tmp_path / "ledger.sqlite3")
    return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"


@pytest.fixture
async def stranger(address):
    async with httpx.AsyncClient(timeout=30, base_url=address) as client:
        yield client


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.INFO, "gateway")
    return caplog


async def test_every_answer_has_an_id_of_ours_that_its_problem_names(mine, stranger):
    ids = set()
    for client in (mine, stranger):
        for path in ("/v1/bookings", "/v1/bookings/bk_none", "/nowhere"):
            answer = await client.get(path, headers={"Readback-Request-Id": "req_mine"})
            ids.add(answer.headers["readback-request-id"])
            if answer.status_code >= 400:
                assert answer.json()["instance"] == answer.headers["readback-request-id"]
    assert len(ids) == 6
    assert all(ID.fullmatch(each) for each in ids)


async def test_what_is_of_bookings_is_kept_by_nobody_on_the_way(mine):
    for path in ("/v1/bookings", "/v1/bookings/bk_none", "/v1/nowhere"):
        headers = (await mine.get(path)).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["content-security-policy"].startswith("default-src 'none'")


async def test_what_is_too_much_is_not_looked_at(mine):
    long = await mine.get("/v1/bookings", params={"venue": "a" * LONGEST_ADDRESS})
    large = await mine.get("/v1/bookings", headers={"X-Much": "a" * LARGEST_HEADERS})
    assert [long.status_code, large.status_code] == [414, 431]
    assert [each.json()["type"] for each in (long, large)] == [
        "/problems/address-too-long",
        "/problems/headers-too-large",
    ]


async def test_a_wrong_method_is_told_all_right_ones(mine):
    answer = await mine.delete("/v1/bookings/bk_none")
    assert (answer.status_code, answer.json()["type"]) == (405, "/problems/wrong-method")
    assert answer.headers["allow"] == "GET, PATCH"


class TestTheLog:
    async def test_a_line_has_the_route_and_no_word_of_the_caller(self, mine, stranger, log):
        key = mine.headers["authorization"].partition(" ")[2]
        queued = await mine.post("/v1/bookings", json=GOOD, headers={"Idempotency-Key": "geheim-1"})
        await mine.get(f"/v1/bookings/{queued.json()['id']}", params={"geheim": "Geheim"})
        await mine.get("/v1/bookings", params={"reseller_reference": "Geheim"})
        await mine.post("/v1/bookings", json=GOOD | {"guest": {"name": "Geheim"}})
        await mine.patch(f"/v1/bookings/{queued.json()['id']}", json={"guest": "Geheim"})
        await stranger.get("/Geheim", headers={"Authorization": "Bearer Geheim", "Readback-Request-Id": "Geheim"})
        await stranger.request("GEHEIM", "/v1/bookings", headers={"User-Agent": "Geheim"})
        lines = [record.getMessage() for record in log.records if record.name == "gateway.api.door"]
        shown = re.compile(r"request=(\S+) method=(\S+) route=(\S+) status=(\d+) ms=[\d.]+ key=(\S+)")
        found = [match.groups() for match in map(shown.fullmatch, lines) if match]
        assert len(found) == len(lines) == 7
        key_id = key.split("_")[1]
        assert [each[1:] for each in found] == [
            ("POST", "/v1/bookings", "201", key_id),
            ("GET", "/v1/bookings/{booking_id}", "200", key_id),
            ("GET", "/v1/bookings", "200", key_id),
            ("POST", "/v1/bookings", "400", key_id),
            ("PATCH", "/v1/bookings/{booking_id}", "422", key_id),
            ("GET", "-", "404", "-"),
            ("-", "/v1/bookings", "405", "-"),
        ]
        assert found[0][0] == queued.headers["readback-request-id"]
        everything = log.text.lower()
        for word in ("geheim", "ada@example.com", "555", key.rpartition("_")[2].lower(), queued.json()["id"]):
            assert word not in everything

    async def test_a_bug_is_written_down_without_what_it_says(self, mine, log, monkeypatch):
        async def broken(*_):
            raise KeyError(GOOD["guest"]["name"])

        monkeypatch.setattr("gateway.api.bookings.answers_for", broken)
        answer = await mine.get("/v1/bookings")
        assert (answer.status_code, answer.json()["type"]) == (500, "/problems/bug")
        assert answer.json()["instance"] == answer.headers["readback-request-id"]
        (told,) = [record.getMessage() for record in log.records if record.levelno == logging.ERROR]
        assert answer.json()["instance"] in told
        assert "builtins.KeyError" in told
        assert "in list_bookings" in told
        assert "Geheim" not in log.text + answer.text
        assert router.prefix in told
