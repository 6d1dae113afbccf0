"""``Idempotency-Key``: what a platform names a booking by before it has an id, so that trying again is safe."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Request

from farm.schema import Fault
from gateway.api.problems import Refused

HEADER = "Idempotency-Key"
SHAPE = re.compile(r"[\x21-\x7e]{1,255}")
PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": True,
    "description": "Your own name for this booking, 1 to 255 visible ASCII characters. "
    "Send the same one when you try again: it gives the same booking, as it is then.",
    "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]+$", "minLength": 1, "maxLength": 255},
    "example": "order-4711",
}


async def of_request(request: Request) -> str:
    """The key of this request."""
    given = request.headers.getlist(HEADER)
    if not given:
        raise Refused("idempotency-key-missing", "nothing was queued")
    if len(given) > 1:
        raise Refused("bad-request", "nothing was queued", faults=[Fault(HEADER, "is given more than once")])
    if not SHAPE.fullmatch(given[0]):
        raise Refused(
            "bad-request", "nothing was queued", faults=[Fault(HEADER, "has 1 to 255 visible ASCII characters")]
        )
    return given[0]


IdempotencyKey = Annotated[str, Depends(of_request)]
"""The key of a request that makes something."""
