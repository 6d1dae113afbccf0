"""Pages of a list: an opaque cursor, which a later version can still read, says where the next one begins."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from pydantic import Field

from farm.facts import Fact
from farm.schema import Fault
from gateway.api.problems import Refused

T = TypeVar("T")
LARGEST_PAGE = 100
_VERSION = "1:"


class PageWanted(Fact):
    """Which page of a list.

    Attributes:
        limit: How many on a page.
        cursor: The `next` of the page before.
    """

    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = 20
    cursor: Annotated[str, Field(max_length=200)] | None = None

    @property
    def after(self) -> str | None:
        """What the page begins after; None: nothing.

        Raises:
            Refused: This API has never given such a cursor out.
        """
        return None if self.cursor is None else place_of(self.cursor)

    def next_of(self, found: Sequence[T], name_of: Callable[[T], str]) -> str | None:
        """The cursor of the next page; ``found`` has one more than fits on this one, if there is more."""
        return cursor_after(name_of(found[self.limit - 1])) if len(found) > self.limit else None


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
