"""A card before the commit: opened late, compared with what was agreed, and never said."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from farm.contract import Card
from farm.errors import ContractBroken, PaymentRefused, PriceOverCap, RecapMismatch, RequestRefused, VenueChanged
from farm.facts import Claim, Money, Offer, Recap
from farm.manifest import Tolerance
from farm.phases import Step
from farm.status import Cause
from tests.farm.attempt import OFFER, REQUEST, Script, World, ended

NUMBER = "4" + "0" * 11 + "0002"
WISH = REQUEST.model_copy(update={"card": "tok_7"})
CARD = Card(
    token="tok_7",
    holder="Ada Rossi",
    number=SecretStr(NUMBER),
    expires_month=4,
    expires_year=2031,
    code=SecretStr("987"),
)


AGREED = Money(minor=7600, currency="EUR")


def euros(amount: float) -> Money:
    return Money(minor=round(amount * 100), currency="EUR")


class Cards:
    """A vault with one card, which tells how often it was opened."""

    opened = 0

    def open(self, token: str) -> Card:
        self.opened += 1
        assert token == "tok_7"
        return CARD


class Theatre(Script):
    """Asks for a card between the recap and the click."""

    def __init__(self, world: World, asks: Any = AGREED) -> None:
        super().__init__(self.click)
        self._world, self._asks = world, asks
        self.clicked = False

    async def enter_guest(self, visit: Any, hold: Any, request: Any) -> Recap:
        recap = await super().enter_guest(visit, hold, request)
        return Recap(**{**dict(recap), "price": AGREED})

    async def pay(self, visit: Any, hold: Any, card: Card) -> Any:
        if isinstance(self._asks, Exception):
            raise self._asks
        return self._asks

    async def click(self, visit: Any) -> Claim:
        self._world.click()
        self.clicked = True
        return Claim(reference="MT-1")


async def test_the_card_is_opened_once_and_the_booking_goes_on() -> None:
    world, cards = World(), Cards()
    theatre = Theatre(world)
    closing, _ = await ended(script=theatre, request=WISH, payment="full", world=world, vault=cards)
    assert (closing.kind, cards.opened, theatre.clicked) == ("claimed", 1, True)
    assert world.steps[-2:] == (Step.PAY, Step.SUBMIT), "the visit was agreed to with its payment"


async def test_no_card_no_visit() -> None:
    with pytest.raises(RequestRefused, match="needs card"):
        await ended(script=Theatre(World()), payment="full", vault=Cards())


async def test_a_farm_without_a_vault_pays_nowhere() -> None:
    with pytest.raises(PaymentRefused) as told:
        await ended(script=Theatre(World()), request=WISH, payment="full")
    assert told.value.cause is Cause.PAYMENT_OPTION_NOT_VALID


async def test_where_no_card_is_wanted_none_is_opened() -> None:
    world, cards = World(), Cards()
    await ended(script=Theatre(world), request=WISH, payment="at_venue", world=world, vault=cards)
    assert cards.opened == 0
    assert Step.PAY not in world.steps


@pytest.mark.parametrize(
    ("asks", "means"),
    [
        (euros(78.5), RecapMismatch),
        (Money(minor=7600, currency="GBP"), RecapMismatch),
        (PaymentRefused("the bank declined"), PaymentRefused),
        ("76", ContractBroken),
    ],
)
async def test_what_the_payment_page_says_stops_the_attempt_before_its_commit(asks: Any, means: Any) -> None:
    world = World()
    theatre = Theatre(world, asks)
    with pytest.raises(means):
        await ended(script=theatre, request=WISH, payment="full", world=world, vault=Cards())
    assert (theatre.clicked, theatre.released) == (False, True)


async def test_an_amount_over_the_cap_is_not_paid() -> None:
    world = World()
    capped = WISH.model_copy(update={"price_cap": euros(70)})
    with pytest.raises(PriceOverCap):
        await ended(script=Theatre(world), request=capped, payment="full", world=world, vault=Cards())


async def test_a_fee_that_is_tolerated_still_keeps_the_cap() -> None:
    world = World()
    theatre = Theatre(world, euros(78))
    tolerant: dict[str, Any] = {
        "payment": "full",
        "tolerance": Tolerance(price_minor=300),
        "world": world,
        "vault": Cards(),
    }
    capped = WISH.model_copy(update={"price_cap": euros(77)})
    with pytest.raises(PriceOverCap):
        await ended(script=theatre, request=capped, **tolerant)
    assert (theatre.clicked, theatre.released) == (False, True)
    closing, _ = await ended(script=Theatre(world, euros(78)), request=WISH, **tolerant)
    assert closing.kind == "claimed"


class Listed(Theatre):
    """The list says the price, and what it repeats before the click does not."""

    async def search(self, visit: Any, request: Any) -> list[Offer]:
        return [OFFER.model_copy(update={"price": AGREED, "price_stage": "final"})]

    async def enter_guest(self, visit: Any, hold: Any, request: Any) -> Recap:
        return (await super().enter_guest(visit, hold, request)).model_copy(update={"price": None})


async def test_a_price_that_only_the_list_said_is_what_may_be_charged() -> None:
    world = World()
    theatre = Listed(world, euros(78.5))
    with pytest.raises(RecapMismatch, match="asks for another amount"):
        await ended(script=theatre, request=WISH, payment="full", world=world, vault=Cards())
    assert (theatre.clicked, theatre.released) == (False, True)


async def test_an_error_of_the_payment_page_says_no_number() -> None:
    world = World()
    spaced = " ".join(NUMBER[place : place + 4] for place in range(0, 16, 4))
    theatre = Theatre(world, LookupError(f"no field takes {NUMBER}, nor {spaced}"))
    with pytest.raises(VenueChanged) as told:
        await ended(script=theatre, request=WISH, payment="full", world=world, vault=Cards())
    assert "no field takes [number], nor [number]" in str(told.value)
