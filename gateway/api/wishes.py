"""What may be asked of bookings: which ones, and how one shall be otherwise. Closed schemas, every fault named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from farm.facts import Fact
from farm.schema import Fault
from farm.status import BookingStatus
from farm.written import Count, Day, Line, Moment, WallTime
from gateway.api.body import fitting
from gateway.api.paging import PageWanted
from gateway.api.problems import Refused
from ledger.listing import Which


class BookingsWanted(PageWanted):
    """Which of the caller's bookings.

    Attributes:
        status: Those in one of these; give it several times for several.
        venue: Those that are booked, or being booked, at this venue.
        reseller_reference: Those with this id of yours.
        created_since: That moment is in.
        created_before: That moment is out.
        limit: How many on a page.
        cursor: The `next` of the page before.
    """

    status: tuple[BookingStatus, ...] = ()
    venue: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,80}$")] | None = None
    reseller_reference: Annotated[Line, Field(max_length=80)] | None = None
    created_since: Moment | None = None
    created_before: Moment | None = None

    def of(self, reseller: str) -> Which:
        """The same in the ledger's words, and of this reseller alone."""
        return Which(
            reseller,
            self.status,
            self.venue,
            self.reseller_reference,
            self.created_since,
            self.created_before,
        )


class ChangedSlot(Fact):
    """Parts of `when` that shall be otherwise; the others stay, but for `preferred` where `earliest` is new."""

    date: Day | None = None
    earliest: WallTime | None = None
    latest: WallTime | None = None
    preferred: WallTime | None = None
    duration_min: Annotated[int, Field(strict=True, ge=5, le=24 * 60)] | None = None
    widen_min: Annotated[int, Field(strict=True, ge=0, le=12 * 60)] | None = None


class ChangedParty(Fact):
    """Parts of `party` that shall be otherwise; the others stay."""

    adults: Count | None = None
    children: Count | None = None
    units: Annotated[Count, Field(ge=1)] | None = None


class ChangeWanted(Fact):
    """How a booking shall be otherwise."""

    when: ChangedSlot | None = None
    party: ChangedParty | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Parts of a request as they were written, which fit ``ChangeWanted``."""

    when: Mapping[str, object]
    party: Mapping[str, object]


def as_change(body: object) -> Change:
    """What a PATCH asks for.

    Raises:
        Refused: It cannot be, or asks for nothing; every fault in it is named.
    """
    fitting(body, ChangeWanted, "nothing was changed")
    written = body if isinstance(body, dict) else {}
    when, party = written.get("when") or {}, written.get("party") or {}
    if not when and not party:
        fault = Fault("", "asks for nothing: `when` or `party` must say what shall be otherwise")
        raise Refused("bad-request", "nothing was changed", faults=[fault])
    return Change(when, party)
