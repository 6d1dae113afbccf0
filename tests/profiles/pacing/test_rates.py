"""The rates, against a model in Python and against the agreement itself: no stretch of time has more than agreed."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiles.pacing.rules import LATE_S, SECOND_US, Rule, of_clicks, of_requests
from profiles.pacing.store import Store
from tests.profiles.pacing.conftest import HandStore, terms

STEPS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 5_000, 400_000, 600_000, 700_000, 2_000_000, 7_000_000, 61_000_000]),
        st.sampled_from(["ordinary"] * 5 + ["first"] * 2 + ["emptied", "restored", "repeated", "late"]),
    ),
    min_size=20,
    max_size=80,
)


class Model:
    """What the script shall say: one number for each rule."""

    def __init__(self) -> None:
        self.tats: dict[str, int] = {}

    def take(self, rules: tuple[Rule, ...], now: int) -> int:
        for rule in rules:
            self.tats.setdefault(rule.name, now + rule.late_us + rule.burst_us)
        wait = max(max(self.tats[rule.name], now) - rule.tolerance_us - now for rule in rules)
        if wait <= 0:
            for rule in rules:
                self.tats[rule.name] = max(self.tats[rule.name], now) + rule.interval_us
        return max(wait, 0)


async def take(store, rules, token):
    asked = {"rules": [rule.asked for rule in rules], "ticket": "", "keep_ms": 60_000}
    return await store.ask("p", "take", asked, token)


def worst(given_at: list[int], stretch_us: int) -> int:
    return max((sum(at <= other < at + stretch_us for other in given_at) for at in given_at), default=0)


def agreed(steps, per_min, burst, kept, learned):
    async def live(url):
        store, model, given_at = HandStore(url), Model(), []
        then: dict[Any, Any] = {}
        await store.client.flushall()
        partner = terms(requests_per_min=per_min, burst_requests=burst, read_back_requests=kept)
        for number, (passes_us, what) in enumerate(steps):
            store.now_us += passes_us
            if what == "emptied":
                await store.client.flushall()
                model.tats.clear()
            if what == "restored" and then:  # a server that comes back with what it had some time ago
                await store.client.hset("readback:pace:{p}:state", mapping=then | {"boot": "an earlier one"})
                model.tats.clear()
            rules = of_requests(partner, learned if number % 3 else None, first=what == "first")
            wait_s, _ = await take(store, rules, f"{number}")
            assert round(wait_s * SECOND_US) == model.take(rules, store.now_us)
            if wait_s == 0:
                given_at.append(store.now_us)
                if what == "repeated":  # its reply was lost
                    assert await take(store, rules, f"{number}") == (0, 0)
            if number == len(steps) // 3:
                then = await store.client.hgetall("readback:pace:{p}:state")
        await store.close()
        return given_at

    return live


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    steps=STEPS,
    numbers=st.sampled_from([(100, 10, 2), (20, 5, 4), (600, 10, 0), (12, 2, 0), (3, 1, 0)]),
    learned=st.sampled_from([None, 7.0, 1.5]),
)
def test_no_stretch_has_more_than_agreed_and_nobody_waits_longer_than_the_model(server, steps, numbers, learned):
    per_min, burst, kept = numbers
    given_at = asyncio.run(agreed(steps, per_min, burst, kept, learned)(server.url))
    assert worst(given_at, round((60 + LATE_S) * SECOND_US)) <= per_min


async def flood(store, rules, seconds):
    """Everything that can be had, at the very moment that it can."""
    given_at, ends_us, number = [], store.now_us + seconds * SECOND_US, 0
    while store.now_us < ends_us:
        number += 1
        wait_s, _ = await take(store, rules, f"{number}")
        if wait_s == 0:
            given_at.append(store.now_us)
        store.now_us += round(wait_s * SECOND_US)
    return given_at


@pytest.mark.parametrize("numbers", [(100, 10), (60, 1), (60, 30), (12, 11)])
async def test_the_worst_minute_is_the_agreed_one_to_the_last_request(by_hand, numbers):
    per_min, burst = numbers
    rules = of_requests(terms(requests_per_min=per_min, burst_requests=burst, read_back_requests=0))
    await take(by_hand, rules, "first")
    by_hand.forward(1 + rules[0].burst_us / SECOND_US)
    given_at = await flood(by_hand, rules, 180)
    assert worst(given_at, round((60 + LATE_S) * SECOND_US)) == per_min
    steady = [later - at for at, later in pairwise(given_at[burst + 1 :])]
    assert set(steady) == {rules[0].interval_us}


async def test_an_hour_has_no_more_bookings_than_agreed(by_hand):
    rule = of_clicks(terms(bookings_per_hour=30))
    assert rule is not None
    given_at = await flood(by_hand, (rule,), 2 * 3600)
    assert worst(given_at, 3600 * SECOND_US) <= 30
    assert len(given_at) >= 0.9 * 60 - 3  # less what the first day of a partner costs


async def test_part_of_the_burst_is_kept_for_what_was_clicked(by_hand):
    partner = terms(burst_requests=5, read_back_requests=2)
    ordinary, first = of_requests(partner), of_requests(partner, first=True)
    await take(by_hand, ordinary, "day one")
    by_hand.forward(60)
    got = [(await take(by_hand, ordinary, f"o{n}"))[0] == 0 for n in range(5)]
    kept = [(await take(by_hand, first, f"f{n}"))[0] == 0 for n in range(5)]
    assert (got.count(True), kept.count(True)) == (3, 2)


async def test_a_redirect_that_has_left_is_waited_for(by_hand):
    rules = of_requests(terms(burst_requests=3, read_back_requests=0))
    await take(by_hand, rules, "day one")
    by_hand.forward(60)
    await by_hand.ask("p", "owe", {"rules": [rule.asked for rule in rules]})
    got = [(await take(by_hand, rules, f"{n}"))[0] == 0 for n in range(3)]
    assert got == [True, True, False]


async def test_a_clock_that_was_set_back_never_lets_a_burst_through(by_hand):
    rules = of_requests(terms())
    await take(by_hand, rules, "day one")
    by_hand.forward(7200)
    await take(by_hand, rules, "later")
    by_hand.forward(-7000)
    waits = [(await take(by_hand, rules, f"{n}"))[0] for n in range(3)]
    assert all(0 < wait_s < 10 for wait_s in waits)


async def test_many_clients_at_once_on_the_servers_own_clock(server):
    """Two processes' worth of connections ask as fast as they can."""
    stores = [Store(server.url) for _ in range(2)]
    rules = of_requests(terms(requests_per_min=600, burst_requests=10, read_back_requests=0))
    await take(stores[0], rules, "day one")
    await asyncio.sleep(LATE_S + rules[0].burst_us / SECOND_US)

    async def ask(store, name):
        return [(await take(store, rules, f"{name}{n}"))[0] == 0 for n in range(60)]

    loop = asyncio.get_running_loop()
    began = loop.time()
    got = await asyncio.gather(*(ask(store, f"{n}-") for n, store in enumerate(stores) for _ in range(1)))
    took_s = loop.time() - began
    granted = sum(map(sum, got))
    assert 10 <= granted <= 10 + took_s * SECOND_US / rules[0].interval_us + 1
    for store in stores:
        await store.close()
