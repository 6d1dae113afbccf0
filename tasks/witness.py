"""What an attempt sees, written down behind its back: the lists of a venue, and what its pages showed."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256

from farm.booking import Ask
from farm.evidence import Evidence, EvidenceKind, Scene
from farm.facts import Offer, Sighting
from farm.listing import Listing
from farm.request import Request
from farm.visit import Visit
from ledger.availability import LastSeen
from ledger.names import new_id
from ledger.records import AttemptRecord
from tasks.camera import Camera, Frame, Shot
from tasks.masks import Masks, identities
from tasks.runtime import Farm
from tasks.shortly import in_short

SEE_S = 2.0
"""The longest that a look for evidence may hold up a booking."""


@asynccontextmanager
async def witnessed(farm: Farm, ask: Ask, attempt: AttemptRecord) -> AsyncIterator[Ask]:
    """The same attempt with a witness; what that has seen is written after the attempt's end."""
    witness = FarmWitness(farm, ask, attempt)
    try:
        yield replace(ask, witness=witness)
    finally:
        if witness.lists:
            farm.afterwards.do(
                farm.ledger.availability.keep(witness.lists),
                f"{attempt.booking_id}: a list of {ask.venue.slug} is not kept",
            )
        if witness.items:
            farm.afterwards.do(
                farm.evidence.keep(farm.ledger.evidence, witness.items),
                f"{attempt.booking_id}: evidence of attempt {attempt.number} is not kept",
            )


@dataclass
class FarmWitness:
    """Remembers until the attempt ends (the core's port ``Witness``).

    Attributes:
        lists: What the venue listed.
        items: What its pages showed, with the bytes.
    """

    farm: Farm
    ask: Ask
    attempt: AttemptRecord
    lists: list[LastSeen] = field(default_factory=list)
    items: list[tuple[Evidence, bytes]] = field(default_factory=list)
    _camera: Camera = field(default_factory=Camera)

    def listed(self, request: Request, offers: Sequence[Offer]) -> None:
        listing = Listing.of(self.ask.venue, request, offers)
        if listing is not None:
            self.lists.append(LastSeen(listing, self.farm.clock()))

    async def saw(
        self, scene: Scene, visit: Visit, ours: Sequence[Sighting] = (), others: Sequence[Sighting] = ()
    ) -> None:
        try:
            async with asyncio.timeout(SEE_S):
                masks = Masks.of(self.ask, visit.account, others)
                shot = await self._camera.see(visit.page, masks, self._frame(scene, visit, ours, others))
        except TimeoutError:
            shot = Shot.nothing(f"the page gave no picture in {SEE_S:g} s")
        except Exception as error:  # noqa: BLE001 - evidence never breaks a booking
            shot = Shot.nothing(f"it could not be seen: {in_short(error)}")
        self._remember(scene, EvidenceKind.PICTURE, shot.picture, shot.no_picture)
        text = shot.text.encode() if shot.text is not None else None
        self._remember(scene, EvidenceKind.TEXT, text, shot.no_text)

    def _frame(self, scene: Scene, visit: Visit, ours: Sequence[Sighting], others: Sequence[Sighting]) -> Frame:
        """Under an account of the partner's a page may show every guest's booking."""
        last = scene in {Scene.CLAIM, Scene.SIGHTING}
        if visit.account is None or visit.account.role == self.ask.manifest.made_role:
            return Frame(last=last)
        names = [name for seen in others for name in (seen.reference, seen.guest_name, seen.guest_email)]
        own = identities(self.ask, self.attempt.our_reference, ours)
        return Frame(own, tuple(name for name in names if name), last)

    def _remember(self, scene: Scene, kind: EvidenceKind, seen: bytes | None, why_not: str | None) -> None:
        now = self.farm.clock()
        item = Evidence(
            id=new_id("ev", now, secrets.token_bytes),
            booking_id=self.attempt.booking_id,
            attempt=self.attempt.number,
            venue=self.attempt.venue,
            scene=scene,
            kind=kind,
            at=now,
            sha256=sha256(seen).hexdigest() if seen is not None else None,
            size_bytes=len(seen or b""),
            why_not=why_not,
        )
        self.items.append((item, seen or b""))
