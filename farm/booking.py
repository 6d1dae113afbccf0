"""The one order of steps. A script can neither reorder nor skip one; the core decides what each answer means."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from playwright.async_api import Locator, Page

from farm import closing
from farm.choosing import choose, in_cap
from farm.closing import Closing
from farm.compare import compare, expected
from farm.contract import Account, Vault, VenueScript
from farm.errors import (
    AccessRefused,
    ContractBroken,
    FarmError,
    NotBooked,
    OutcomeUnknown,
    PaymentRefused,
    PriceOverCap,
    RecapMismatch,
    RequestRefused,
    SlotLost,
    VenueChanged,
)
from farm.evidence import Scene
from farm.facts import Claim, Facts, Hold, Money, Offer, Recap, Slot
from farm.gate import CommitGate
from farm.manifest import Manifest
from farm.phases import Phase, Step, meaning
from farm.ports import Guard, Journal, Nobody, Visits, Witness
from farm.request import Clock, Request
from farm.status import Cause
from farm.venue import Venue
from farm.visit import Visit

T = TypeVar("T")


@dataclass(frozen=True)
class Ask:
    """One attempt at one venue.

    Attributes:
        request: As planted: the guest's e-mail or note carries our reference.
        made: The account that the guest gets on the way, where the site wants one; minted before the attempt.
        vault: Where the request's card is, for sites that want one.
        witness: Sees what the attempt sees.
    """

    venue: Venue
    manifest: Manifest
    script: VenueScript
    request: Request
    clock: Clock
    made: Account | None = None
    vault: Vault | None = None
    witness: Witness = Nobody()  # noqa: RUF009 - it has no state


async def book(ask: Ask, visits: Visits, journal: Journal, guard: Guard) -> Closing:
    """Search, hold, enter the guest, compare, guard, and click once.

    Returns:
        A claim, a refusal or a doubt. None of them is proof.

    Raises:
        NotBooked: Nothing was committed; the booking may go to the next venue.
        ContractBroken: The script or manifest is wrong, found before the commit: nothing was committed.
    """
    lacking = ask.request.lacks((*ask.manifest.demands, *ask.venue.needs))
    if lacking:
        raise RequestRefused(f"{ask.venue.slug} needs {', '.join(lacking)}")
    if ask.request.takes != ask.manifest.takes:
        raise RequestRefused(f"{ask.venue.slug} books by {ask.manifest.takes}, and a {ask.request.takes} is wanted")
    steps = (Step.SEARCH, Step.HOLD, Step.ENTER_GUEST, *((Step.PAY,) if ask.manifest.pays else ()), Step.SUBMIT)
    gate = CommitGate(
        ask.manifest.commit, ask.manifest.safe, ask.venue.origin, never=ask.manifest.never(ask.manifest.commit)
    )
    async with visits.open(gate, steps, ask.manifest.made_role, ask.made) as visit:
        attempt = _Attempt(ask, visit, journal)
        await visit.begin(log_in_wall(ask.script, visit.page))
        hold, recap, wanted = await attempt.prepare()
        try:
            async with journal.stage(Step.GUARD):
                await guard.ready(hold.offer)
                until = ask.clock() + timedelta(seconds=ask.manifest.commit.deadline_s)
                await guard(hold.offer, hold, recap, wanted, until)
        except NotBooked:
            await attempt.release(hold)
            raise
        gate.open_once(until, ask.clock, _in_zone(wanted, ask.venue))
        return await attempt.submit(hold, wanted, until)


def _in_zone(wanted: Facts, venue: Venue) -> Facts:
    """With the time as the venue writes it."""
    if not isinstance(wanted.when, Slot):
        return wanted
    local = wanted.when.model_copy(update={"starts_at": wanted.when.starts_at.astimezone(venue.zone)})
    return wanted.model_copy(update={"when": local})


def log_in_wall(script: VenueScript, page: Page) -> Locator | None:
    """The script's log-in wall.

    Raises:
        ContractBroken: The script cannot say.
    """
    try:
        return script.signed_out(page)
    except Exception as error:
        raise ContractBroken(f"`signed_out` of {type(script).__name__} fails: {type(error).__name__}") from error


class _Attempt:
    """The steps of one attempt in one visit."""

    def __init__(self, ask: Ask, visit: Visit, journal: Journal) -> None:
        self._ask = ask
        self._visit = visit
        self._journal = journal

    async def prepare(self) -> tuple[Hold, Recap, Facts]:
        """Everything that can be given up at any point; a lost slot is searched for once more."""
        try:
            hold = await self._search_and_hold()
        except SlotLost:
            hold = await self._search_and_hold()
        wanted = expected(self._ask.request, hold.offer)
        try:
            script = self._ask.script
            recap = await self._step(
                Step.ENTER_GUEST, lambda: script.enter_guest(self._visit, hold, self._ask.request)
            )
            _must_be(Recap, recap, Step.ENTER_GUEST)
            await self._ask.witness.saw(Scene.RECAP, self._visit)
            self._compare_recap(wanted, recap)
            if self._ask.manifest.pays:
                await self._pay(hold, recap.price or wanted.price)
            self._must_have_time_left(hold)
        except AccessRefused:
            raise  # nothing more goes there, not even to give the hold back
        except (NotBooked, ContractBroken):
            await self.release(hold)
            raise
        # where the list showed no final price, the one that was agreed to with the last click is what the record owes
        return hold, recap, wanted if wanted.price else wanted.model_copy(update={"price": recap.price})

    async def submit(self, hold: Hold, wanted: Facts, until: datetime) -> Closing:
        """The point of no return. Whatever happens now is a claim, a known refusal, or a doubt."""
        closing = await self._submit(hold, wanted, until)
        await self._ask.witness.saw(Scene.CLAIM, self._visit)
        return closing

    async def _submit(self, hold: Hold, wanted: Facts, until: datetime) -> Closing:
        gate = self._visit.gate
        answer: object = None
        try:
            async with self._journal.stage(Step.SUBMIT):
                async with asyncio.timeout(self._left_s(until)):
                    self._visit.check()
                    answer = await self._ask.script.submit(self._visit, hold)
                    self._visit.check()
        except Exception as error:  # noqa: BLE001 - past the guard every error is a doubt
            said = meaning(error, Phase.COMMIT, Step.SUBMIT, self._ask.request.guest)
            claim = answer if isinstance(answer, Claim) else None
            if gate.differing:
                return closing.stopped(gate.differing, gate.shut())
            return closing.unknown(str(said), gate.shut(), claim)
        finally:
            sent = gate.shut()  # also when the work is cancelled: a lost lease must not click any more
        if gate.differing:
            return closing.stopped(gate.differing, sent)
        return closing.answered(answer, sent, wanted, self._ask.venue, self._ask.manifest)

    def _left_s(self, until: datetime) -> float:
        """Seconds to the submit deadline; past it the record counts as absent, and nothing may leave any more."""
        left_s = (until - self._ask.clock()).total_seconds()
        if left_s <= 0:
            raise OutcomeUnknown("the submit deadline passed before the click")
        return left_s

    async def release(self, hold: Hold) -> None:
        """Give a hold back; that this failed changes nothing for the booking: the hold ends by itself."""
        try:
            async with self._journal.stage(Step.RELEASE), asyncio.timeout(self._ask.manifest.step_s):
                await self._ask.script.release(self._visit, hold)
                await self._journal.given_back()
        except Exception as error:  # noqa: BLE001 - said, not raised: what went wrong before is what counts
            said = meaning(error, Phase.BEFORE, Step.RELEASE, self._ask.request.guest)
            await self._journal.note(f"the hold was not given back: {said}")

    async def _search_and_hold(self) -> Hold:
        ask = self._ask
        offers = await self._step(Step.SEARCH, lambda: ask.script.search(self._visit, ask.request))
        _must_be(list, offers, Step.SEARCH)
        for offer in offers:
            _must_be(Offer, offer, Step.SEARCH)
        ask.witness.listed(ask.request, offers)
        offer = choose(offers, ask.request, ask.venue)
        if offer.resource is None:
            raise ContractBroken(f"the offers of {ask.venue.slug} name no resource: no record could ever be matched")
        hold = await self._step(Step.HOLD, lambda: ask.script.hold(self._visit, offer))
        _must_be(Hold, hold, Step.HOLD)
        await self._journal.held(hold)
        try:
            self._must_have_time_left(hold)
        except SlotLost:
            await self.release(hold)
            raise
        return hold

    async def _step(self, step: Step, act: Callable[[], Awaitable[T]]) -> T:
        """One step before the commit, under its deadline; an error means that nothing was booked."""
        async with self._journal.stage(step):
            try:
                async with asyncio.timeout(self._ask.manifest.step_s):
                    answer = await act()
                    self._visit.check()
                    return answer
            except Exception as error:
                await self._ask.witness.saw(Scene.TROUBLE, self._visit)
                raise meaning(_root(error, self._visit), Phase.BEFORE, step, self._ask.request.guest) from error

    async def _pay(self, hold: Hold, agreed: Money | None) -> None:
        """Reserve the money; the amount that the payment page shows must be the one agreed to so far."""
        ask = self._ask
        if ask.vault is None or ask.request.card is None:
            raise PaymentRefused(
                f"{ask.venue.slug} wants a card, and there is none", cause=Cause.PAYMENT_OPTION_NOT_VALID
            )
        card = ask.vault.open(ask.request.card)
        amount = await self._step(Step.PAY, lambda: ask.script.pay(self._visit, hold, card))
        _must_be(Money, amount, Step.PAY)
        self._must_be_in_cap(amount)
        if self._differing(Facts(price=agreed), Facts(price=amount)):
            raise RecapMismatch(f"the payment page of {ask.venue.slug} asks for another amount than was agreed to")

    def _must_have_time_left(self, hold: Hold) -> None:
        if hold.expires_at is None:
            return
        left = hold.expires_at - self._ask.clock()
        if left < timedelta(seconds=self._ask.manifest.hold_min_left_s):
            raise SlotLost(f"the hold at {self._ask.venue.slug} ends in {left.total_seconds():.0f} s: too soon")

    def _compare_recap(self, wanted: Facts, recap: Recap) -> None:
        missing = [name for name in self._ask.manifest.recap if getattr(recap, name) is None]
        if missing:
            raise VenueChanged(f"the recap of {self._ask.venue.slug} no longer shows {', '.join(missing)}")
        differing = self._differing(wanted, recap)
        if differing:
            raise RecapMismatch(f"the recap of {self._ask.venue.slug} differs in {', '.join(differing)}")
        self._must_be_in_cap(recap.price or wanted.price)

    def _differing(self, wanted: Facts, shown: Facts) -> tuple[str, ...]:
        return compare(wanted, shown, self._ask.manifest.tolerance, self._ask.venue.zone).differing

    def _must_be_in_cap(self, price: Money | None) -> None:
        request, slug = self._ask.request, self._ask.venue.slug
        if not in_cap(price, request):
            raise PriceOverCap(f"the price at {slug} has grown over the cap")
        if request.caps and price is None and self._ask.manifest.payment != "none":
            raise PriceOverCap(f"{slug} shows no price before the last click, so that no cap can be kept")


def _root(error: Exception, visit: Visit) -> Exception:
    """What poisoned the visit, if that is what the step's error comes from."""
    try:
        visit.check()
    except FarmError as poison:
        return poison
    return error


def _must_be(kind: type, answer: object, step: Step) -> None:
    """A script's wrong answer is a broken contract, not a failure of whatever uses it."""
    if not isinstance(answer, kind):
        raise ContractBroken(f"`{step}` returned {type(answer).__name__}, and not {kind.__name__}")
