"""What a visit asks before it begins and tells when it has ended; the visit itself is made by hand."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from farm.encounter import Encounter, refusal
from farm.errors import AccessNotAgreed, AccessRefused, BrowserLost, LeftAlone, NoAvailability, VenueDown
from farm.tolerance import Breaker
from ledger.tolerances import WHOLE
from tasks.tolerated import ToleratedVisits
from tests.tasks.house import FIRST
from tests.tasks.test_resting import PARTNER, TERMS


class Made:
    """Visits that meet what they are told to."""

    def __init__(self) -> None:
        self.opened = 0

    @asynccontextmanager
    async def open(self, gate, steps, role, made=None):
        self.opened += 1
        yield SimpleNamespace(met=Encounter())


@pytest.fixture
def inner():
    return Made()


@pytest.fixture
def partner(house_farm):
    stock = house_farm.partners.by_slug[PARTNER]
    pacing = stock.pacing.model_copy(update={"requests_per_min": 100})
    return stock.model_copy(update={"pacing": pacing, "tolerance": TERMS})


@pytest.fixture
def visits(house_farm, inner, partner):
    return ToleratedVisits(inner, house_farm.ledger, house_farm.registry.venue(FIRST), partner)


async def visit(visits, *, status=200, headers=None, role=None, made=None, error: BaseException | None = None):
    """One visit that gets this one answer, and ends with that error."""
    gate: Any = None
    async with visits.open(gate, (), role, made) as one:
        one.met.answered(0.1, refusal(status, headers or {}, "GET luna.example/"))
        if error is not None:
            raise error


async def known(house_farm):
    return await house_farm.ledger.tolerances.of(PARTNER)


async def counts(house_farm):
    one = (await known(house_farm))[WHOLE].counts
    return one.visits, one.throttled, one.challenged, one.down


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (None, 200, (1, 0, 0, 0)),
        (NoAvailability(), 200, (1, 0, 0, 0)),
        (VenueDown(), 503, (1, 0, 0, 1)),
        (AccessRefused("429"), 429, (1, 1, 0, 0)),
        (KeyError("a script's own"), 429, (1, 1, 0, 0)),
        (asyncio.CancelledError(), 403, (1, 0, 1, 0)),
    ],
)
async def test_what_a_visit_met_is_told_however_it_ended(house_farm, visits, error, status, told):
    if error is None:
        await visit(visits, status=status)
    else:
        with pytest.raises(type(error)):
            await visit(visits, status=status, error=error)
    assert await counts(house_farm) == told


@pytest.mark.parametrize("error", [BrowserLost(), asyncio.CancelledError()])
async def test_a_fault_of_our_own_teaches_nothing(house_farm, visits, error):
    with pytest.raises(type(error)):
        await visit(visits, error=error)
    assert await known(house_farm) == {}


async def test_a_visit_that_the_agreement_refused_teaches_nothing(house_farm, visits, inner, monkeypatch):
    @asynccontextmanager
    async def refused(*steps):
        if steps:
            raise AccessNotAgreed("out of hours")
        yield

    monkeypatch.setattr(inner, "open", refused)
    with pytest.raises(AccessNotAgreed):
        await visit(visits)
    assert await known(house_farm) == {}


async def test_while_it_is_left_alone_not_even_a_context_is_opened(house_farm, visits, inner, clock):
    with pytest.raises(AccessRefused):
        await visit(visits, status=429, headers={"retry-after": "90"}, error=AccessRefused("429"))
    with pytest.raises(LeftAlone, match="until 12:01:30 UTC"):
        await visit(visits)
    assert inner.opened == 1
    clock.forward(90)
    await visit(visits)
    assert inner.opened == 2


async def test_one_visit_tries_and_lets_the_others_in(house_farm, visits, clock):
    with pytest.raises(AccessRefused):
        await visit(visits, status=403, error=AccessRefused("403"))
    clock.forward(3600)
    gate: Any = None
    async with visits.open(gate, (), None) as trying:
        with pytest.raises(LeftAlone):
            await visit(visits)
        trying.met.answered(0.1, None)
    assert (await known(house_farm))[WHOLE].state is Breaker.CLOSED
    await visit(visits)


async def test_an_account_has_its_own_row_and_one_made_on_the_way_has_none(house_farm, visits):
    await visit(visits, role="desk")
    await visit(visits, role="guest", made=object())
    rows = await known(house_farm)
    assert {row: one.counts.visits for row, one in rows.items()} == {WHOLE: 2, "desk": 1}


async def test_a_challenge_is_written_down_for_its_contact(house_farm, visits, partner, clock):
    headers = {"cf-mitigated": "challenge", "set-cookie": "guest=ada"}
    with pytest.raises(AccessRefused):
        await visit(visits, status=403, headers=headers, error=AccessRefused("403"))
    (notice,) = await house_farm.ledger.notices.newest()
    assert (notice.venue, notice.contact) == (FIRST, partner.access.contact)
    assert notice.until == clock.now + timedelta(hours=1)
    assert notice.evidence == {
        "request": "GET luna.example/",
        "status": 403,
        "headers": ["cf-mitigated", "set-cookie"],
        "requests": 1,
        "agreement": partner.access.reference,
        "identify": "nothing",
    }


async def test_a_partner_without_limits_is_neither_asked_nor_told(house_farm, inner):
    free = house_farm.partners.by_slug[PARTNER]
    visits = ToleratedVisits(inner, house_farm.ledger, house_farm.registry.venue(FIRST), free)
    with pytest.raises(AccessRefused):
        await visit(visits, status=403, error=AccessRefused("403"))
    assert await known(house_farm) == {}
