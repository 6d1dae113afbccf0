"""Evidence: what a booking's attempts have seen, each item behind a link that needs no key and soon ends."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from farm.errors import AccessNotAgreed
from farm.evidence import Evidence, EvidenceKind, Scene
from farm.facts import Fact
from gateway.api.bookings import own
from gateway.api.caller import Reader
from gateway.api.described import takes
from gateway.api.house import Here
from gateway.api.problems import Refused
from profiles.secrets import farm_key
from tasks.evidence import EvidenceStore, StoreAway
from tasks.settings import Settings

log = logging.getLogger(__name__)
router = APIRouter(prefix="/v1", tags=["evidence"])

GOOD_FOR = timedelta(minutes=15)
_ITEM = re.compile(r"ev_[0-9a-z]{20}")
_PURPOSE = b"links to evidence"
"""The key that signs is made from the farm's own for this alone: neither tells the other."""
_ALONE = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_BYTES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {}, "text/plain": {}}, "description": "The item."}
}


class ItemAnswer(Fact):
    """A picture or a text of an attempt. Whose booking it is was covered before it was kept.

    Attributes:
        kind: `text` is the page as assistive technology reads it.
        url: Whoever has it can fetch the item, without a key, until `expires_at`. Ask again for a new one.
    """

    id: str
    attempt: int
    venue: str
    scene: Scene
    kind: EvidenceKind
    at: AwareDatetime
    media_type: str
    size_bytes: int
    sha256: str
    url: str
    expires_at: AwareDatetime


class MissingAnswer(Fact):
    """What was not kept, and why."""

    attempt: int
    venue: str
    scene: Scene
    kind: EvidenceKind
    at: AwareDatetime
    why: str


class EvidenceAnswer(Fact):
    """What was kept of a booking's attempts, in the order in which it was seen."""

    evidence: tuple[ItemAnswer, ...]
    missing: tuple[MissingAnswer, ...]


@router.get("/bookings/{booking_id}/evidence", summary="What a booking's attempts have seen")
@takes(refuses=("no-link-key",))
async def of_booking(booking_id: str, here: Here, who: Reader, request: Request) -> EvidenceAnswer:
    """Pictures and texts of the recap, of what came after the click, and of the venue's own record.

    The links end after 15 minutes; the items are deleted after the days that the deployment keeps them.
    """
    booking = await own(here, who, booking_id)
    items = await here.ledger.evidence.of_booking(booking.id)
    key, until = _key(here.settings), _full_second(here.ledger.clock() + GOOD_FOR)
    return EvidenceAnswer(
        evidence=tuple(_shown(item, request, key, until) for item in items if item.sha256 is not None),
        missing=tuple(
            MissingAnswer(
                attempt=item.attempt,
                venue=item.venue,
                scene=item.scene,
                kind=item.kind,
                at=item.at,
                why=item.why_not or "it was not kept",
            )
            for item in items
            if item.sha256 is None
        ),
    )


@router.get("/evidence/{item_id}", summary="One item, by its link", response_class=Response, responses=_BYTES)
@takes(refuses=("link-expired", "evidence-away", "no-link-key", "ledger-away", "too-many-requests"))
async def item(
    item_id: str,
    here: Here,
    until: Annotated[int, Query(ge=0, le=2**40, description="As in the link.")],
    signature: Annotated[str, Query(pattern=r"^[0-9a-f]{64}$", description="As in the link.")],
) -> Response:
    """The link is the permission: it names one item, and ends. A changed one leads nowhere."""
    if not _ITEM.fullmatch(item_id) or not hmac.compare_digest(
        signature, _signature(_key(here.settings), item_id, until)
    ):
        raise _nothing()
    if until <= here.ledger.clock().timestamp():
        raise Refused("link-expired", "this link has ended")
    found = await here.ledger.evidence.find(item_id)
    if found is None or found.sha256 is None:
        raise _nothing()
    try:
        seen = await EvidenceStore.of(here.settings).read(found)
    except StoreAway as error:
        log.warning("evidence %s was not read (%s)", item_id, error)
        raise Refused("evidence-away", "it is not lost, only away", headers={"Retry-After": "5"}) from None
    if seen is None:
        log.error("evidence %s is gone from the store, or was changed there", item_id)
        raise _nothing()
    name = f"{found.booking_id}-{found.attempt}-{found.scene}-{found.key.rpartition('/')[2]}"
    headers = _ALONE | {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(seen, media_type=found.media_type, headers=headers)


def _nothing() -> Refused:
    return Refused("not-found", "no evidence is behind this link")


def _shown(item: Evidence, request: Request, key: bytes, until: datetime) -> ItemAnswer:
    ends = int(until.timestamp())
    link = request.url_for("item", item_id=item.id).include_query_params(
        until=ends, signature=_signature(key, item.id, ends)
    )
    return ItemAnswer(
        id=item.id,
        attempt=item.attempt,
        venue=item.venue,
        scene=item.scene,
        kind=item.kind,
        at=item.at,
        media_type=item.media_type,
        size_bytes=item.size_bytes,
        sha256=item.sha256 or "",
        url=str(link),
        expires_at=until,
    )


def _full_second(moment: datetime) -> datetime:
    return datetime.fromtimestamp(int(moment.timestamp()), UTC)


def _signature(key: bytes, item_id: str, until: int) -> str:
    return hmac.new(key, f"{item_id}:{until}".encode(), hashlib.sha256).hexdigest()


def _key(settings: Settings) -> bytes:
    """The farm's own key, which every gateway of a deployment has."""
    try:
        own_key = farm_key(
            settings.key_file,
            make=settings.account_key_file is None and settings.is_alone,
            what="links to evidence",
        )
    except AccessNotAgreed as error:
        log.warning("%s", error)
        raise Refused("no-link-key", "links to evidence cannot be signed here") from None
    return hmac.new(own_key, _PURPOSE, hashlib.sha256).digest()
