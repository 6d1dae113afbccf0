"""Who calls: the reseller of an API key, and what the key may be used for."""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from gateway.api.house import Here
from gateway.api.problems import Refused
from ledger.keys import hash_of

SCOPES = {
    "bookings:read": "see bookings, evidence, rates and doubts",
    "bookings:write": "queue, change and cancel bookings, and say who came",
    "events:read": "follow events",
    "webhooks:write": "see and change webhooks",
    "doubts:write": "say what stands at a venue where the farm cannot tell",
}
"""What a key may be allowed to do."""

_KEY = re.compile(r"rb_([a-z2-7]{12})_([A-Za-z0-9_-]{43})")
_bearer = HTTPBearer(auto_error=False, description="An API key: `rb_<id>_<secret>`.")


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose key it is."""

    key_id: str
    reseller: str
    scopes: frozenset[str]


async def _caller(here: Here, given: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]) -> Caller:
    if given is None:
        raise Refused("no-key", "send `Authorization: Bearer rb_...`", headers={"WWW-Authenticate": "Bearer"})
    shape = _KEY.fullmatch(given.credentials)
    key = await here.ledger.keys.find(shape[1]) if shape else None
    now = here.ledger.clock()
    if (
        shape is None
        or key is None
        or not hmac.compare_digest(key.secret_hash, hash_of(shape[2]))
        or key.revoked_at is not None
        or (key.expires_at is not None and key.expires_at <= now)
    ):
        raise Refused("wrong-key", "no key of this deployment is this one", headers={"WWW-Authenticate": "Bearer"})
    return Caller(key.id, key.reseller, key.scopes)


def may(scope: str | None = None) -> Callable[..., Awaitable[Caller]]:
    """A dependency: the caller, whose key has this scope (or any valid key's)."""

    async def caller(who: Annotated[Caller, Depends(_caller)]) -> Caller:
        if scope is not None and scope not in who.scopes:
            raise Refused("scope-missing", f"this needs a key with the scope `{scope}`")
        return who

    return caller


AnyKey = Annotated[Caller, Depends(may())]
Reader = Annotated[Caller, Depends(may("bookings:read"))]
Writer = Annotated[Caller, Depends(may("bookings:write"))]
Follower = Annotated[Caller, Depends(may("events:read"))]
"""Routes name who may call them with these."""
