"""Every call of the API, described and not sent: which request it is, and how its answer is read."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import parse_qs, quote, urlsplit

import httpx
from pydantic import BaseModel

from readback_client.answers import Booking, BookingsPage, Doubt, DoubtsPage, EventsPage, Evidence, Kept, Me
from readback_client.endpoints import DeliveriesPage, Delivery, NewWebhook, Webhook, WebhooksList
from readback_client.places import Availability, By, Partner, PartnersPage, Rates, Venue, VenuesPage
from readback_client.wishes import BookingRequest, WebhookChange

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
Query = Mapping[str, Any]


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request. It may be sent again after a failure, for the API does it once.

    Attributes:
        query: Values that are None are left out.
        read: Makes the result of a good answer.
        once: It is done each time that it arrives, and not sent again where it may have arrived.
    """

    method: str
    path: str
    read: Callable[[httpx.Response], T]
    query: Query | None = None
    body: object = None
    idempotency_key: str | None = None
    once: bool = False

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


def evidence(booking_id: str) -> Call[Kept]:
    """What was kept of a booking's attempts."""
    return Call("GET", _path("bookings", booking_id, "evidence"), _as(Kept))


def seen(item: Evidence) -> Call[bytes]:
    """What is behind the link of an item, asked of the farm that gave it out."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(item.url).query).items()}
    return Call("GET", _path("evidence", item.id), lambda response: response.content, query)


def calendar(booking_id: str) -> Call[str]:
    """The calendar file of a confirmed booking."""
    return Call("GET", _path("bookings", booking_id, "calendar.ics"), lambda response: response.text)


def reservation(booking_id: str) -> Call[dict[str, Any]]:
    """The schema.org reservation of a confirmed booking."""
    return Call("GET", _path("bookings", booking_id, "reservation.jsonld"), lambda response: dict(response.json()))


def events(query: Query, booking_id: str | None) -> Call[EventsPage]:
    """A page of events: of a booking, or of everything."""
    return Call("GET", f"{_of(booking_id)}/events", _as(EventsPage), query)


def stream(booking_id: str | None, types: Sequence[str] | None = None) -> Call[None]:
    """The stream of events; it is heard, never read."""
    return Call("GET", f"{_of(booking_id)}/events/stream", lambda _response: None, {"type": types})


def venues(query: Query) -> Call[VenuesPage]:
    """A page of venues."""
    return Call("GET", _path("venues"), _as(VenuesPage), query)


def venue(slug: str) -> Call[Venue]:
    """One venue."""
    return Call("GET", _path("venues", slug), _as(Venue))


def availability(slug: str, day: date | str, people: int | None) -> Call[Availability]:
    """What was last seen of a venue's day."""
    return Call("GET", _path("venues", slug, "availability"), _as(Availability), {"date": str(day), "people": people})


def me() -> Call[Me]:
    """Whose key this is."""
    return Call("GET", _path("me"), _as(Me))


def partners(query: Query) -> Call[PartnersPage]:
    """A page of partners."""
    return Call("GET", _path("partners"), _as(PartnersPage), query)


def partner(slug: str) -> Call[Partner]:
    """One partner."""
    return Call("GET", _path("partners", slug), _as(Partner))


def rates(by: By, since: datetime | str | None, until: datetime | str | None) -> Call[Rates]:
    """Confirmation rates."""
    return Call("GET", _path("rates"), _as(Rates), {"by": by, "from": _moment(since), "to": _moment(until)})


def doubts(query: Query) -> Call[DoubtsPage]:
    """A page of doubts."""
    return Call("GET", _path("doubts"), _as(DoubtsPage), query)


def doubt(booking_id: str) -> Call[Doubt]:
    """One doubt."""
    return Call("GET", _path("doubts", booking_id), _as(Doubt))


def resolve(booking_id: str, attempt: int, says: str, reason: str, reference: str | None) -> Call[Booking]:
    """Say what stands."""
    body = {"attempt": attempt, "says": says, "reason": reason, "reference": reference}
    return Call("POST", _path("doubts", booking_id, "resolution"), _as(Booking), body=body)


def webhooks() -> Call[tuple[Webhook, ...]]:
    """All webhooks."""
    read = _as(WebhooksList)
    return Call("GET", _path("webhooks"), lambda response: read(response).webhooks)


def webhook(webhook_id: str) -> Call[Webhook]:
    """One webhook."""
    return Call("GET", _path("webhooks", webhook_id), _as(Webhook))


def add_webhook(url: str, types: Sequence[str] | None) -> Call[NewWebhook]:
    """Register a webhook."""
    body = {"url": url, "types": None if types is None else list(types)}
    return Call("POST", _path("webhooks"), _as(NewWebhook), body=body, once=True)


def change_webhook(webhook_id: str, changes: WebhookChange) -> Call[Webhook]:
    """Change a webhook."""
    return Call("PATCH", _path("webhooks", webhook_id), _as(Webhook), body=changes)


def remove_webhook(webhook_id: str) -> Call[None]:
    """Remove a webhook."""
    return Call("DELETE", _path("webhooks", webhook_id), lambda _response: None, once=True)


def rotate_secret(webhook_id: str) -> Call[NewWebhook]:
    """Get a new secret."""
    return Call("POST", _path("webhooks", webhook_id, "rotate-secret"), _as(NewWebhook), once=True)


def test_webhook(webhook_id: str) -> Call[Delivery]:
    """Have a test sent."""
    return Call("POST", _path("webhooks", webhook_id, "test"), _as(Delivery), once=True)


def deliveries(webhook_id: str, query: Query) -> Call[DeliveriesPage]:
    """A page of deliveries."""
    return Call("GET", _path("webhooks", webhook_id, "deliveries"), _as(DeliveriesPage), query)


def redeliver(webhook_id: str, delivery_id: str) -> Call[Delivery]:
    """Have it sent again."""
    return Call("POST", _path("webhooks", webhook_id, "deliveries", delivery_id, "redeliver"), _as(Delivery))


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
