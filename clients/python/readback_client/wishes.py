"""What is asked for, typed for editors; the server checks it, and names every fault."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict


class GuestWish(TypedDict):
    """Who comes; some venues want a telephone number."""

    name: str
    email: str
    phone: NotRequired[str]


class PartyWish(TypedDict, total=False):
    """How many come."""

    adults: int
    children: int
    units: int


class MoneyWish(TypedDict):
    """An amount in the smallest unit of its currency."""

    minor: int
    currency: str


class SlotWish(TypedDict):
    """A time on a day: dates as ``2030-06-14``, times as ``19:00``, on the venue's own clock."""

    date: str
    earliest: str
    latest: str
    preferred: NotRequired[str]
    duration_min: NotRequired[int]
    widen_min: NotRequired[int]


class StayWish(TypedDict):
    """Nights, as dates on the venue's own calendar."""

    check_in: str
    check_out: str


class BookingRequest(TypedDict):
    """One booking that a guest wants: of ``venues``, best first, or of all venues of a ``group``.

    ``know_by`` is a moment with an offset (RFC 3339), after which nothing new is tried.
    """

    guest: GuestWish
    party: PartyWish
    when: SlotWish | StayWish
    venues: NotRequired[list[str]]
    group: NotRequired[str]
    reseller_reference: NotRequired[str]
    service: NotRequired[str]
    resource: NotRequired[str]
    title: NotRequired[str]
    consents: NotRequired[list[str]]
    price_cap: NotRequired[MoneyWish]
    authorised: NotRequired[MoneyWish]
    know_by: NotRequired[str]
    pending_min: NotRequired[int]
    on_mismatch: NotRequired[Literal["ask", "amend", "cancel_and_fall_back"]]
    card: NotRequired[str]
    note: NotRequired[str]
    context: NotRequired[dict[str, str]]


class WebhookChange(TypedDict, total=False):
    """How a webhook shall be otherwise; ``types`` of None: all but progress."""

    url: str
    types: list[str] | None
    enabled: bool
