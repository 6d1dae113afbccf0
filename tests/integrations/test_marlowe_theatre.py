"""The theatre's script beyond what its cases play: what it lists, what it refuses, which card it cannot pay with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time

import pytest
from playwright.async_api import Browser
from pydantic import SecretStr

from farm.contract import Card
from farm.errors import PaymentRefused, RequestRefused, SessionLost
from farm.facts import Money, Party
from farm.request import WantedSlot
from farm.status import Cause
from fixtures.kit.process import TwinProcess
from tests.integrations.marlowe import PASSWORD, WISH, Cards, Evening, a_number

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
SATURDAY = WantedSlot(date=date(2029, 12, 8), earliest=time(14), latest=time(21))
MOST_OFFERS = 15


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwinProcess]:
    folder = tmp_path_factory.mktemp("marlowe")
    with TwinProcess.start("fixtures.marlowe_theatre", folder, box_office_password=PASSWORD) as twin:
        yield twin


class Mistyped(Cards):
    """A vault whose card fails its check digit."""

    def open(self, token: str) -> Card:
        card = super().open(token)
        return card.model_copy(update={"number": SecretStr(a_number()[:-1] + str((int(a_number()[-1]) + 1) % 10))})


async def test_the_search_lists_one_run_of_seats_a_row(browser: Browser, twin: TwinProcess) -> None:
    evening = Evening(browser, twin, WISH.model_copy(update={"when": SATURDAY}))
    async with evening.visit() as visit:
        offers = await evening.ask.script.search(visit, evening.ask.request)
    by_time = {at: [offer for offer in offers if offer.when == at] for at in {offer.when for offer in offers}}
    assert len(by_time) == 2
    for some in by_time.values():
        assert 5 < len(some) <= MOST_OFFERS
        assert len({(offer.resource or "").rpartition(" · ")[0] for offer in some}) == len(some)
    assert {offer.party for offer in offers} == {Party(adults=2, units=2)}
    assert min(offer.price.minor for offer in offers if offer.price) == 3600
    assert {offer.service for offer in offers} <= {sold.service for sold in evening.ask.venue.sells}


async def test_one_guest_and_a_whole_family(browser: Browser, twin: TwinProcess) -> None:
    alone, family = Party(adults=1), Party(adults=2, children=3)
    for party in (alone, family):
        closing = await Evening(browser, twin, WISH.model_copy(update={"party": party})).book()
        assert closing.kind == "claimed"
    one, five = twin.records()
    assert (one.people, one.price_minor, five.people, five.price_minor) == (1, 1800, 5, 9000)
    assert " · Seat " in one.resource
    assert " · Seats " in five.resource


async def test_more_than_the_theatre_sells_at_once(browser: Browser, twin: TwinProcess) -> None:
    with pytest.raises(RequestRefused):
        await Evening(browser, twin, WISH.model_copy(update={"party": Party(adults=9)})).book()


async def test_a_card_that_is_none_is_said_and_the_seats_go_back(browser: Browser, twin: TwinProcess) -> None:
    evening = Evening(browser, twin)
    evening.ask = replace(evening.ask, vault=Mistyped())
    with pytest.raises(PaymentRefused) as told:
        await evening.book()
    assert told.value.cause is Cause.PAYMENT_OPTION_NOT_VALID
    assert (twin.holds(), twin.records(), twin.arrivals("pay")) == ([], [], 0)


async def test_the_amount_of_pay_is_the_one_of_the_last_page(browser: Browser, twin: TwinProcess) -> None:
    twin.set_fault("fee_added_late")
    evening = Evening(browser, twin)
    script, request = evening.ask.script, evening.ask.request
    async with evening.visit() as visit:
        hold = await script.hold(visit, (await script.search(visit, request))[0])
        recap = await script.enter_guest(visit, hold, request)
        paid = await script.pay(visit, hold, Cards().open("ada"))
    assert recap.price is not None
    assert paid == Money(minor=recap.price.minor + 350, currency="GBP")
    assert twin.fault_hits("fee_added_late") == 1


async def test_a_wrong_password_is_a_lost_session(
    browser: Browser, twin: TwinProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("READBACK_MARLOWE_USER", "boxoffice")
    monkeypatch.setenv("READBACK_MARLOWE_PASSWORD", "ink")
    evening = Evening(browser, twin, secret="env:READBACK_MARLOWE_PASSWORD")
    async with evening.visit("box_office") as visit:
        assert visit.account is not None
        with pytest.raises(SessionLost, match="user name and password"):
            await evening.ask.script.log_in(visit, visit.account)
