"""Whose turn it is: visits at once, bookings of an hour, shares of resellers, who must know soon, who is gone."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from profiles.pacing.rules import of_clicks, of_requests
from profiles.pacing.store import GRACE_S, LEASE_S
from tests.profiles.pacing.conftest import Line, terms


async def served(
    line: Line, waiting: Mapping[str, tuple[str, float | None]], most: int, took_s: float = 5.0
) -> list[str]:
    """Who comes in, in order, when everybody comes back at the moment that they were told."""
    due = dict.fromkeys(waiting, line.store.now_us)
    ends: dict[str, int] = {}
    line.inside.clear()
    while due and len(line.inside) < most:
        next_us = min([*due.values(), *ends.values()])
        line.store.now_us = max(line.store.now_us, next_us)
        for ticket in [t for t, at in ends.items() if at <= line.store.now_us]:
            await line.leave(ticket, took_s)
            del ends[ticket]
        for ticket in [t for t, at in due.items() if at <= line.store.now_us]:
            reseller, hurry = waiting[ticket]
            wait_s = await line.ask(ticket, reseller, hurry)
            if wait_s == 0:
                ends[ticket] = line.store.now_us + round(took_s * 1_000_000)
                del due[ticket]
            else:
                due[ticket] = line.store.now_us + round(wait_s * 1_000_000)
    return list(line.inside)


async def test_as_many_visits_as_agreed(line):
    line.visits = 2
    assert [await line.ask(name) for name in "ab"] == [0, 0]
    assert await line.ask("c") > 0
    await line.leave("a")
    line.store.forward(GRACE_S / 2)
    await line.store.ask("p", "renew", {"ticket": "b", "places": [{"key": 2, "limit": 2}]})
    assert await line.ask("c") == 0
    assert await line.ask("c") == 0, "a lost reply asks again"
    assert await line.ask("d") > 0
    line.store.forward(LEASE_S)
    assert await line.ask("d") == 0, "nobody has spoken of the others for so long"


async def test_a_redis_that_was_emptied_lets_nobody_in_while_visits_may_still_be_there(line):
    await line.ask("a")
    await line.store.client.flushall()
    assert await line.ask("b") >= LEASE_S - 1
    line.store.forward(LEASE_S / 2)
    await line.store.ask("p", "renew", {"ticket": "a", "places": [{"key": 2, "limit": 1}]})
    line.store.forward(LEASE_S / 2)
    assert await line.ask("b") > 0, "the visit from before has its place again"
    await line.leave("a")
    line.store.forward(2)
    assert await line.ask("b") == 0


async def test_a_reseller_with_few_is_not_behind_one_with_many(line):
    many = {f"many{n}": ("many", None) for n in range(60)}
    few = {f"zfew{n}": ("few", None) for n in range(2)}
    first = await served(line, many | few, 8)
    assert {"zfew0", "zfew1"} <= set(first[:5])


async def test_a_late_comer_is_not_behind_those_who_were_there_with_many(line):
    waiting = {f"many{n}": ("many", None) for n in range(40)}
    await line.ask("someone else")
    for ticket, (reseller, _) in waiting.items():
        await line.ask(ticket, reseller)
    await line.leave("someone else")
    assert "zlate" in (await served(line, waiting | {"zlate": ("few", None)}, 8))[:4]


async def test_who_must_know_soon_goes_first_and_nobody_waits_for_ever(line):
    hurried: dict[str, tuple[str, float | None]] = {f"soon{n}": ("hasty", 2_000_000_000.0 + n) for n in range(30)}
    calm = {f"calm{n}": ("calm", None) for n in range(3)}
    first = await served(line, calm | hurried, 12)
    assert [name for name in first if name.startswith("soon")][:3] == ["soon0", "soon1", "soon2"]
    assert {"calm0", "calm1", "calm2"} <= set(first)
    assert first.index("soon0") <= 2


async def test_who_must_know_soon_does_not_wait_for_the_rest_of_its_own_reseller(line):
    calm: dict[str, tuple[str, float | None]] = {f"calm{n:02}": ("ada", None) for n in range(20)}
    first = await served(line, calm | {"soon": ("ada", 2_000_000_000.0)}, 5)
    assert "soon" in first[:3]


async def test_who_never_comes_back_is_skipped_after_the_promised_moment(line):
    await line.ask("a")
    gone_s = await line.ask("gone")
    waits_s = await line.ask("waits")
    assert gone_s <= waits_s
    await line.leave("a")
    line.store.forward(gone_s)
    assert await line.ask("waits") > 0, "the one before is just coming"
    line.store.forward(GRACE_S + 1)
    assert await line.ask("waits") == 0


async def test_the_wait_follows_from_the_place_in_the_queue(line):
    line.visits, line.cost_s = None, 3.0
    assert await line.ask("a") == 0
    assert await line.ask("b") == 0
    waits = [await line.ask(f"c{n}") for n in range(4)]
    assert waits == pytest.approx([3, 6, 9, 12], abs=0.1)


async def test_what_was_clicked_is_looked_after_before_anything_new(line):
    await line.ask("a")
    await line.ask("new")
    assert await line.ask("look", must=True) > 0
    await line.leave("a")
    line.store.forward(2)
    assert await line.ask("new") > 0, "the place is for the look"
    assert await line.ask("look", must=True) == 0


async def test_bookings_of_an_hour_count_those_that_are_on_their_way(line):
    rule = of_clicks(terms(bookings_per_hour=10))
    assert rule is not None
    line.visits, line.clicks = 5, rule.asked
    assert await line.ask("too early") > 0
    line.store.forward(3600)
    assert await line.ask("a") == 0
    wait_s = await line.ask("b")
    assert wait_s == pytest.approx(rule.interval_us / 1e6, abs=1)
    await line.leave("a")  # it booked nothing
    line.store.forward(1)
    assert await line.ask("b") == 0 or await line.ask("b") <= 1


async def test_a_booking_that_was_committed_is_no_longer_on_its_way(line):
    rule = of_clicks(terms(bookings_per_hour=3600))
    assert rule is not None
    line.visits, line.clicks = 5, rule.asked
    await line.ask("day one")
    line.store.forward(3600)
    await line.ask("a")
    assert await line.store.client.zcard("readback:pace:{p}:clicks") == 1
    asked = {"rules": [rule.asked], "ticket": "a", "keep_ms": 1000}
    assert (await line.store.ask("p", "take", asked, "click"))[0] == 0
    assert await line.store.client.zcard("readback:pace:{p}:clicks") == 0


async def test_a_visit_without_a_permit_waits_after_a_restart_too(line):
    await line.store.client.flushall()
    asked = {"ticket": "v", "places": [{"key": 2, "limit": 5}]}
    assert (await line.store.ask("p", "enter", asked))[0] == pytest.approx(LEASE_S)
    line.store.forward(LEASE_S)
    assert (await line.store.ask("p", "enter", asked))[0] == 0


async def test_a_pause_holds_for_what_is_there_already(line):
    rules = of_requests(terms())
    asked = {"rules": [rule.asked for rule in rules], "ticket": "", "keep_ms": 1000}
    await line.store.ask("p", "take", asked, "day one")
    line.store.forward(60)
    await line.store.ask("p", "pause", {"wait": 30_000_000})
    assert (await line.store.ask("p", "take", asked, "on its way"))[0] == pytest.approx(30)
    line.store.forward(30)
    assert (await line.store.ask("p", "take", asked, "on its way"))[0] == 0


async def test_a_pause_holds_for_everybody_and_is_never_cut_short(line):
    await line.store.ask("p", "pause", {"wait": 30_000_000})
    await line.store.ask("p", "pause", {"wait": 1_000_000})
    assert await line.ask("new") == pytest.approx(30)
    assert await line.ask("look", must=True) == pytest.approx(30)
    line.store.forward(30)
    assert await line.ask("look", must=True) == 0
