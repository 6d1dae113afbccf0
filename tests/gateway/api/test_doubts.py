"""Doubts over HTTP: where to look, and a person's word, which counts once and for one's own bookings alone."""

from __future__ import annotations

import shutil

import httpx
import pytest

from farm.life.transition import AttemptChange, BookingChange, Transition
from farm.status import AttemptState, BookingStatus, Cause
from tests.gateway.api.conftest import new_key
from tests.gateway.api.test_bookings import kind, made
from tests.gateway.test_doubts import guarded


@pytest.fixture
def ledger_url(migrated_file, tmp_path):
    """What is asked of the ledger is tested on both databases elsewhere."""
    shutil.copy(migrated_file, tmp_path / "ledger.sqlite3")
    return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"


async def in_doubt(ledger, booking, *, ago_s=600):
    lease, begun = await guarded(ledger, booking, ago_s=ago_s)
    change = AttemptChange(id=begun.id, state=AttemptState.NEEDS_HUMAN, sent="yes", detail="no answer to the click")
    doubt = BookingChange(status=BookingStatus.IN_DOUBT, cause=Cause.OUTCOME_UNKNOWN, sentence="Hm.")
    await ledger.conclude(lease, Transition(attempts=[change], booking=doubt, done=["book"]))
    await ledger.release_lease(lease)
    return booking


@pytest.fixture
async def doubt(mine, ledger):
    return await in_doubt(ledger, await made(mine))


STANDS = {"attempt": 1, "says": "stands", "reference": "OL-7K3", "reason": "called the desk"}
NOTHING = {"attempt": 1, "says": "nothing_stands", "reason": "not in their book"}


async def say(client, booking, word):
    return await client.post(f"/v1/doubts/{booking}/resolution", json=word)


async def test_what_a_person_needs_is_shown_and_no_guest_data(mine, doubt, ledger):
    (listed,) = (await mine.get("/v1/doubts")).json()["doubts"]
    answer = await mine.get(f"/v1/doubts/{doubt}")
    shown = answer.json()
    assert shown == listed
    (attempt,) = await ledger.attempts(doubt)
    assert (shown["booking"], shown["attempt"], shown["our_reference"]) == (doubt, 1, attempt.our_reference)
    assert (shown["venue_name"], shown["city"], shown["known"]) == (
        "Osteria Luna",
        "Bologna",
        "no answer to the click",
    )
    assert shown["wanted"]["starts_at"] == "2030-06-14T20:00:00+02:00"
    assert (shown["may_say"], shown["nothing_before"]) == (["stands", "nothing_stands", "cancelled"], None)
    for word in ("Geheim", "ada@", "555 0100", "127.0.0.1"):
        assert word not in answer.text


async def test_what_stands_is_confirmed_by_the_word_of_a_key(mine, doubt, ledger):
    answer = await say(mine, doubt, STANDS)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["status"], said["venue_reference"]) == ("confirmed", "OL-7K3")
    assert said["verdict"]["channel"] == "person"
    (event,) = [e for e in await ledger.events(doubt) if e.kind == "doubt.resolved"]
    key = mine.headers["authorization"].split("_")[1]
    assert event.payload == {"said": "found OL-7K3", "by": f"key {key}", "reason": "called the desk"}
    assert (await mine.get("/v1/doubts")).json() == {"doubts": [], "next": None}
    assert kind(await mine.get(f"/v1/doubts/{doubt}")) == "not-found"


async def test_the_same_word_again_changes_nothing_and_another_one_is_refused(mine, doubt, ledger):
    first = await say(mine, doubt, NOTHING)
    again = await say(mine, doubt, NOTHING)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json()["status"] == "attempting"
    assert [e.kind for e in await ledger.events(doubt)].count("doubt.resolved") == 1
    late = await say(mine, doubt, STANDS)
    assert (late.status_code, kind(late)) == (409, "not-in-doubt")


async def test_a_word_is_about_one_attempt(mine, doubt, ledger):
    """One that was sent again does not settle the next doubt of the same booking."""
    await say(mine, doubt, NOTHING)
    await in_doubt(ledger, doubt)
    again = await say(mine, doubt, NOTHING)
    assert (again.status_code, again.json()["status"]) == (200, "in_doubt")
    other = await say(mine, doubt, NOTHING | {"reason": "asked once more"})
    assert (other.status_code, kind(other)) == (409, "not-in-doubt")
    assert (await say(mine, doubt, NOTHING | {"attempt": 2})).json()["status"] == "attempting"


async def test_what_was_cancelled_is_looked_for_nowhere_else(mine, doubt, ledger):
    answer = await say(mine, doubt, NOTHING | {"says": "cancelled"})
    assert answer.json()["status"] == "cancelled"
    kinds = [e.kind for e in await ledger.events(doubt)]
    assert kinds[-2:] == ["booking.cancel_requested", "doubt.resolved"]
    assert [w.kind for w in await ledger.wake_ups(doubt) if w.done_at is None] == []


async def test_nothing_is_said_to_stand_while_a_click_may_be_on_its_way(mine, ledger):
    booking = await in_doubt(ledger, await made(mine), ago_s=-60)
    shown = (await mine.get(f"/v1/doubts/{booking}")).json()
    assert (shown["may_say"], bool(shown["nothing_before"])) == (["stands"], True)
    for says in ("nothing_stands", "cancelled"):
        early = await say(mine, booking, NOTHING | {"says": says})
        assert (early.status_code, kind(early)) == (409, "click-on-its-way")
        assert int(early.headers["retry-after"]) > 1
    assert (await ledger.booking(booking)).cancel_requested_at is None
    assert (await say(mine, booking, STANDS)).json()["status"] == "confirmed"


async def test_a_record_that_is_one_too_many(mine, doubt, ledger):
    """The booking is settled; that somebody has dealt with a late record calls nothing off."""
    lease = await ledger.take_lease(doubt, "test", 60)
    (attempt,) = await ledger.attempts(doubt)
    await ledger.conclude(
        lease,
        Transition(
            attempts=[AttemptChange(id=attempt.id, state=AttemptState.ABSENT, cause=Cause.CANCEL_UNPROVEN)],
            booking=BookingChange(status=BookingStatus.FAILED),
        ),
    )
    await ledger.release_lease(lease)
    (shown,) = (await mine.get("/v1/doubts")).json()["doubts"]
    assert (shown["status"], shown["cause"], shown["nothing_before"]) == ("failed", "CANCEL_UNPROVEN", None)
    answer = await say(mine, doubt, NOTHING | {"says": "cancelled"})
    assert (answer.json()["status"], answer.json()["cancel_requested_at"]) == ("failed", None)
    assert (await mine.get("/v1/doubts")).json()["doubts"] == []


async def test_a_worker_that_is_at_it_comes_first(mine, doubt, ledger, monkeypatch):
    monkeypatch.setattr("gateway.api.doubts.PATIENCE_S", 0.3)
    lease = await ledger.take_lease(doubt, "worker", 60)
    busy = await say(mine, doubt, STANDS)
    assert (busy.status_code, kind(busy)) == (409, "being-worked-on")
    await ledger.release_lease(lease)
    assert (await say(mine, doubt, STANDS)).status_code == 200


async def test_nobody_elses(mine, theirs, doubt):
    assert (await theirs.get("/v1/doubts")).json() == {"doubts": [], "next": None}
    assert kind(await theirs.get(f"/v1/doubts/{doubt}")) == "not-found"
    hidden, missing = await say(theirs, doubt, STANDS), await say(theirs, f"bk_{'0' * 20}", STANDS)
    assert hidden.status_code == missing.status_code == 404
    assert hidden.json() | {"instance": None} == missing.json() | {"instance": None}
    assert (await mine.get(f"/v1/bookings/{doubt}")).json()["status"] == "in_doubt"


async def test_a_key_that_only_reads_settles_nothing(address, ledger, mine, doubt):
    key = await new_key(ledger, "local", ("bookings:read", "bookings:write"))
    async with httpx.AsyncClient(timeout=30, base_url=address, headers={"Authorization": f"Bearer {key}"}) as reader:
        assert (await reader.get(f"/v1/doubts/{doubt}")).status_code == 200
        assert kind(await say(reader, doubt, STANDS)) == "scope-missing"


@pytest.mark.parametrize(
    ("word", "where"),
    [
        ({"says": "yes", "why": "x"}, {"attempt", "says", "reason", "why"}),
        ({"attempt": 0, "says": "stands", "reason": "x" * 301}, {"attempt", "reference", "reason"}),
        (NOTHING | {"reference": "OL-7K3"}, {"reference"}),
        ([], {""}),
    ],
)
async def test_every_fault_of_a_word_is_named(mine, doubt, word, where):
    answer = await say(mine, doubt, word)
    assert answer.status_code == 422
    assert {fault["where"] for fault in answer.json()["faults"]} == where


async def test_a_page_after_another_is_all_of_them(mine, ledger):
    doubts = sorted([await in_doubt(ledger, await made(mine, f"order-{n}")) for n in range(3)])
    first = (await mine.get("/v1/doubts", params={"limit": 2})).json()
    second = (await mine.get("/v1/doubts", params={"limit": 2, "cursor": first["next"]})).json()
    assert [each["booking"] for each in first["doubts"] + second["doubts"]] == doubts
    assert second["next"] is None
