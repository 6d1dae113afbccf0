"""Who the gateway takes the caller for: the first thing to ask with a new key."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import AwareDatetime

from farm.facts import Fact
from gateway.api.caller import AnyKey
from gateway.api.house import Here
from gateway.api.limits import WINDOW_S

router = APIRouter(prefix="/v1/me", tags=["me"])


class LimitAnswer(Fact):
    """How often something may be done; what is left of it stands in the headers of every answer.

    Attributes:
        name: What ``RateLimit`` and ``RateLimit-Policy`` call it.
        quota: So often in the window.
    """

    name: str
    quota: int
    window_s: int


class MeAnswer(Fact):
    """Who calls, and what the key may do.

    Attributes:
        key: The part of the key that may be shown: `rb_<this>_...`.
    """

    reseller: str
    key: str
    scopes: tuple[str, ...]
    expires_at: AwareDatetime | None
    limits: tuple[LimitAnswer, ...]


@router.get("", summary="Whose key this is, and what it may do")
async def me(here: Here, who: AnyKey) -> MeAnswer:
    """Any key may ask; it tells nothing that would not be known to who has it."""
    policies = (here.limits.requests, here.limits.creates)
    return MeAnswer(
        reseller=who.reseller,
        key=who.key_id,
        scopes=tuple(sorted(who.scopes)),
        expires_at=who.expires_at,
        limits=tuple(LimitAnswer(name=each.name, quota=each.per_min, window_s=WINDOW_S) for each in policies),
    )
