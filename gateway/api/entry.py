"""What the door notes of one request, while it is answered."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.requests import HTTPConnection
from starlette.types import Scope

from gateway.api.limits import Standing

_NAME = "readback.entry"
_HOUSEHOLD_BITS = 64


def _new_id() -> str:
    return f"req_{secrets.token_hex(10)}"


@dataclass(slots=True)
class Entry:
    """One request.

    Attributes:
        address: Where it came from; of IPv6 the network, for each household has more addresses than anybody counts.
        id: ``Readback-Request-Id`` of its answer: ours, whatever the caller sent.
        key_id: Of the key that it came with, once that was found right.
        standings: What it has left of each limit that it counted for.
    """

    address: str
    id: str = field(default_factory=_new_id)
    key_id: str | None = None
    standings: list[Standing] = field(default_factory=list)


def enter(scope: Scope) -> Entry:
    """Begin the note of a request."""
    entry = scope.setdefault("state", {})[_NAME] = Entry(_address(scope))
    return entry


def entry_of(request: HTTPConnection) -> Entry:
    """The note of this request."""
    entry: Entry = request.scope["state"][_NAME]
    return entry


def _address(scope: Scope) -> str:
    # What a proxy says of it is in here only where the server was told to believe it.
    host: str = scope["client"][0] if scope.get("client") else ""
    try:
        address = ip_address(host)
    except ValueError:
        return "-"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((address, _HOUSEHOLD_BITS), strict=False))
    return host
