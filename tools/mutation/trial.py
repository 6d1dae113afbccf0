"""One attempt of the core at a venue, and looks at its record, without queue and ledger."""

from __future__ import annotations

from dataclasses import replace

from farm.booking import Ask, book
from farm.closing import Closing
from farm.contract import Lookup
from farm.facts import Facts
from farm.identity import Reference
from farm.manifest import Channel
from farm.ports import Visits
from farm.reading import look, usable
from farm.verdict import Measure, Verdict
from tools.conformance.unwritten import Unwritten
from tools.mutation.mirror import Mirror
from tools.mutation.mutations import Booked


class Trial:
    """The core's calls as somebody makes them who writes nothing down.

    Attributes:
        mirror: What the browser is answered.
    """

    def __init__(self, ask: Ask, reference: Reference, visits: Visits) -> None:
        self._ask = ask
        self._reference = reference
        self.mirror = Mirror(visits)
        self._nobody = Unwritten()

    async def book(self) -> Closing:
        """Everything up to the answer to the last click."""
        return await book(self._ask, self.mirror, self._nobody, self._nobody)

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
        tolerance, zone, wanted = only.tolerance, self._ask.venue.zone, self._nobody.wanted or Facts()
        claimed = closing.claim.reference if closing.claim else None
        measure = Measure(self._reference.code, wanted, claimed, tolerance, zone)
        return (await look(ask, self._lookup(closing), measure, self.mirror, self._nobody)).verdict

    def booked(self, reference: str | None) -> Booked:
        """What the pages show of it."""
        venue = self._ask.venue
        return Booked(self._nobody.wanted or Facts(), str(self._reference), reference, venue.language, venue.zone)

    def _lookup(self, closing: Closing) -> Lookup:
        return Lookup(
            our_reference=str(self._reference),
            guest=self._ask.request.guest,
            when=self._nobody.wanted.when if self._nobody.wanted else None,
            reference=closing.claim.reference if closing.claim else None,
            link=closing.claim.link if closing.claim else None,
        )
