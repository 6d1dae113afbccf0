"""A log-in is done ahead of the moment at which a venue opens its sale; the venue's own database counts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from farm.tolerance import Met
from profiles.bounds import bounds_of
from profiles.pacing.pace import Pace
from profiles.pacing.store import Store
from tasks.warming import openings, warm
from tests.integrations.kept import House, at_desk, house, inside, restaurant
from tests.redis_servers import private_redis

__all__ = ["house", "restaurant"]
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]


async def test_a_log_in_is_ready_when_the_sale_opens(house: House) -> None:
    farm, clock = house.ground.farm, house.ground.clock
    opens_at = clock() + timedelta(minutes=30)
    house.agree(opens_at=(opens_at,), warm_ahead_min=10.0, oldest_min=60.0, renew_before_min=5.0)
    planned = list(openings(farm.registry, farm.partners))
    assert planned == [(at_desk(house), opens_at, opens_at - timedelta(minutes=10))]
    await farm.ledger.warm_ups.plan(planned)
    assert await farm.ledger.warm_ups.due(120) == []
    clock.ahead = timedelta(minutes=20)
    (due,) = await farm.ledger.warm_ups.due(120)
    await warm(farm, due)
    assert house.log_ins() == 1
    await warm(farm, due)  # the message came twice
    done = await farm.ledger.warm_ups.find(due)
    assert done is not None
    assert done.done_at is not None
    clock.ahead = timedelta(minutes=31)
    async with inside(house) as visit:
        assert visit.entry
        assert visit.entry.is_open
    assert house.log_ins() == 1


async def test_one_that_would_be_too_old_by_then_is_done_anew(house: House) -> None:
    farm, clock = house.ground.farm, house.ground.clock
    opens_at = clock() + timedelta(minutes=40)
    house.agree(opens_at=(opens_at,), warm_ahead_min=30.0, oldest_min=40.0, renew_before_min=5.0)
    async with inside(house):
        pass
    clock.ahead = timedelta(minutes=10)
    await farm.ledger.warm_ups.plan(list(openings(farm.registry, farm.partners)))
    (due,) = await farm.ledger.warm_ups.due(120)
    await warm(farm, due)
    assert house.log_ins() == 2


async def test_a_warm_up_that_is_not_let_in_is_asked_for_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    farm, clock = house.ground.farm, house.ground.clock
    monkeypatch.setenv("READBACK_TEST_DESK", "olio")
    opens_at = clock() + timedelta(minutes=5)
    house.agree(secret="env:READBACK_TEST_DESK", opens_at=(opens_at,))
    await farm.ledger.warm_ups.plan(list(openings(farm.registry, farm.partners)))
    (due,) = await farm.ledger.warm_ups.due(120)
    await warm(farm, due)
    assert await farm.ledger.warm_ups.due(120) == []
    clock.ahead = timedelta(minutes=2)
    assert await farm.ledger.warm_ups.due(120) == [due]


async def test_a_partner_that_is_left_alone_is_not_warmed_up_either(house: House, tmp_path: Path) -> None:
    farm, clock = house.ground.farm, house.ground.clock
    opens_at = clock() + timedelta(minutes=5)
    house.agree(opens_at=(opens_at,))
    agreed = farm.partners.must_have(house.ground.venue.partner)
    pacing = agreed.pacing.model_copy(update={"requests_per_min": 100_000})
    farm.partners.by_slug[agreed.slug] = limited = agreed.model_copy(update={"pacing": pacing})
    bounds, pace = bounds_of(limited), farm.pace
    assert bounds is not None
    await farm.ledger.warm_ups.plan(list(openings(farm.registry, farm.partners)))
    (due,) = await farm.ledger.warm_ups.due(120)
    with private_redis(tmp_path) as server:
        farm.pace = Pace(Store(server.url))
        try:
            await farm.ledger.tolerances.tell(agreed.slug, None, bounds, Met("challenged"))
            await warm(farm, due)
            assert house.log_ins() == 0
            await farm.ledger.tolerances.go_on(agreed.slug)
            await warm(farm, due)
            assert house.log_ins() == 1, "once the contact has answered"
        finally:
            await farm.pace.store.close()
            farm.pace = pace
            farm.partners.by_slug[agreed.slug] = agreed
            await farm.ledger.tolerances.forget(agreed.slug)
