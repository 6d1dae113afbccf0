"""Reading back and cancelling: always in a fresh context, by a path other than the one that booked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import cast

from farm.booking import Ask, log_in_wall
from farm.contract import Lookup
from farm.errors import CancelUnproven, ContractBroken
from farm.facts import Sighting
from farm.gate import CommitGate
from farm.identity import Whose, whose
from farm.manifest import CancelRule, Channel
from farm.phases import Phase, Step, meaning
from farm.ports import Journal, Visits
from farm.status import VerdictKind
from farm.verdict import Measure, Verdict, judge, keeps_promise
from farm.visit import Visit

Reader = Callable[[Visit, Lookup], Awaitable[list[Sighting]]]


@dataclass(frozen=True)
class Look:
    """One look at the venue's record: the verdict, and our own sightings for whoever must act on them."""

    verdict: Verdict
    ours: tuple[Sighting, ...] = ()


def usable(channels: Sequence[Channel], lookup: Lookup, visits: Visits) -> list[Channel]:
    """The channels that can answer: the partner gave the account, and what they need is known. Best first."""
    return [
        channel
        for channel in channels
        if (channel.account is None or visits.has_account(channel.account))
        and (channel.needs is None or getattr(lookup, channel.needs) is not None)
    ]


async def look(ask: Ask, lookup: Lookup, measure: Measure, visits: Visits, journal: Journal) -> Look:
    """Read the venue's record, channel by channel, until one gives an answer that counts.

    A match, a difference or a double counts on every channel. "Nothing" counts only on a complete one. A channel that
    fails says nothing: the next one is asked; a bug in a script's read-back is a doubt, never an error that gets out.
    """
    answer: Look | None = None
    for channel in usable(ask.manifest.read_back, lookup, visits):
        seen = await _look_by(channel, ask, lookup, measure, visits, journal)
        if seen.verdict.kind not in {VerdictKind.NOT_FOUND, VerdictKind.IN_DOUBT}:
            return seen
        if seen.verdict.kind is VerdictKind.NOT_FOUND and seen.verdict.complete:
            return seen
        answer = answer or seen
    if answer is not None:
        return answer
    nobody = "no channel can answer: each needs an account or a reference that is not there"
    return Look(Verdict(kind=VerdictKind.IN_DOUBT, channel="none", at=ask.clock(), reason=nobody))


async def _look_by(
    channel: Channel, ask: Ask, lookup: Lookup, measure: Measure, visits: Visits, journal: Journal
) -> Look:
    try:
        async with journal.stage(Step.READ_BACK), asyncio.timeout(ask.manifest.step_s):
            sightings = await _read(channel, ask, lookup, visits)
            keeps_promise(sightings, channel)
    except Exception as error:  # noqa: BLE001 - past the commit every error is a doubt
        unknown = meaning(error, Phase.AFTER, Step.READ_BACK, ask.request.guest)
        doubt = Verdict(kind=VerdictKind.IN_DOUBT, channel=channel.name, at=ask.clock(), reason=str(unknown))
        return Look(doubt)
    ours = tuple(s for s in sightings if whose(s, measure.code, measure.claimed) is Whose.OURS)
    return Look(judge(sightings, measure, channel, ask.clock()), ours)


async def _read(channel: Channel, ask: Ask, lookup: Lookup, visits: Visits) -> list[Sighting]:
    reader = cast("Reader | None", getattr(ask.script, channel.method, None))
    if reader is None:
        raise ContractBroken(f"channel {channel.name} names `{channel.method}`, which the script does not have")
    gate = CommitGate(None, ask.manifest.safe, ask.venue.origin, never=[ask.manifest.commit, ask.manifest.cancel])
    async with visits.open(gate, (Step.READ_BACK,), channel.account) as visit:
        await _begin(ask, visit, channel.account)
        asked_before = gate.passed
        sightings = await reader(visit, lookup)
        visit.check()
        if gate.passed == asked_before:
            raise ContractBroken(f"channel {channel.name} answered without asking the venue")
        return sightings


async def cancel(ask: Ask, lookup: Lookup, measure: Measure, visits: Visits, journal: Journal) -> Look:
    """Cancel our record at the venue, and prove it on the channel that showed it before.

    Returns:
        The look that proves it: nothing of ours stands any more. When nothing stood at the start, that look.

    Raises:
        CancelUnproven: The record still stands, cannot be seen any more, or cannot be cancelled by us.
    """
    before = await look(ask, lookup, measure, visits, journal)
    standing = [s for s in before.ours if s.stands]
    if not standing:
        if before.verdict.kind is VerdictKind.NOT_FOUND and (before.verdict.complete or before.ours):
            return before
        raise CancelUnproven(f"{ask.venue.slug}: the record cannot be seen now ({before.verdict.reason})")
    rule = ask.manifest.cancel
    if rule is None:
        raise CancelUnproven(f"{ask.venue.slug} does not let us cancel: ask the venue")
    notes = [await _cancel_one(sighting, rule, ask, visits, journal) for sighting in standing]
    channel = ask.manifest.channel(before.verdict.channel)
    after = await _look_by(channel, ask, lookup, measure, visits, journal)
    gone = after.verdict.kind is VerdictKind.NOT_FOUND and (after.verdict.complete or after.ours)
    if not gone:
        said = "; ".join(note for note in notes if note)
        raise CancelUnproven(f"{ask.venue.slug} still shows the booking after the cancellation. {said}".strip())
    return after


async def _cancel_one(sighting: Sighting, rule: CancelRule, ask: Ask, visits: Visits, journal: Journal) -> str | None:
    """Press cancel once. What goes wrong here is a note: only the read-back says whether it worked."""
    gate = CommitGate(rule, ask.manifest.safe, ask.venue.origin, never=[ask.manifest.commit])
    try:
        async with journal.stage(Step.CANCEL), visits.open(gate, (Step.CANCEL,), rule.account) as visit:
            await _begin(ask, visit, rule.account)
            gate.open_once()
            async with asyncio.timeout(rule.deadline_s):
                await ask.script.cancel(visit, sighting)
    except Exception as error:  # noqa: BLE001 - a cancel's exceptions are notes, its proof is the read-back
        return str(meaning(error, Phase.COMMIT, Step.CANCEL, ask.request.guest))
    return None


async def _begin(ask: Ask, visit: Visit, role: str | None) -> None:
    """Put the gate up; log in where the role is one of user and password."""
    if role is None or ask.manifest.accounts[role].kind == "token":
        await visit.begin(log_in_wall(ask.script, visit.page))
        return
    if visit.account is None:
        raise ContractBroken(f"the visit as `{role}` was opened without its account")
    await visit.begin(None)
    await ask.script.log_in(visit, visit.account)
    visit.watch_for(log_in_wall(ask.script, visit.page))
