"""The last click: what is agreed to before it, what the gate is told, and what may still leave after it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from farm.booking import Ask, Closing, book
from farm.errors import AccessRefused, ContractBroken, PriceOverCap, RequestRefused
from farm.facts import Claim, Guest, Hold, Money, Offer, Party, Recap, Refusal, Slot
from farm.gate import Ruling
from farm.registry import Registry
from farm.request import Request, WantedSlot, WantedStay
from farm.status import Cause

REGISTRY = Registry.load([Path(__file__).parents[2] / "integrations"])
VENUE = REGISTRY.venue("osteria_luna")
MANIFEST = REGISTRY.manifest(VENUE)
REQUEST = Request(
    guest=Guest(name="Ada Rossi", email="ada@example.com"),
    party=Party(adults=2),
    when=WantedSlot(date=date(2029, 12, 4), earliest=time(19), latest=time(21)),
    venues=("osteria_luna",),
)
WHEN = Slot(starts_at=datetime(2029, 12, 4, 20, tzinfo=VENUE.zone))
OFFER = Offer(when=WHEN, resource="Tavolo 1", key="k")


class Script:
    """Everything before the click goes well; the click does what the test says."""

    def __init__(self, submit) -> None:
        self._submit = submit
        self.released = False

    def signed_out(self, page):
        return None

    async def search(self, visit, request):
        return [OFFER]

    async def hold(self, visit, offer):
        return Hold(offer=offer, binding="none")

    async def enter_guest(self, visit, hold, request):
        guest = request.guest
        return Recap(
            when=WHEN, resource="Tavolo 1", party=Party(adults=2), guest_name=guest.name, guest_email=guest.email
        )

    async def submit(self, visit, hold):
        return await self._submit(visit)

    async def release(self, visit, hold):
        self.released = True


class World:
    """Ports without a browser; the gate is the real one."""

    gate: Any = None
    wanted: Any = None
    until: Any = None

    def __init__(self) -> None:
        self.poison: Exception | None = None

    def check(self):
        if self.poison is not None:
            raise self.poison

    @asynccontextmanager
    async def open(self, gate, steps, role):
        self.gate = gate

        async def begin(wall):
            return None

        yield SimpleNamespace(page=None, gate=gate, begin=begin, check=self.check)

    @asynccontextmanager
    async def stage(self, step):
        yield

    async def note(self, text):
        raise AssertionError(text)

    def click(self) -> Ruling:
        """The request that commits, as the page would send it."""
        ruling: Ruling = self.gate.rule("POST", f"{VENUE.origin}/prenota/conferma", "document", None)
        return ruling


async def ended(
    submit=None,
    *,
    deadline_s: float = 5,
    script: Any = None,
    request=REQUEST,
    payment="none",
    world=None,
    at_guard=None,
) -> tuple[Closing, World]:
    world = world or World()
    commit = MANIFEST.commit.model_copy(update={"deadline_s": deadline_s})
    manifest = MANIFEST.model_copy(update={"commit": commit, "payment": payment})
    script = script or Script(lambda visit: submit(world))
    ask = Ask(VENUE, manifest, script, request, lambda: datetime.now(UTC))
    visits: Any = world

    async def guard(offer, hold, recap, wanted, until):
        world.wanted, world.until = wanted, until
        assert world.click() is Ruling.BREACH
        if at_guard is not None:
            at_guard()

    closing = await book(ask, visits, world, guard)
    assert not script.released, "nothing is released past the guard"
    return closing, world


async def test_a_claim_after_one_request():
    async def submit(world):
        assert world.click() is Ruling.PASS
        return Claim(reference="OL-1")

    closing, world = await ended(submit)
    assert (closing.kind, closing.sent) == ("claimed", "yes")
    assert world.click() is Ruling.STOP


async def test_a_claim_without_a_request_is_a_broken_contract():
    async def submit(world):
        return Claim(reference="OL-1")

    closing, _ = await ended(submit)
    assert (closing.kind, closing.sent, closing.cause) == ("in_doubt", "no", Cause.CONTRACT_BROKEN)


@pytest.mark.parametrize("text", ["Spiacenti, questo tavolo non è più disponibile", "Errore 17"])
async def test_a_refusal_is_one_only_in_known_words(text):
    async def submit(world):
        world.click()
        return Refusal(text=text)

    closing, _ = await ended(submit)
    assert (closing.kind, closing.sent) == ("in_doubt" if "17" in text else "refused", "yes")


@pytest.mark.parametrize("error", [KeyError("Codice"), TimeoutError()])
async def test_an_error_before_anything_left_is_a_sure_no_and_stays_one(error):
    async def submit(world):
        raise error

    closing, world = await ended(submit)
    assert (closing.kind, closing.sent) == ("in_doubt", "no")
    assert world.click() is Ruling.STOP, "the page pressed its button after the answer `no` was written"


async def test_past_its_deadline_nothing_leaves():
    async def submit(world):
        await asyncio.sleep(30)

    closing, world = await ended(submit, deadline_s=0.05)
    assert (closing.kind, closing.sent) == ("in_doubt", "no")
    assert world.click() is Ruling.STOP


async def test_a_cancelled_click_leaves_a_shut_gate():
    reached = asyncio.Event()
    worlds = []

    async def submit(world):
        worlds.append(world)
        reached.set()
        await asyncio.sleep(30)

    task = asyncio.create_task(ended(submit))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert worlds[0].click() is Ruling.STOP


async def test_the_deadline_is_one_moment_for_ledger_and_click():
    """After it somebody else may book elsewhere: a guard that took too long leaves no time to click."""

    async def submit(world):
        world.click()
        return Claim(reference="OL-1")

    def dawdle():
        while datetime.now(UTC) < world.until:
            pass

    world = World()
    closing, _ = await ended(submit, deadline_s=0.05, world=world, at_guard=dawdle)
    assert (closing.kind, closing.sent) == ("in_doubt", "no")
    assert "deadline" in closing.detail
    assert world.click() is Ruling.STOP


async def test_a_claim_outlives_what_ends_the_visit_after_it():
    """Channels that need the reference or the link could never be asked without it."""

    async def submit(world):
        world.click()
        world.poison = AccessRefused("an advertisement was answered 403")
        return Claim(reference="OL-1", link="/order/1")

    closing, _ = await ended(submit)
    assert (closing.kind, closing.sent) == ("in_doubt", "yes")
    assert closing.claim == Claim(reference="OL-1", link="/order/1")


async def test_a_visit_that_was_refused_at_the_guard_is_not_clicked():
    async def submit(world):
        raise AssertionError("clicked")

    world = World()

    def refuse():
        world.poison = AccessRefused("429")

    closing, _ = await ended(submit, world=world, at_guard=refuse)
    assert (closing.kind, closing.sent) == ("in_doubt", "no")
    assert "429" in closing.detail


async def test_submit_that_returns_nothing_is_a_doubt():
    async def submit(world):
        world.click()

    closing, _ = await ended(submit)
    assert (closing.kind, closing.sent, closing.cause) == ("in_doubt", "yes", Cause.CONTRACT_BROKEN)


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
