"""Every call of the API, described and not sent: which request it is, and how its answer is read."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel

from readback_client.answers import (
    Availability,
    Booking,
    BookingsPage,
    EventsPage,
    Evidence,
    EvidenceList,
    KeyInfo,
    Venue,
    VenuesPage,
)
from readback_client.wishes import BookingRequest

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
Query = Mapping[str, Any]


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request. Each may be sent again after a failure: the API does it once.

    Attributes:
        query: Values that are None are left out.
        read: Makes the result of a good answer.
    """

    method: str
    path: str
    read: Callable[[httpx.Response], T]
    query: Query | None = None
    body: object = None
    idempotency_key: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What this call says beside its body."""
        return {"Idempotency-Key": self.idempotency_key} if self.idempotency_key else {}

    @property
    def parameters(self) -> dict[str, Any]:
        """The query that is sent."""
        return {name: value for name, value in (self.query or {}).items() if value is not None}


def _as(model: type[M]) -> Callable[[httpx.Response], M]:
    return lambda response: model.model_validate_json(response.content)


def _path(*parts: str) -> str:
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


def book(request: BookingRequest | Mapping[str, Any], key: str | None) -> Call[Booking]:
    """Queue a booking; without a key, under a new one that holds for all tries of this call."""
    return Call("POST", _path("bookings"), _as(Booking), body=request, idempotency_key=key or str(uuid.uuid4()))


def booking(booking_id: str) -> Call[Booking]:
    """One booking."""
    return Call("GET", _path("bookings", booking_id), _as(Booking))


def bookings(query: Query) -> Call[BookingsPage]:
    """A page of bookings."""
    return Call("GET", _path("bookings"), _as(BookingsPage), query)


def cancel(booking_id: str) -> Call[Booking]:
    """Call a booking off."""
    return Call("POST", _path("bookings", booking_id, "cancel"), _as(Booking))


def change(booking_id: str, when: Mapping[str, Any] | None, party: Mapping[str, Any] | None) -> Call[Booking]:
    """Change a booking."""
    body = {name: wish for name, wish in (("when", when), ("party", party)) if wish is not None}
    return Call("PATCH", _path("bookings", booking_id), _as(Booking), body=body)


def attended(booking_id: str, attendance: Literal["arrived", "no_show"]) -> Call[Booking]:
    """Say who came."""
    path = _path("bookings", booking_id, "attendance")
    return Call("POST", path, _as(Booking), body={"attendance": attendance})


def evidence(booking_id: str) -> Call[tuple[Evidence, ...]]:
    """What was kept of a booking's attempts."""
    read = _as(EvidenceList)
    return Call("GET", _path("bookings", booking_id, "evidence"), lambda response: read(response).evidence)


def calendar(booking_id: str) -> Call[str]:
    """The calendar file of a confirmed booking."""
    return Call("GET", _path("bookings", booking_id, "calendar.ics"), lambda response: response.text)


def reservation(booking_id: str) -> Call[dict[str, Any]]:
    """The schema.org reservation of a confirmed booking."""
    return Call("GET", _path("bookings", booking_id, "reservation.jsonld"), lambda response: dict(response.json()))


def events(query: Query, booking_id: str | None) -> Call[EventsPage]:
    """A page of events: of a booking, or of everything."""
    return Call("GET", f"{_of(booking_id)}/events", _as(EventsPage), query)


def stream(booking_id: str | None) -> Call[None]:
    """The stream of events; it is heard, never read."""
    return Call("GET", f"{_of(booking_id)}/events/stream", lambda _response: None)


def venues(query: Query) -> Call[VenuesPage]:
    """A page of venues."""
    return Call("GET", _path("venues"), _as(VenuesPage), query)


def venue(slug: str) -> Call[Venue]:
    """One venue."""
    return Call("GET", _path("venues", slug), _as(Venue))


def availability(slug: str, day: date | str, people: int | None) -> Call[Availability]:
    """What was last seen of a venue's day."""
    return Call("GET", _path("venues", slug, "availability"), _as(Availability), {"date": str(day), "people": people})


def key() -> Call[KeyInfo]:
    """Whose key this is."""
    return Call("GET", _path("key"), _as(KeyInfo))


def _of(booking_id: str | None) -> str:
    return "/v1" if booking_id is None else _path("bookings", booking_id)


def filters(
    status: str | Sequence[str] | None,
    venue: str | None,
    reseller_reference: str | None,
    created_since: datetime | str | None,
    created_before: datetime | str | None,
) -> Query:
    """The query of a list of bookings."""
    return {
        "status": [status] if isinstance(status, str) else status,
        "venue": venue,
        "reseller_reference": reseller_reference,
        "created_since": _moment(created_since),
        "created_before": _moment(created_before),
    }


def _moment(given: datetime | str | None) -> str | None:
    return given.isoformat() if isinstance(given, datetime) else given
