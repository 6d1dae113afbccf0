"""What every script must be able to do besides surviving faults; each manner is one function and one sentence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from playwright.async_api import Locator

from farm.errors import ContractBroken
from farm.facts import Sighting
from farm.identity import Whose, whose
from farm.reading import usable
from farm.status import BookingStatus
from farm.verdict import judge
from farm.visit import Visit
from farm.wire import Answer
from fixtures.kit.catalogue import Step
from tasks.subject import subject
from tools.conformance.by_hand import ByHand
from tools.conformance.ground import Ground
from tools.conformance.play import STANDING, good_run, wrongs

FOREIGN = "Pacific/Auckland"
"""A zone in which most of a venue's day is another date."""
BOOKING_PAGES: tuple[Step, ...] = ("search", "hold", "guest", "pay", "commit", "cancel")


class Misbehaved(Exception):
    """A script that does not keep its manners; the message says how."""


def must(fact: object, what: str) -> None:
    """Complain unless it is so.

    Raises:
        Misbehaved: It is not.
    """
    if not fact:
        raise Misbehaved(what)


async def hold_from_the_offer_alone(ground: Ground) -> None:
    """`hold` works from the offer alone, in a visit that never searched."""
    one = ByHand.under(ground)
    async with one.preparing() as visit:
        held = await one.to_hold(visit)
        await one.ask.script.release(visit, held)
    async with one.preparing() as visit:
        hold = await one.ask.script.hold(visit, held.offer)
        must(hold.offer.when == held.offer.when, "the hold is of another time than the offer")
        await one.to_the_click(visit, hold)
        await one.ask.script.release(visit, hold)


async def enter_guest_twice(ground: Ground) -> None:
    """`enter_guest` may be run twice, and says the same."""
    one = ByHand.under(ground)
    async with one.preparing() as visit:
        hold = await one.to_hold(visit)
        first = await one.ask.script.enter_guest(visit, hold, one.ask.request)
        second = await one.ask.script.enter_guest(visit, hold, one.ask.request)
        must(first == second, "the second recap differs from the first")
    _nothing_was_booked(ground)


async def click_too_early(ground: Ground) -> None:
    """A last click before the guard is stopped: nothing reaches the venue."""
    one = ByHand.under(ground)
    async with one.preparing() as visit:
        hold = await one.to_hold(visit)
        await one.to_the_click(visit, hold)
        must(not visit.gate.stopped, "something was stopped before the click")
        try:
            await one.ask.script.submit(visit, hold)
            visit.check()
        except ContractBroken:
            pass  # the gate says so
        else:
            raise Misbehaved("the click was not stopped: what it sends is not the [commit] of the manifest")
        must(visit.gate.stopped, "the click was not stopped: what it sends is not the [commit] of the manifest")
    _nothing_was_booked(ground)


async def foreign_time_zone(ground: Ground) -> None:
    """In a browser of another time zone it books what was asked for, or nothing."""
    outcome = await good_run(ground, ground.at(timezone=FOREIGN))
    found = list(wrongs(outcome))
    must(not found, "; ".join(found))
    stands = any(record.status in STANDING for record in outcome.records)
    booked = outcome.booking.status is BookingStatus.CONFIRMED
    must(booked or not stands, f"it left a record and ended {outcome.booking.status}")


async def nothing_comes_from_rows(ground: Ground) -> None:
    """An empty answer of a channel comes from the venue's own "nothing": from `rows`, or from the wire."""
    one = ByHand.under(ground)
    for channel in one.channels():
        async with one.looking(channel) as visit:
            asked = _listen(visit)
            seen = await one.read(channel, visit)
            if channel.mailbox and visit.gate.passed:
                asked.append("mailbox")
        must(not _ours(one, seen), f"channel {channel.name} shows a record of ours before anything was booked")
        must(seen or asked, f"channel {channel.name} says `nothing` and asked neither `rows` nor `call` for it")


async def capped_never_denies(ground: Ground) -> None:
    """A channel denies only where the manifest calls it complete."""
    one = ByHand.under(ground)
    for channel in one.channels():
        async with one.looking(channel) as visit:
            verdict = one.judged(await one.read(channel, visit), channel)
        must(
            not verdict.denies or channel.proves == "complete", f"channel {channel.name} denies although it is capped"
        )


async def another_booking_of_the_guest(ground: Ground) -> None:
    """A booking that the same guest made without us is never taken for ours."""
    await _is_not_ours(ground, ByHand.under(ground, planted=False))


async def another_farms_reference(ground: Ground) -> None:
    """A booking of the same guest that another farm made is never taken for ours."""
    await _is_not_ours(ground, ByHand.under(ground))


async def reads_by_another_path(ground: Ground) -> None:
    """Each channel goes to the venue's own record and to no page of the booking, and shows what the book has."""
    outcome = await good_run(ground)
    must(outcome.booking.status is BookingStatus.CONFIRMED, f"the good run ended {outcome.booking.status}")
    about = subject(ground.farm, outcome.booking, outcome.attempts[-1])
    one = ByHand(ground, about.ask, ByHand.under(ground).reference)
    for channel in usable(about.ask.manifest, about.lookup, ground.farm.visits(about.ask.venue)):
        before = {step: ground.twin.arrivals(step) for step in BOOKING_PAGES}
        async with one.looking(channel) as visit:
            seen = await one.read(channel, visit, about.lookup)
        visited = [step for step in BOOKING_PAGES if ground.twin.arrivals(step) > before[step]]
        must(not visited, f"channel {channel.name} went to pages of the booking: {', '.join(visited)}")
        verdict = judge(seen, about.measure, channel, about.ask.clock())
        must(
            verdict.proves, f"channel {channel.name} does not prove a good booking: {verdict.reason or verdict.kind}"
        )


MANNERS: Mapping[str, Callable[[Ground], Awaitable[None]]] = MappingProxyType(
    {
        manner.__name__: manner
        for manner in (
            hold_from_the_offer_alone,
            enter_guest_twice,
            click_too_early,
            foreign_time_zone,
            nothing_comes_from_rows,
            capped_never_denies,
            another_booking_of_the_guest,
            another_farms_reference,
            reads_by_another_path,
        )
    }
)
"""By name, as a report shows it."""


def _nothing_was_booked(ground: Ground) -> None:
    must(not ground.twin.arrivals("commit"), "a request that commits reached the venue before the guard")
    must(not ground.twin.records(), "the venue's book has a record before the guard")


def _ours(one: ByHand, seen: list[Sighting]) -> list[Sighting]:
    return [record for record in seen if whose(record, one.reference.code) is Whose.OURS]


async def _is_not_ours(ground: Ground, theirs: ByHand) -> None:
    """Let somebody else book, then look for a booking of ours."""
    closing = await theirs.book()
    must(ground.twin.records(), f"the other booking was not made: {closing.kind} {closing.detail}")
    one = ByHand.under(ground)
    for channel in one.channels():
        async with one.looking(channel) as visit:
            seen = await one.read(channel, visit)
        must(not _ours(one, seen), f"channel {channel.name} takes it for ours")
        must(not one.judged(seen, channel).proves, f"channel {channel.name} would confirm by it")


def _listen(visit: Visit) -> list[str]:
    """Which verbs that can say "nothing" a script uses in this visit."""
    asked: list[str] = []
    rows, call = visit.rows, visit.call

    async def heard_rows(items: Locator, *, none: Locator) -> list[Locator]:
        found = await rows(items, none=none)
        asked.append("rows")
        return found

    async def heard_call(
        method: str,
        path: str,
        *,
        form: dict[str, str] | None = None,
        json: object = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        answer = await call(method, path, form=form, json=json, headers=headers)
        asked.append("call")
        return answer

    visit.rows, visit.call = heard_rows, heard_call  # type: ignore[method-assign] # heard from outside the script
    return asked
