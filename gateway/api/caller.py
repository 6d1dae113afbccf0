"""Who calls: the reseller of an API key, and what the key may be used for."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from gateway.api.entry import entry_of
from gateway.api.house import Here, House
from gateway.api.limits import Limits, Policy
from gateway.api.problems import Refused, too_often
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
_bearer = HTTPBearer(
    scheme_name="ApiKey",
    bearerFormat="rb_<id>_<secret>",
    auto_error=False,
    description="An API key: `rb_<id>_<secret>`. `readback keys new` makes it, and shows it once.",
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose key it is."""

    key_id: str
    reseller: str
    scopes: frozenset[str]
    expires_at: datetime | None


async def _caller(
    request: Request, here: Here, given: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
) -> Caller:
    if given is None and not request.headers.get("authorization"):  # the door has counted it
        raise Refused("no-key", "send `Authorization: Bearer rb_...`", headers={"WWW-Authenticate": "Bearer"})
    who = None if given is None else await _right(here, given.credentials)
    if who is None:
        # Only wrong keys count for an address: nobody can shut out who comes through the same proxy with a right one.
        await _count(request, here.limits, here.limits.strangers, entry_of(request).address)
        raise Refused("wrong-key", "no key of this deployment is this one", headers={"WWW-Authenticate": "Bearer"})
    entry_of(request).key_id = who.key_id
    here.keyring.used(who.key_id, here.ledger.clock())
    await _count(request, here.limits, here.limits.requests, who.key_id)
    return who


async def _right(here: House, given: str) -> Caller | None:
    shape = _KEY.fullmatch(given)
    key = await here.keyring.find(shape[1]) if shape else None
    if shape is None or key is None or not hmac.compare_digest(key.secret_hash, hash_of(shape[2])):
        return None
    if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= here.ledger.clock()):
        return None
    return Caller(key.id, key.reseller, key.scopes, key.expires_at)


async def _count(request: Request, limits: Limits, policy: Policy, whom: str) -> None:
    standing = await limits.count(policy, whom)
    entry_of(request).standings.append(standing)
    if standing.refused:
        raise too_often(standing)


@dataclass(frozen=True, slots=True)
class May:
    """A dependency: the caller, whose key has a scope (or any valid key's).

    Attributes:
        creates: It counts for the limit of what is queued, too.
    """

    scope: str | None
    creates: bool = False

    async def __call__(self, request: Request, here: Here, who: Annotated[Caller, Depends(_caller)]) -> Caller:
        """The caller, or why it may not."""
        if self.scope is not None and self.scope not in who.scopes:
            raise Refused("scope-missing", f"this needs a key with the scope `{self.scope}`")
        if self.creates:
            await _count(request, here.limits, here.limits.creates, who.key_id)
        return who


def may(scope: str | None = None, *, creates: bool = False) -> May:
    """Who may call a route."""
    return May(scope, creates)


AnyKey = Annotated[Caller, Depends(may())]
Reader = Annotated[Caller, Depends(may("bookings:read"))]
Writer = Annotated[Caller, Depends(may("bookings:write"))]
Creator = Annotated[Caller, Depends(may("bookings:write", creates=True))]
Follower = Annotated[Caller, Depends(may("events:read"))]
HookOwner = Annotated[Caller, Depends(may("webhooks:write"))]
Resolver = Annotated[Caller, Depends(may("doubts:write"))]
"""Routes name who may call them with these."""
