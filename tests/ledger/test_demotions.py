"""What broke in its nightly check is remembered until it passes."""

from __future__ import annotations

from farm.demotion import Demotion
from farm.tier import Tier


async def test_a_demotion_stands_until_the_integration_passes(ledger, clock, others):
    assert await ledger.demotions.all() == {}
    await ledger.demotions.demote(
        "luna", Tier.BRONZE, "dropped_after: not confirmed", "osteria_luna", "/reports/1.html"
    )
    told = Demotion("luna", "osteria_luna", Tier.BRONZE, clock.now, "dropped_after: not confirmed", "/reports/1.html")
    assert await others[0].demotions.all() == {"luna": told}, "every process sees it"
    await ledger.demotions.demote("shop", Tier.NONE, "its check did not end")
    assert await ledger.demotions.restore("luna")
    assert set(await others[0].demotions.all()) == {"shop"}, "and no other"
    assert not await ledger.demotions.restore("luna"), "it was not demoted any more"


async def test_one_that_breaks_again_is_told_anew_and_keeps_its_first_day(ledger, clock):
    first = clock.now
    await ledger.demotions.demote("luna", Tier.BRONZE, "the recap has changed", "osteria_luna", "/reports/1.html")
    await ledger.demotions.demote("shop", Tier.NONE, "its check did not end")
    clock.forward(24 * 3600)
    await ledger.demotions.demote("luna", Tier.NONE, "no good run", "trattoria_sole")
    assert await ledger.demotions.all() == {
        "luna": Demotion("luna", "trattoria_sole", Tier.NONE, first, "no good run", None),
        "shop": Demotion("shop", "", Tier.NONE, first, "its check did not end", None),
    }


async def test_one_that_broke_after_it_was_repaired_begins_anew(ledger, clock):
    await ledger.demotions.demote("luna", Tier.BRONZE, "the recap has changed")
    await ledger.demotions.restore("luna")
    clock.forward(3600)
    await ledger.demotions.demote("luna", Tier.BRONZE, "the recap has changed")
    assert (await ledger.demotions.all())["luna"].since == clock.now
