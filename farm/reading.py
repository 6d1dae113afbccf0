"""Reading back and cancelling: always in a fresh context, by a path other than the one that booked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal, cast

from farm.acting import acting
from farm.booking import Ask
from farm.choosing import in_cap
from farm.contract import Lookup
from farm.errors import CancelUnproven, ContractBroken, KeptLogInLost
from farm.evidence import Scene
from farm.facts import Facts, Hold, Offer, Refusal, Sighting
from farm.gate import CommitGate
from farm.identity import Whose, whose
from farm.manifest import Channel, Manifest
from farm.phases import Phase, Step, meaning
from farm.ports import Journal, Visits
from farm.rules import CancelRule, ChangeRule
from farm.status import Cause, VerdictKind
from farm.verdict import Measure, Verdict, contested, judge, keeps_promise
from farm.visit import Visit
from farm.wish import narrowed, to_show

Reader = Callable[[Visit, Lookup], Awaitable[list[Sighting]]]


@dataclass(frozen=True)
class Look:
    """One look at the venue's record: the verdict, and our own sightings for whoever must act on them."""

    verdict: Verdict
    ours: tuple[Sighting, ...] = ()


@dataclass(frozen=True)
class Change:
    """How a change in place ended.

    Attributes:
        kind: ``done``: the record is as wished. ``unchanged``: the venue refused, and the record is as before.
            ``unknown``: come again later, and look first.
        wanted: What the record must show from now on, where it is done.
    """

    kind: Literal["done", "unchanged", "unknown"]
    look: Look
    wanted: Facts
    detail: str = ""
    cause: Cause | None = None


def can_look(manifest: Manifest, visits: Visits) -> bool:
    """True when some channel can ever answer: what it needs of the partner's profile is there."""
    return any(_is_open(channel, manifest, visits) for channel in manifest.read_back)


def _is_open(channel: Channel, manifest: Manifest, visits: Visits) -> bool:
    role = channel.account
    if channel.mailbox and not visits.has_mailbox():
        return False
    return role is None or manifest.accounts[role].kind == "made" or visits.has_account(role)


def usable(manifest: Manifest, lookup: Lookup, visits: Visits) -> list[Channel]:
    """The channels that can answer: account and mailbox are there, and what they need is known. Best first."""
    return [
        channel
        for channel in manifest.read_back
        if _is_open(channel, manifest, visits)
        and (channel.needs is None or getattr(lookup, channel.needs) is not None)
    ]


async def look(ask: Ask, lookup: Lookup, measure: Measure, visits: Visits, journal: Journal) -> Look:
    """Read the venue's record, channel by channel, until one gives an answer that counts.

    A match, a difference or a double counts on every channel. "Nothing" counts only on a complete one, and where no
    other has shown a record of ours. A channel that fails says nothing: the next one is asked; a bug in a script's
    read-back is a doubt, never an error that gets out.
    """
    answer: Look | None = None
    for channel in usable(ask.manifest, lookup, visits):
        seen = await _look_by(channel, ask, lookup, measure, visits, journal)
        if seen.verdict.kind not in {VerdictKind.NOT_FOUND, VerdictKind.IN_DOUBT}:
            return seen
        shown = answer is not None and any(s.stands for s in answer.ours)
        if seen.verdict.kind is VerdictKind.NOT_FOUND and seen.verdict.complete and not shown:
            return seen
        if answer is None or (seen.ours and not answer.ours):
            answer = seen
    if answer is not None:
        return answer
    nobody = "no channel can answer: each needs an account or a reference that is not there"
    return Look(Verdict(kind=VerdictKind.IN_DOUBT, channel="none", at=ask.clock(), reason=nobody))


async def _look_by(
    channel: Channel,
    ask: Ask,
    lookup: Lookup,
    measure: Measure,
    visits: Visits,
    journal: Journal,
    *,
    again: bool = True,
) -> Look:
    """One channel's answer; what it showed of ours stays known where it cannot be said who else is there.

    ``again``: a log-in that was kept and has ended meanwhile is made up for, once: a look changes nothing.
    """
    ours: tuple[Sighting, ...] = ()
    gate = CommitGate(None, ask.manifest.safe, ask.venue.origin, never=ask.manifest.never())
    try:
        async with (
            journal.stage(Step.READ_BACK),
            asyncio.timeout(ask.manifest.step_s),
            acting(ask, visits, gate, Step.READ_BACK, channel.account) as visit,
        ):
            sightings = await _candidates(channel, ask, lookup, visit)
            ours = tuple(s for s in sightings if whose(s, measure.code, measure.claimed) is Whose.OURS)
            verdict = judge(sightings, measure, channel, ask.clock())
            if ours:
                others = [seen for seen in sightings if seen not in ours]
                await ask.witness.saw(Scene.SIGHTING, visit, ours, others)
            if ask.manifest.occupants and verdict.proves:
                others = await ask.script.occupants(visit, lookup)
                visit.check()
                verdict = contested(verdict, others, measure)
    except Exception as error:  # noqa: BLE001 - past the commit every error is a doubt
        if again and isinstance(error, KeptLogInLost):
            return await _look_by(channel, ask, lookup, measure, visits, journal, again=False)
        unknown = meaning(error, Phase.AFTER, Step.READ_BACK, ask.request.guest)
        doubt = Verdict(kind=VerdictKind.IN_DOUBT, channel=channel.name, at=ask.clock(), reason=str(unknown))
        return Look(doubt, ours)
    return Look(verdict, ours)


async def _candidates(channel: Channel, ask: Ask, lookup: Lookup, visit: Visit) -> list[Sighting]:
    reader = cast("Reader | None", getattr(ask.script, channel.method, None))
    if reader is None:
        raise ContractBroken(f"channel {channel.name} names `{channel.method}`, which the script does not have")
    asked_before = visit.gate.passed
    sightings = await reader(visit, lookup)
    visit.check()
    if visit.gate.passed == asked_before:
        raise ContractBroken(f"channel {channel.name} answered without asking the venue")
    keeps_promise(sightings, channel)
    return sightings


async def cancel(
    ask: Ask, lookup: Lookup, measure: Measure, visits: Visits, journal: Journal, keep: str | None = None
) -> Look:
    """Cancel what of ours stands at the venue, and prove it on the channel that showed it before.

    Args:
        ask: The attempt's.
        lookup: What to search by.
        measure: What to judge by.
        visits: Of the venue.
        journal: Of the attempt.
        keep: The venue reference of the one record that shall stay; None: none shall.

    Returns:
        The look that proves it: nothing of ours stands any more, but what was to be kept. When nothing else stood at
        the start, that look.

    Raises:
        CancelUnproven: A record still stands, cannot be seen any more, or cannot be cancelled by us.
    """
    before = await look(ask, lookup, measure, visits, journal)
    standing = [s for s in before.ours if s.stands]
    surplus = [s for s in standing if keep is None or s.reference != keep]
    if not surplus:
        if _only_kept(before, keep):
            return before
        raise CancelUnproven(f"{ask.venue.slug}: the record cannot be seen now ({before.verdict.reason})")
    if keep is not None and len(surplus) == len(standing):
        raise CancelUnproven(f"{ask.venue.slug}: the record that shall stay is not there: nothing was cancelled")
    rule = ask.manifest.cancel
    if rule is None:
        raise CancelUnproven(f"{ask.venue.slug} does not let us cancel: ask the venue")
    notes = [await _cancel_one(sighting, rule, ask, visits, journal) for sighting in surplus]
    channel = ask.manifest.channel(before.verdict.channel)
    after = await _look_by(channel, ask, lookup, measure, visits, journal)
    if not _only_kept(after, keep):
        said = "; ".join(note for note in notes if note)
        raise CancelUnproven(f"{ask.venue.slug} still shows the booking after the cancellation. {said}".strip())
    return after


def _only_kept(seen: Look, keep: str | None) -> bool:
    """True when exactly what was to be kept stands, and the channel can say so."""
    standing = [s.reference for s in seen.ours if s.stands]
    if keep is not None:
        return standing == [keep]
    return seen.verdict.kind is VerdictKind.NOT_FOUND and (seen.verdict.complete or bool(seen.ours))


async def _cancel_one(sighting: Sighting, rule: CancelRule, ask: Ask, visits: Visits, journal: Journal) -> str | None:
    """Press cancel once. What goes wrong here is a note: only the read-back says whether it worked."""
    gate = CommitGate(rule, ask.manifest.safe, ask.venue.origin, never=ask.manifest.never(rule))
    try:
        async with journal.stage(Step.CANCEL), acting(ask, visits, gate, Step.CANCEL, rule.account) as visit:
            gate.open_once(ask.clock() + timedelta(seconds=rule.deadline_s), ask.clock)
            async with asyncio.timeout(rule.deadline_s):
                await ask.script.cancel(visit, sighting)
    except Exception as error:  # noqa: BLE001 - a cancel's exceptions are notes, its proof is the read-back
        return str(meaning(error, Phase.COMMIT, Step.CANCEL, ask.request.guest))
    return None


async def change(ask: Ask, lookup: Lookup, measure: Measure, visits: Visits, journal: Journal) -> Change:
    """Change our record in place as ``ask.request`` wishes it, and prove it by another look.

    It begins with a look, so that it may be done again after a crash at any point: what is as wished is not clicked.
    With ``measure.wanted.when`` the record must have exactly that time, without it any that the request admits.
    """
    before = await look(ask, lookup, measure, visits, journal)
    standing = _standing(before)
    if len(standing) != 1:
        return Change("unknown", before, measure.wanted, f"the record cannot be seen now ({before.verdict.reason})")
    already = await _as_wished(before, ask, lookup, measure, visits, journal)
    if already is not None:
        return already
    rule = ask.manifest.change
    if rule is None:
        return Change("unchanged", before, measure.wanted, f"{ask.venue.slug} does not let us change a booking")
    answer, note = await _change_one(next(s for s in before.ours if s.stands), rule, ask, measure, visits, journal)
    after = await _look_by(ask.manifest.channel(before.verdict.channel), ask, lookup, measure, visits, journal)
    changed = await _as_wished(after, ask, lookup, measure, visits, journal)
    if changed is not None:
        return changed
    cause = ask.manifest.cause_of(answer.text) if isinstance(answer, Refusal) else None
    if cause is not None and _standing(after) == standing:
        return Change("unchanged", after, measure.wanted, f"the venue refused the change: {cause}", cause)
    return Change("unknown", after, measure.wanted, note or "the record is not as wished (yet)", cause)


def _standing(seen: Look) -> list[Sighting]:
    """Ours, as the venue keeps them; without keys, which may be of one visit only."""
    return [s.model_copy(update={"key": ""}) for s in seen.ours if s.stands]


async def _as_wished(
    seen: Look, ask: Ask, lookup: Lookup, measure: Measure, visits: Visits, journal: Journal
) -> Change | None:
    """How a change ended whose record is as wished, which nobody may click again; None when it is not.

    It is done when the venue calls the record confirmed, at a price in the cap, and nobody else is there.
    """
    standing = _standing(seen)
    wanted = to_show(standing[0], ask.request, measure.wanted, ask.venue.zone) if len(standing) == 1 else None
    if wanted is None:
        return None
    measured, channel = replace(measure, wanted=wanted), ask.manifest.channel(seen.verdict.channel)
    verdict = judge(standing, measured, channel, seen.verdict.at)
    if verdict.kind is not VerdictKind.MATCHED:
        return None
    if wanted != measure.wanted and ask.manifest.occupants:  # who else is there was not asked for that time
        seen = await _look_by(channel, ask, lookup, measured, visits, journal)
    elif wanted != measure.wanted:
        seen = Look(verdict, seen.ours)
    if not in_cap(standing[0].price, ask.request):
        return Change("unknown", seen, wanted, "the record is as wished, at a price over the cap")
    if not seen.verdict.proves:
        said = seen.verdict.reason or "the venue has not confirmed it yet"
        return Change("unknown", seen, wanted, f"the record is as wished, and {said}")
    return Change("done", seen, wanted)


async def _change_one(
    sighting: Sighting, rule: ChangeRule, ask: Ask, measure: Measure, visits: Visits, journal: Journal
) -> tuple[object, str]:
    """Press change once; what it answers is no proof, and what goes wrong is a note."""
    gate = CommitGate(rule, ask.manifest.safe, ask.venue.origin, never=ask.manifest.never(rule))
    wish = narrowed(ask.request, measure.wanted.when, ask.venue.zone)
    try:
        async with journal.stage(Step.CHANGE), acting(ask, visits, gate, Step.CHANGE, rule.account) as visit:
            gate.open_once(ask.clock() + timedelta(seconds=rule.deadline_s), ask.clock)
            async with asyncio.timeout(rule.deadline_s):
                return await ask.script.change(visit, sighting, wish), ""
    except Exception as error:  # noqa: BLE001 - only the look that follows says whether it worked
        return None, str(meaning(error, Phase.COMMIT, Step.CHANGE, ask.request.guest))


async def give_back(ask: Ask, hold: Hold, visits: Visits, journal: Journal) -> bool:
    """Give back the hold that a dead worker left, from a blank page; True when the venue shows that it is free again.

    What goes wrong is a note of the journal: the hold ends by itself.
    """
    gate = CommitGate(None, ask.manifest.safe, ask.venue.origin, never=ask.manifest.never())
    try:
        async with (
            journal.stage(Step.RELEASE),
            asyncio.timeout(2 * ask.manifest.step_s),
            acting(ask, visits, gate, Step.SEARCH, None, Step.HOLD) as visit,
        ):
            await ask.script.release(visit, hold)
            visit.check()
            if not ask.manifest.release_shows:
                return False
            offers = await ask.script.search(visit, ask.request)
            ask.witness.listed(ask.request, offers)
            return any(_is_same(offer, hold.offer) for offer in offers)
    except Exception as error:  # noqa: BLE001 - said, not raised: the booking must go on
        said = meaning(error, Phase.BEFORE, Step.RELEASE, ask.request.guest)
        await journal.note(f"a hold was not given back: {said}")
        return False


def _is_same(offer: Offer, held: Offer) -> bool:
    return offer.key == held.key or (offer.when, offer.resource) == (held.when, held.resource)
