"""One attempt of the core at a venue, and looks at its record, without queue and ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

from farm.booking import Ask, book
from farm.closing import Closing
from farm.contract import Lookup
from farm.facts import Facts, Hold, Offer, Recap
from farm.identity import Reference
from farm.manifest import Channel
from farm.phases import Step
from farm.ports import Visits
from farm.reading import look, usable
from farm.verdict import Measure, Verdict
from tools.mutation.mirror import Mirror
from tools.mutation.mutations import Booked


class Trial:
    """The core's ports ``Journal`` and ``Guard`` in their simplest form, and the calls that use them.

    Attributes:
        mirror: What the browser is answered.
        wanted: What the venue's record must show; None before the guard.
    """

    def __init__(self, ask: Ask, reference: Reference, visits: Visits) -> None:
        self._ask = ask
        self._reference = reference
        self.mirror = Mirror(visits)
        self.wanted: Facts | None = None

    async def book(self) -> Closing:
        """Everything up to the answer to the last click."""
        return await book(self._ask, self.mirror, self, self)

    def hurry(self, within_s: float) -> None:
        """Give up sooner than the manifest says: what does not show on a changed page does not come later."""
        manifest = self._ask.manifest
        commit = manifest.commit.model_copy(update={"deadline_s": min(manifest.commit.deadline_s, within_s)})
        hurried = manifest.model_copy(update={"commit": commit, "step_s": min(manifest.step_s, within_s)})
        self._ask = replace(self._ask, manifest=hurried)

    def channels(self, closing: Closing) -> list[Channel]:
        """The channels that can answer."""
        return usable(self._ask.manifest, self._lookup(closing), self.mirror)

    async def look(self, channel: Channel, closing: Closing) -> Verdict:
        """What the core says of one channel's answer."""
        only = self._ask.manifest.model_copy(update={"read_back": (channel,)})
        ask = replace(self._ask, manifest=only)
        tolerance, zone, wanted = only.tolerance, self._ask.venue.zone, self.wanted or Facts()
        claimed = closing.claim.reference if closing.claim else None
        measure = Measure(self._reference.code, wanted, claimed, tolerance, zone)
        return (await look(ask, self._lookup(closing), measure, self.mirror, self)).verdict

    def booked(self, reference: str | None) -> Booked:
        """What the pages show of it."""
        venue = self._ask.venue
        return Booked(self.wanted or Facts(), str(self._reference), reference, venue.language, venue.zone)

    def _lookup(self, closing: Closing) -> Lookup:
        return Lookup(
            our_reference=str(self._reference),
            guest=self._ask.request.guest,
            when=self.wanted.when if self.wanted else None,
            reference=closing.claim.reference if closing.claim else None,
            link=closing.claim.link if closing.claim else None,
        )

    @asynccontextmanager
    async def stage(self, step: Step) -> AsyncIterator[None]:
        """Nobody times it."""
        del step
        yield

    async def held(self, hold: Hold) -> None:
        """The hold ends by itself."""

    async def given_back(self) -> None:
        """Nobody asks."""

    async def note(self, text: str) -> None:
        """What could not be given back ends by itself."""

    async def ready(self, offer: Offer) -> None:
        """Nobody else is here."""

    async def __call__(self, offer: Offer, hold: Hold, recap: Recap, wanted: Facts, until: datetime) -> None:
        """Keep what the record must show."""
        del offer, hold, recap, until
        self.wanted = wanted
