"""Before the last click: what is agreed to, and what a script may answer; nothing wrong gets as far as the click."""

from __future__ import annotations

from datetime import date

import pytest

from farm.errors import AccessRefused, ContractBroken, PriceOverCap, RecapMismatch, RequestRefused, VenueChanged
from farm.facts import Claim, Money, Party, Slot
from farm.request import WantedStay
from tests.farm.attempt import MANIFEST, OFFER, REQUEST, VENUE, WHEN, Script, World, ended


class Wrong(Script):
    """One step answers with something else."""

    def __init__(self, step, answer) -> None:
        super().__init__(None)
        setattr(self, step, self._wrong)
        self._answer = answer

    async def _wrong(self, *_):
        return self._answer


@pytest.mark.parametrize(
    ("step", "answer"), [("search", None), ("search", [None]), ("hold", None), ("enter_guest", OFFER)]
)
async def test_a_wrong_answer_is_a_broken_contract_and_names_its_step(step, answer):
    with pytest.raises(ContractBroken, match=f"`{step}` returned"):
        await ended(script=Wrong(step, answer))


async def test_a_wall_that_cannot_be_told_is_a_broken_contract():
    script = Script(None)
    script.signed_out = lambda page: page.nothing  # type: ignore[method-assign]  # as a slip in a script
    with pytest.raises(ContractBroken, match="signed_out"):
        await ended(script=script)


class Recaps(Script):
    """What it repeats before the last click differs in this."""

    def __init__(self, **shows) -> None:
        super().__init__(None)
        self._shows = shows

    async def enter_guest(self, visit, hold, request):
        return (await super().enter_guest(visit, hold, request)).model_copy(update=self._shows)


@pytest.mark.parametrize("fact", MANIFEST.recap)
async def test_a_recap_that_shows_less_than_the_manifest_says_is_a_changed_venue(fact):
    script = Recaps(**{fact: None})
    with pytest.raises(VenueChanged, match=f"no longer shows {fact}$"):
        await ended(script=script)
    assert script.released


@pytest.mark.parametrize(
    ("fact", "other"),
    [
        ("when", Slot(starts_at=WHEN.starts_at.replace(hour=21))),
        ("resource", "Tavolo 2"),
        ("party", Party(adults=3)),
        ("guest_name", "Eva Bianchi"),
        ("guest_email", "eva@example.com"),
    ],
)
async def test_a_recap_of_something_else_is_never_clicked(fact, other):
    script = Recaps(**{fact: other})
    with pytest.raises(RecapMismatch, match=f"differs in {fact}$"):
        await ended(script=script)
    assert script.released


async def test_an_offer_of_no_resource_could_never_be_matched():
    class Unnamed(Script):
        async def search(self, visit, request):
            return [OFFER.model_copy(update={"resource": None})]

    with pytest.raises(ContractBroken, match="name no resource"):
        await ended(script=Unnamed(None))


class LedgerIsAway(World):
    def stage(self, step):
        raise ConnectionError("the ledger")


async def test_trouble_of_our_own_is_not_blamed_on_the_venue():
    with pytest.raises(ConnectionError):
        await ended(script=Script(None), world=LedgerIsAway())


class Priced(Script):
    """A list with (or without) a price, and a recap with another one."""

    def __init__(self, listed, stage, recap) -> None:
        super().__init__(self._go)
        self._listed, self._stage, self._recap = listed, stage, recap

    async def _go(self, visit):
        visit.gate.rule("POST", f"{VENUE.origin}/prenota/conferma", "document", None)
        return Claim(reference="OL-1")

    async def search(self, visit, request):
        return [OFFER.model_copy(update={"price": self._listed, "price_stage": self._stage})]

    async def enter_guest(self, visit, hold, request):
        recap = await super().enter_guest(visit, hold, request)
        return recap.model_copy(update={"price": self._recap})


EUR_30, EUR_33, EUR_99 = (Money(minor=minor, currency="EUR") for minor in (3000, 3300, 9900))
CAPPED = REQUEST.model_copy(update={"price_cap": Money(minor=3500, currency="EUR")})


@pytest.mark.parametrize("listed", [None, EUR_30])
async def test_the_price_of_the_recap_is_what_the_record_owes(listed):
    """Fees come late: what was agreed to with the last click is compared, not the lower bound of the list."""
    closing, world = await ended(script=Priced(listed, "lower_bound", EUR_33), request=CAPPED, payment="at_venue")
    assert closing.kind == "claimed"
    assert world.wanted.price == EUR_33


@pytest.mark.parametrize(("listed", "recap"), [(EUR_30, EUR_99), (None, EUR_99), (None, None)])
async def test_nothing_is_booked_over_the_cap_or_without_a_price_to_hold_against_it(listed, recap):
    script = Priced(listed, "lower_bound", recap)
    with pytest.raises(PriceOverCap):
        await ended(script=script, request=CAPPED, payment="at_venue")
    assert script.released


async def test_where_nothing_is_to_be_paid_a_cap_is_kept_without_a_price():
    closing, _ = await ended(script=Priced(None, "final", None), request=CAPPED)
    assert closing.kind == "claimed"


async def test_a_final_price_of_the_list_need_not_be_repeated():
    closing, world = await ended(script=Priced(EUR_30, "final", None), request=CAPPED, payment="at_venue")
    assert (closing.kind, world.wanted.price) == ("claimed", EUR_30)


async def test_without_a_cap_no_price_need_show():
    closing, _ = await ended(script=Priced(None, "final", None), payment="at_venue")
    assert closing.kind == "claimed"


async def test_after_a_refusal_nothing_more_goes_there():
    class Refused(Script):
        async def enter_guest(self, visit, hold, request):
            raise AccessRefused("403")

    script = Refused(None)
    with pytest.raises(AccessRefused):
        await ended(script=script)
    assert not script.released


async def test_nights_are_not_asked_for_at_a_house_that_takes_times():
    stay = WantedStay(check_in=date(2029, 12, 4), check_out=date(2029, 12, 5))
    with pytest.raises(RequestRefused, match="books by slot"):
        await ended(script=Script(None), request=REQUEST.model_copy(update={"when": stay}))
