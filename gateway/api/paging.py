"""Pages of a list: an opaque cursor, which a later version can still read, says where the next one begins."""

from __future__ import annotations

import base64
import binascii

from farm.schema import Fault
from gateway.api.problems import Refused

_VERSION = "1:"


def cursor_after(last: str) -> str:
    """The cursor of the page that begins after this one."""
    return base64.urlsafe_b64encode(f"{_VERSION}{last}".encode()).decode().rstrip("=")


def place_of(cursor: str) -> str:
    """What the page begins after.

    Raises:
        Refused: This API has never given such a cursor out.
    """
    try:
        place = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        place = ""
    if not place.startswith(_VERSION) or not place.isprintable():
        raise Refused(
            "bad-request",
            "the page cannot be found",
            faults=[Fault("cursor", "is none that was given out as `next`")],
            then="begin again without `cursor`",
        )
    return place.removeprefix(_VERSION)
