"""Public ids that sort by time, and the fingerprint that tells two requests apart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time

from farm.request import Request

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's, in order, so that text sorts as time does
_TIME_BITS = 50
_RANDOM_BYTES = 7


def new_id(prefix: str, now: datetime, random_bytes: Callable[[int], bytes]) -> str:
    """An id like ``bk_01jq8w6z2h7k2m9q4t3w``: milliseconds, then 50 random bits."""
    number = int(now.timestamp() * 1000) << _TIME_BITS
    number |= int.from_bytes(random_bytes(_RANDOM_BYTES)) >> (8 * _RANDOM_BYTES - _TIME_BITS)
    return _name(prefix, number)


def first_id(prefix: str, since_ms: int) -> str:
    """The least id of a millisecond since 1970; every one of a later moment is greater."""
    return _name(prefix, max(since_ms, 0) << _TIME_BITS)


def _name(prefix: str, number: int) -> str:
    return f"{prefix}_{''.join(_ALPHABET[number >> shift & 31] for shift in range(95, -1, -5))}"


def fingerprint(request: Request) -> str:
    """SHA-256 over the request, the same for equal requests whatever the order of their sets and keys.

    What a request leaves as it is by default is not in it, so that a new field changes no old fingerprint.
    """
    text = json.dumps(request.model_dump(exclude_defaults=True), sort_keys=True, default=_canonical)
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: object) -> object:
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    raise TypeError(f"a request holds a {type(value).__name__}, which has no canonical form yet")
