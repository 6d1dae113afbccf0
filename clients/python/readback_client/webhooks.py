"""Is a webhook really from the farm? Standard Webhooks, with nothing but the standard library."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping

from pydantic import AwareDatetime

from readback_client.answers import Answer, Event
from readback_client.errors import ReadbackError

TOLERANCE_S = 300.0
_PREFIX = "whsec_"
_VERSION = "v1"


class NotSigned(ReadbackError):
    """The delivery is not from the farm, or is too old to tell: answer 400 and do nothing with it."""


class Delivery(Answer):
    """What a webhook brings.

    Attributes:
        id: The same in every try of one delivery: what was seen before is acknowledged and not done again.
    """

    id: str
    type: str
    timestamp: AwareDatetime
    data: Event


class _Body(Answer):
    type: str
    timestamp: AwareDatetime
    data: Event


def verify(
    payload: bytes,
    headers: Mapping[str, str],
    secret: str,
    *,
    tolerance_s: float = TOLERANCE_S,
    clock: Callable[[], float] = time.time,
) -> Delivery:
    """What a delivery brings, once its signature has been found right.

    Args:
        payload: The body, byte for byte as it came: parsed and written again it is another one.
        headers: Those of the request.
        secret: The endpoint's (``whsec_...``); while it is rotated, the farm signs with both.
        tolerance_s: How far the farm's clock and this one may be apart.
        clock: Seconds since 1970.

    Raises:
        NotSigned: The farm did not send it, or not now.
        ValueError: The secret is none.
    """
    given = {name.lower(): value for name, value in headers.items()}
    identity, sent_at = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not identity or not sent_at.isascii() or not sent_at.isdigit():
        raise NotSigned("there is no `webhook-id` or no `webhook-timestamp`")
    if abs(clock() - int(sent_at)) > tolerance_s:
        raise NotSigned("it was signed too long ago, or this machine's clock is wrong")
    signed = b".".join([identity.encode(), sent_at.encode(), payload])
    right = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    if not any(hmac.compare_digest(right, each) for each in _signatures(given.get("webhook-signature", ""))):
        raise NotSigned("no signature is that of this secret")
    body = _Body.model_validate_json(payload)
    return Delivery(id=identity, type=body.type, timestamp=body.timestamp, data=body.data)


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not key:
        raise ValueError(f"a secret is `{_PREFIX}` and base64")
    return key


def _signatures(written: str) -> list[bytes]:
    """Those of the version that we know."""
    found = []
    for part in written.split():
        version, _, signature = part.partition(",")
        if version == _VERSION:
            try:
                found.append(base64.b64decode(signature, validate=True))
            except binascii.Error:
                continue
    return found
