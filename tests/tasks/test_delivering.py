"""Webhooks as they come to a platform's own server: signed, in order, again when they failed, none lost."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
from readback_client import webhooks as client
from standardwebhooks import Webhook, WebhookVerificationError

from farm.delivering import SCHEDULE_S, DeliveryState, WhyDisabled
from farm.feed import PublicEvent
from ledger.names import new_id
from ledger.webhooks import NewWebhook, WebhookChange
from profiles.sealing import KeyRing
from tasks.crash_points import AFTER_DELIVERY
from tasks.delivering import LEASE_S, TROUBLE_REST_S, Sendings, new_secret, sealed_for
from tasks.posting import Poster
from tests.tasks.receiver import receiving

KEYS = KeyRing(("a key that has thirty-two letters or more",))
SECRET = new_secret()


@pytest.fixture
def receiver():
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def clock(clock):
    """From now on: the library that verifies looks at a clock of its own."""
    clock.now = datetime.now(UTC)
    return clock


@pytest.fixture
def ledger(house_farm):
    return house_farm.ledger


@pytest.fixture
def sendings(ledger):
    return Sendings(ledger, Poster(to_loopback=True), lambda: KEYS)


@pytest.fixture
async def hook(ledger, receiver, booking):
    """An endpoint that goes to the receiver; what was before it is none of its."""
    return await new_hook(ledger, receiver.url)


@pytest.fixture
async def booking(house_farm):
    """It is there before any webhook."""
    return await house_farm.queue()


async def new_hook(ledger, url):
    webhook_id = new_id("wh", ledger.clock(), secrets.token_bytes)
    sealed = KEYS.seal(SECRET.encode(), sealed_for(webhook_id))
    await ledger.webhooks.add(NewWebhook(webhook_id, "local", url, None, sealed))
    return webhook_id


@pytest.fixture
def happens(ledger, booking, hook):
    """So many events happen, and are planned."""

    async def happens(count):
        for _ in range(count):
            await ledger.note(booking, "booking.lost")
        assert await ledger.deliveries.plan() == count

    return happens


def verified(got, secret=SECRET):
    """As a platform does it with the library of the standard."""
    return Webhook(secret).verify(got.body, got.headers)


async def test_what_comes_is_signed_and_says_what_the_feed_says(ledger, sendings, receiver, hook, happens):
    await happens(1)
    assert await sendings.send_due(hook) == 1
    (got,) = receiver.got
    (line,) = (await ledger.feed.page("local", 0, 9))[-1:]
    event = PublicEvent.of(line).model_dump(mode="json")
    assert verified(got) == {"type": "booking.lost", "timestamp": event["at"], "data": event}
    delivery = client.verify(got.body, got.headers, SECRET)
    (known,) = await ledger.deliveries.page(hook, 9)
    assert (delivery.id, delivery.data.number) == (known.id, line.position)
    with pytest.raises(WebhookVerificationError):
        verified(got, new_secret())


async def test_nothing_of_a_guest_is_sent(sendings, receiver, hook, ledger, house_farm):
    await house_farm.queue()
    await ledger.deliveries.plan()
    await sendings.send_due(hook)
    said = receiver.got[0].body.decode() + str(receiver.got[0].headers)
    assert "booking.queued" in said
    for word in ("Ada", "Rossi", "ada@example.com", "example.com"):
        assert word not in said


async def test_both_secrets_hold_for_a_day_after_a_rotation(ledger, sendings, receiver, hook, happens, clock):
    newer = new_secret()
    await ledger.webhooks.rotate(hook, KEYS.seal(newer.encode(), sealed_for(hook)))
    await happens(1)
    await sendings.send_due(hook)
    assert verified(receiver.got[0], SECRET) == verified(receiver.got[0], newer)

    clock.forward(24 * 3600)
    await happens(1)
    await sendings.send_due(hook)
    late = receiver.got[1]
    assert client.verify(late.body, late.headers, newer, clock=clock.now.timestamp).type == "booking.lost"
    with pytest.raises(client.NotSigned, match="no signature"):
        client.verify(late.body, late.headers, SECRET, clock=clock.now.timestamp)


async def test_first_tries_come_in_the_feeds_order_and_one_at_a_time(sendings, receiver, hook, happens):
    await happens(12)
    tried = await asyncio.gather(*(sendings.send_due(hook) for _ in range(4)))
    assert sorted(tried) == [0, 0, 0, 12]
    assert [json.loads(got.body)["data"]["number"] for got in receiver.got] == list(range(2, 14))


async def test_a_failure_is_tried_again_along_the_schedule_under_the_same_id(
    ledger, sendings, receiver, hook, happens, clock
):
    await happens(1)
    receiver.answers = [(500, {})] * (len(SCHEDULE_S) + 1)
    await sendings.send_due(hook)
    waits = []
    for _ in SCHEDULE_S:
        (known,) = await ledger.deliveries.page(hook, 9)
        waits.append((known.due_at - clock.now).total_seconds())
        assert known.state is DeliveryState.WAITING
        clock.now = known.due_at - timedelta(seconds=0.01)
        assert await sendings.send_due(hook) == 0, "not a moment sooner"
        clock.now = known.due_at + timedelta(minutes=2)
        assert await sendings.send_due(hook) == 1
    assert all(least <= wait <= 1.2 * least for wait, least in zip(waits, SCHEDULE_S, strict=True))
    assert len(set(receiver.ids)) == 1
    (known,) = await ledger.deliveries.page(hook, 9)
    assert (known.state, known.tries, known.last_status) == (DeliveryState.GIVEN_UP, len(SCHEDULE_S) + 1, 500)
    assert (await ledger.webhooks.find(hook)).disabled_at is None


async def test_one_that_is_not_liked_holds_up_no_other(sendings, receiver, hook, happens, clock):
    await happens(3)
    receiver.answers = [(500, {})]
    assert await sendings.send_due(hook) == 3
    clock.forward(7)
    assert await sendings.send_due(hook) == 1
    assert receiver.ids[3] == receiver.ids[0]
    assert len(set(receiver.ids)) == 3


async def test_who_is_down_rests_and_who_says_so_is_left_alone(sendings, receiver, hook, happens, clock):
    await happens(9)
    receiver.answers = [(500, {})] * 3
    assert await sendings.send_due(hook) == 3
    assert await sendings.send_due(hook) == 0, "it rests"
    clock.forward(2)
    receiver.answers = [(429, {"Retry-After": "600"})]
    assert await sendings.send_due(hook) == 1
    clock.forward(599)
    assert await sendings.send_due(hook) == 0
    clock.forward(1)
    assert await sendings.send_due(hook) == 9
    assert len(set(receiver.ids)) == 9


async def test_gone_disables_at_once_and_nothing_is_lost_by_it(ledger, sendings, receiver, hook, happens, clock):
    await happens(3)
    receiver.answers = [(410, {})]
    assert await sendings.send_due(hook) == 1
    assert (await ledger.webhooks.find(hook)).disabled_why is WhyDisabled.GONE
    clock.forward(3600)
    assert await sendings.send_due(hook) == 0
    await ledger.webhooks.change(hook, WebhookChange(enabled=True))
    assert await sendings.send_due(hook) == 3
    assert len(set(receiver.ids)) == 3


async def test_five_days_without_one_success_disable(ledger, sendings, receiver, hook, happens, clock):
    receiver.answers = [(500, {})] * 2
    await happens(1)
    await sendings.send_due(hook)
    clock.forward(timedelta(days=5).total_seconds())
    await sendings.send_due(hook)
    assert (await ledger.webhooks.find(hook)).disabled_why is WhyDisabled.FAILING


async def test_one_that_is_disabled_while_it_is_sent_to_gets_no_more(ledger, sendings, receiver, hook, happens):
    await happens(3)
    loop = asyncio.get_running_loop()

    def meanwhile():
        change = ledger.webhooks.change(hook, WebhookChange(enabled=False))
        asyncio.run_coroutine_threadsafe(change, loop).result(10)

    receiver.meanwhile = meanwhile
    assert await sendings.send_due(hook) == 1


async def test_a_secret_that_cannot_be_opened_here_counts_against_nobody(ledger, receiver, hook, happens, clock):
    await happens(1)
    elsewhere = Sendings(ledger, Poster(to_loopback=True), lambda: KeyRing(("another key of thirty-two letters",)))
    await elsewhere.send_due(hook)
    assert receiver.got == []
    seen = await ledger.webhooks.find(hook)
    assert (seen.failures, seen.last_try_at) == (0, None)
    clock.forward(TROUBLE_REST_S)
    await Sendings(ledger, Poster(to_loopback=True), lambda: KEYS).send_due(hook)
    assert len(receiver.got) == 1


async def test_a_test_is_verified_as_anything_else_is(ledger, sendings, receiver, hook):
    made = await ledger.deliveries.test(hook)
    await sendings.send_due(hook)
    (got,) = receiver.got
    delivery = client.verify(got.body, got.headers, SECRET)
    assert (delivery.id, delivery.type, delivery.data.type) == (made.id, "webhook.test", "webhook.test")


async def test_a_slow_endpoint_holds_up_nobody(ledger, sendings, receiver, hook, booking):
    other = await new_hook(ledger, receiver.url)
    await ledger.note(booking, "booking.lost")
    assert await ledger.deliveries.plan() == 2
    arrived, answers = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def meanwhile():
        if len(receiver.got) == 1:
            loop.call_soon_threadsafe(arrived.set)
            answers.wait(10)

    receiver.meanwhile = meanwhile
    await sendings.begin(hook)
    await arrived.wait()
    await sendings.begin(hook)
    assert await sendings.send_due(other) == 1
    test = await ledger.deliveries.test(hook)
    answers.set()
    await sendings.end()
    assert len(receiver.got) == 3
    assert receiver.ids[-1] == test.id, (
        "what came meanwhile goes out in the same turn, or in the one that was asked for"
    )
    assert await ledger.webhooks.waiting([hook, other]) == {}


SENDER = """
import asyncio, sys
from ledger.store import Ledger
from profiles.sealing import KeyRing
from tasks.delivering import Sendings
from tasks.posting import Poster

async def send(url, key, webhook):
    async with await Ledger.open(url) as ledger:
        await Sendings(ledger, Poster(to_loopback=True), lambda: KeyRing((key,))).send_due(webhook)

asyncio.run(send(*sys.argv[1:]))
"""


async def test_a_sender_that_is_killed_between_sending_and_writing_loses_nothing(
    ledger, sendings, receiver, hook, happens, house_farm, tmp_path, clock
):
    """The other one sends it again under the same id, once the lease of the dead one has run out."""
    await happens(3)
    mark = tmp_path / "killed"
    command = [sys.executable, "-c", SENDER, house_farm.settings.ledger_url, *KEYS.keys, hook]
    armed = {"READBACK_CRASH_AT": AFTER_DELIVERY, "READBACK_CRASH_MARK": str(mark)}
    done = await asyncio.to_thread(subprocess.run, command, env={**os.environ, **armed}, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(receiver.got) == 1

    clock.now = datetime.now(UTC)
    assert await sendings.send_due(hook) == 0
    clock.forward(LEASE_S)
    assert await sendings.send_due(hook) == 3
    first, *again = receiver.ids
    assert again[0] == first
    assert len(set(again)) == 3
    assert receiver.got[0].body == receiver.got[1].body
