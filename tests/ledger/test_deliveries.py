"""Every event of a feed gets to every endpoint that wants it, in order, whoever plans, sends or dies meanwhile."""

from __future__ import annotations

import asyncio
import secrets
from datetime import timedelta

import pytest

from farm.delivering import DeliveryState, Judgement, Outcome, WhyDisabled
from ledger.deliveries import KEPT
from ledger.erasing import Erased, Erasing
from ledger.errors import NoSuchWebhook, TooManyWebhooks
from ledger.names import new_id
from ledger.webhooks import MOST, NewWebhook, WebhookChange
from tests.ledger.lives import queued
from tests.ledger.test_erasing import ADA, afterwards, confirmed

OK, DOWN = Outcome(200), Outcome(500)
DONE = Judgement(DeliveryState.DELIVERED)
on_a_file = pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
"""Where both databases are asked the same."""


def later(wait_s, **more):
    return Judgement(DeliveryState.WAITING, wait_s, **more)


async def hook(ledger, reseller="local", types=None, url="https://hook.example/1"):
    webhook_id = new_id("wh", ledger.clock(), secrets.token_bytes)
    await ledger.webhooks.add(NewWebhook(webhook_id, reseller, url, types, b"sealed"))
    return webhook_id


async def sent(ledger, webhook_id, outcome=OK, judgement=DONE, *, holder="me", again=False):
    """What is sent next, by whoever has the endpoint, and what is written of it."""
    found = await ledger.deliveries.next(webhook_id, holder, 30, again=again)
    if found is None:
        return None
    assert await ledger.deliveries.settle(holder, found.delivery, outcome, judgement)
    return found.delivery


async def test_relays_at_once_make_each_delivery_once_and_in_the_feeds_order(ledger, others):
    before = await queued(ledger, reseller="local")
    all_of_it, some = await hook(ledger), await hook(ledger, types=["booking.confirmed", "attempt.step"])
    await hook(ledger, reseller="theirs")
    for kind in ("attempt.step", "booking.confirmed", "booking.lost"):
        await ledger.note(before, kind)
    made = await asyncio.gather(*(door.deliveries.plan() for door in [ledger, *others]))
    assert sum(made) == 4
    for webhook_id, types in (
        (all_of_it, ["booking.confirmed", "booking.lost"]),
        (some, ["attempt.step", "booking.confirmed"]),
    ):
        page = await ledger.deliveries.page(webhook_id, 9)
        assert [one.type for one in reversed(page)] == types, "what was before it is none of its"
        assert (await ledger.webhooks.find(webhook_id)).position == await ledger.feed.head("local")
    assert await ledger.deliveries.plan() == 0


@on_a_file
async def test_a_long_feed_is_planned_in_pieces_and_loses_nothing(ledger):
    webhook_id, booking_id = await hook(ledger), await queued(ledger)
    for _ in range(250):
        await ledger.note(booking_id, "booking.lost")
    while await ledger.deliveries.plan():
        pass
    page = await ledger.deliveries.page(webhook_id, 999)
    assert sorted(one.position for one in page) == list(range(1, 252))


async def test_relays_at_once_tell_of_an_endpoint_once_and_again_when_nothing_came_of_it(ledger, others, clock):
    hooks = [await hook(ledger) for _ in range(12)]
    await queued(ledger)
    await ledger.deliveries.plan()
    told = await asyncio.gather(*(door.deliveries.to_tell(5, 30) for door in [ledger, *others]))
    assert sorted(one for each in told for one in each) == sorted(hooks)
    assert await ledger.deliveries.to_tell(99, 30) == []
    clock.forward(30)
    assert sorted(await ledger.deliveries.to_tell(99, 30)) == sorted(hooks)
    await ledger.deliveries.not_told(hooks[:1])
    assert await ledger.deliveries.to_tell(99, 30) == hooks[:1]


async def test_one_at_a_time_has_an_endpoint_and_who_died_loses_it(ledger, others, clock):
    webhook_id = await hook(ledger)
    await queued(ledger)
    await ledger.deliveries.plan()
    doors = [ledger, *others]
    took = await asyncio.gather(*(door.deliveries.take(webhook_id, str(n), 30) for n, door in enumerate(doors)))
    assert sum(took) == 1
    first = str(took.index(True))
    on_its_way = await ledger.deliveries.next(webhook_id, first, 30, again=False)
    assert await ledger.deliveries.to_tell(9, 1) == [], "nobody is told while somebody is at it"
    clock.forward(30)
    assert await ledger.deliveries.to_tell(9, 1) == [webhook_id]
    assert await ledger.deliveries.take(webhook_id, "second", 30)
    again = await sent(ledger, webhook_id, holder="second")
    assert again.id == on_its_way.delivery.id, "the same webhook-id"
    assert not await ledger.deliveries.settle(first, on_its_way.delivery, DOWN, later(5)), (
        "who comes late is not heard"
    )
    assert await ledger.deliveries.next(webhook_id, first, 30, again=False) is None
    assert (await ledger.deliveries.page(webhook_id, 9))[0].state is DeliveryState.DELIVERED


@on_a_file
async def test_what_is_new_goes_in_order_and_what_failed_in_between(ledger, clock):
    webhook_id, booking_id = await hook(ledger), await queued(ledger)
    for _ in range(3):
        await ledger.note(booking_id, "booking.lost")
    await ledger.deliveries.plan()
    assert await ledger.deliveries.take(webhook_id, "me", 999)
    assert (await sent(ledger, webhook_id, DOWN, later(5))).position == 1
    assert (await sent(ledger, webhook_id, again=True)).position == 2
    clock.forward(5)
    assert (await sent(ledger, webhook_id, again=True)).position == 1
    assert (await sent(ledger, webhook_id, again=True)).position == 3
    assert (await sent(ledger, webhook_id, again=True)).position == 4
    assert await sent(ledger, webhook_id) is None


@on_a_file
async def test_health_follows_what_comes(ledger, clock):
    webhook_id, booking_id = await hook(ledger), await queued(ledger)
    await ledger.note(booking_id, "booking.lost")
    await ledger.deliveries.plan()
    await ledger.deliveries.take(webhook_id, "me", 999)
    began = clock.now
    await sent(ledger, webhook_id, DOWN, later(5))
    clock.forward(60)
    await sent(ledger, webhook_id, Outcome(None, "timed out"), Judgement(DeliveryState.GIVEN_UP))
    seen = await ledger.webhooks.find(webhook_id)
    assert (seen.failures, seen.failing_since, seen.last_status) == (2, began, None)
    assert (seen.last_trouble, seen.last_success_at) == ("timed out", None)
    assert await ledger.webhooks.waiting([webhook_id]) == {webhook_id: 1}
    assert await ledger.webhooks.given_up([webhook_id]) == {webhook_id: 1}
    await sent(ledger, webhook_id, again=True)
    seen = await ledger.webhooks.find(webhook_id)
    assert (seen.failures, seen.failing_since, seen.last_success_at) == (0, None, clock.now)


@on_a_file
async def test_one_that_is_disabled_waits_and_goes_on_where_it_stopped(ledger, clock):
    webhook_id, booking_id = await hook(ledger), await queued(ledger)
    await ledger.deliveries.plan()
    await ledger.deliveries.take(webhook_id, "me", 30)
    await sent(ledger, webhook_id, Outcome(410), later(5, disable=WhyDisabled.GONE))
    await ledger.note(booking_id, "booking.lost")
    clock.forward(3600)
    assert (await ledger.webhooks.find(webhook_id)).disabled_why is WhyDisabled.GONE
    assert await ledger.deliveries.plan() == 0
    assert await ledger.deliveries.to_tell(9, 1) == []
    assert not await ledger.deliveries.take(webhook_id, "me", 30)

    await ledger.webhooks.change(webhook_id, WebhookChange(enabled=True))
    assert await ledger.deliveries.plan() == 1
    assert await ledger.deliveries.to_tell(9, 1) == [webhook_id]
    assert await ledger.deliveries.take(webhook_id, "me", 30)
    assert [(await sent(ledger, webhook_id, again=True)).position for _ in range(2)] == [1, 2]


@on_a_file
async def test_a_rest_is_kept(ledger, clock):
    webhook_id = await hook(ledger)
    await queued(ledger)
    await ledger.deliveries.plan()
    await ledger.deliveries.take(webhook_id, "me", 30)
    await ledger.deliveries.give_back(webhook_id, "me", 120)
    clock.forward(119)
    assert await ledger.deliveries.to_tell(9, 1) == []
    assert not await ledger.deliveries.take(webhook_id, "me", 30)
    clock.forward(1)
    assert await ledger.deliveries.to_tell(9, 1) == [webhook_id]


async def test_what_is_asked_for_again_is_sent_again_and_what_is_old_is_forgotten(ledger, clock):
    webhook_id = await hook(ledger)
    await queued(ledger)
    await ledger.deliveries.plan()
    await ledger.deliveries.take(webhook_id, "me", 30)
    first = await sent(ledger, webhook_id)
    await ledger.deliveries.again(webhook_id, first.id)
    test = await ledger.deliveries.test(webhook_id)
    assert test.position is None
    assert {(await sent(ledger, webhook_id)).id for _ in range(2)} == {first.id, test.id}
    for wrong in ((webhook_id, "dl_0"), ("wh_0", first.id)):
        with pytest.raises(NoSuchWebhook):
            await ledger.deliveries.again(*wrong)
    with pytest.raises(NoSuchWebhook):
        await ledger.deliveries.test("wh_0")
    await ledger.deliveries.forget_old()
    assert len(await ledger.deliveries.page(webhook_id, 9)) == 2
    clock.forward(KEPT / timedelta(seconds=1) + 1)
    await ledger.deliveries.forget_old()
    assert await ledger.deliveries.page(webhook_id, 9) == []


@on_a_file
async def test_a_rotation_leaves_the_secret_of_before_for_a_day(ledger, clock):
    webhook_id = await hook(ledger)
    seen = await ledger.webhooks.rotate(webhook_id, b"new")
    assert (seen.secret, seen.previous_secret) == (b"new", b"sealed")
    assert seen.previous_until == clock.now + timedelta(hours=24)


async def test_what_is_removed_is_gone_with_its_deliveries(ledger):
    webhook_id, kept = await hook(ledger), await hook(ledger)
    await queued(ledger)
    await ledger.deliveries.plan()
    await ledger.webhooks.remove(webhook_id)
    with pytest.raises(NoSuchWebhook):
        await ledger.webhooks.find(webhook_id)
    assert await ledger.deliveries.page(webhook_id, 9) == []
    assert len(await ledger.deliveries.page(kept, 9)) == 1


@on_a_file
async def test_a_reseller_has_so_many_at_most(ledger):
    for _ in range(MOST):
        await hook(ledger)
    with pytest.raises(TooManyWebhooks):
        await hook(ledger)
    await hook(ledger, reseller="theirs")
    assert len(await ledger.webhooks.of_reseller("local")) == MOST


@on_a_file
async def test_nothing_of_a_guest_is_kept_with_a_delivery_and_secrets_are_not_shown(ledger):
    webhook_id = await hook(ledger)
    await queued(ledger)
    await ledger.deliveries.plan()
    said = repr([await ledger.webhooks.find(webhook_id), await ledger.deliveries.page(webhook_id, 9)])
    assert "ada@example.com" not in said
    assert "sealed" not in said
    assert "hook.example" not in said


async def test_a_guest_is_erased_though_deliveries_of_the_booking_are_kept(ledger, ledger_url, clock):
    webhook_id = await hook(ledger)
    await confirmed(ledger)
    made = await ledger.deliveries.plan()
    assert made > 0
    afterwards(clock)
    async with Erasing(ledger_url, clock) as erasing:
        done = await erasing.erase(ADA.email)
    assert isinstance(done, Erased)
    assert done.left == (), "a search through every column, those of the webhooks too, finds nobody"
    assert {name for name in done.columns if name.startswith(("webhooks", "deliveries"))} == set()
    assert len(await ledger.deliveries.page(webhook_id, 99)) == made
