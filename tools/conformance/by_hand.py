"""Single steps of a script on a ground, without queue and ledger; and how somebody else would book there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from farm.acting import acting
from farm.booking import Ask, book
from farm.choosing import choose
from farm.closing import Closing
from farm.contract import Lookup
from farm.facts import Facts, Hold, Recap, Sighting, Slot, Stay
from farm.gate import CommitGate
from farm.identity import Reference, mint_code
from farm.manifest import Channel
from farm.phases import Step
from farm.reading import Reader, usable
from farm.request import Request, WantedStay
from farm.verdict import Measure, Verdict, judge
from farm.visit import Visit
from tasks.subject import ask_as
from tools.conformance.ground import Ground
from tools.conformance.unwritten import Unwritten


@dataclass(frozen=True)
class ByHand:
    """One guest's request at the ground's venue, under one reference.

    Attributes:
        reference: Whose booking it is; it is planted in ``ask.request``, or kept to oneself.
    """

    ground: Ground
    ask: Ask
    reference: Reference

    @classmethod
    def under(cls, ground: Ground, reference: Reference | None = None, *, planted: bool = True) -> ByHand:
        """A request of our own under a fresh reference, or under the one that is given."""
        reference = reference or Reference(mint_code(), 1)
        ask = ask_as(reference, ground.farm, ground.venue, ground.wish())
        return cls(ground, ask if planted else replace(ask, request=ground.wish()), reference)

    @asynccontextmanager
    async def preparing(self) -> AsyncIterator[Visit]:
        """A blank page in a new visit for the steps before the click, whose gate never opens."""
        ask = self.ask
        gate = CommitGate(
            ask.manifest.commit, ask.manifest.safe, ask.venue.origin, never=ask.manifest.never(ask.manifest.commit)
        )
        steps = (Step.SEARCH, Step.HOLD, Step.ENTER_GUEST, *((Step.PAY,) if ask.manifest.pays else ()))
        async with self.ground.farm.visits(ask.venue).open(gate, steps, ask.manifest.made_role, ask.made) as visit:
            await visit.begin(ask.script.signed_out(visit.page))
            yield visit

    async def to_hold(self, visit: Visit) -> Hold:
        """Search, choose as the core would, and hold."""
        script, request = self.ask.script, self.ask.request
        offer = choose(await script.search(visit, request), request, self.ask.venue)
        return await script.hold(visit, offer)

    async def to_the_click(self, visit: Visit, hold: Hold) -> Recap:
        """Everything that is left before the last click."""
        ask = self.ask
        recap = await ask.script.enter_guest(visit, hold, ask.request)
        if ask.manifest.pays and ask.vault is not None and ask.request.card is not None:
            await ask.script.pay(visit, hold, ask.vault.open(ask.request.card))
        return recap

    async def book(self) -> Closing:
        """The whole of it, as somebody would who keeps no ledger."""
        nobody = Unwritten()
        return await book(self.ask, self.ground.farm.visits(self.ask.venue), nobody, nobody)

    def channels(self, lookup: Lookup | None = None) -> list[Channel]:
        """The channels that can answer without a booking: an account that is made on the way is not there yet."""
        manifest, visits = self.ask.manifest, self.ground.farm.visits(self.ask.venue)
        made = manifest.made_role
        return [
            one
            for one in usable(manifest, lookup or self.lookup(), visits)
            if one.account is None or one.account != made
        ]

    def lookup(self) -> Lookup:
        """What a look would search by when nothing was claimed."""
        request = self.ask.request
        when = _when(request, self.ask.venue.zone)
        return Lookup(our_reference=str(self.reference), guest=request.guest, when=when)

    @asynccontextmanager
    async def looking(self, channel: Channel) -> AsyncIterator[Visit]:
        """A fresh visit for one channel."""
        manifest = self.ask.manifest
        gate = CommitGate(None, manifest.safe, self.ask.venue.origin, never=manifest.never())
        visits = self.ground.farm.visits(self.ask.venue)
        async with acting(self.ask, visits, gate, Step.READ_BACK, channel.account) as visit:
            yield visit

    async def read(self, channel: Channel, visit: Visit, lookup: Lookup | None = None) -> list[Sighting]:
        """What a channel shows."""
        reader = cast("Reader", getattr(self.ask.script, channel.method))
        sightings = await reader(visit, lookup or self.lookup())
        visit.check()
        return sightings

    def judged(self, seen: list[Sighting], channel: Channel) -> Verdict:
        """What the core would say of it, were there anything to compare with."""
        manifest = self.ask.manifest
        measure = Measure(self.reference.code, Facts(), None, manifest.tolerance, self.ask.venue.zone)
        return judge(seen, measure, channel, self.ask.clock())


def _when(request: Request, zone: ZoneInfo) -> Slot | Stay:
    wish = request.when
    if isinstance(wish, WantedStay):
        return Stay(check_in=wish.check_in, check_out=wish.check_out)
    return Slot(starts_at=datetime.combine(wish.date, wish.preferred or wish.earliest, zone))
