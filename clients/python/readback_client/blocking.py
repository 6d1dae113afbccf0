"""The client for blocking code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, Unpack

from readback_client import calls, plans
from readback_client.answers import Booking, Doubt, Event, Evidence, Kept, Me
from readback_client.carrying import Carrying
from readback_client.endpoints import Delivery, NewWebhook, Webhook
from readback_client.places import Availability, By, Partner, Rates, Venue
from readback_client.wishes import BookingRequest, WebhookChange


class Client(Carrying):
    """The API of one farm, with one key. Use it as a context manager, or ``close()`` it; threads may share it.

    Every method raises ``Problem`` when the API says no, and ``Unreachable`` when it says nothing; what can be asked
    again without harm is asked again by itself, a few times.

    Args:
        key: The API key; else ``READBACK_API_KEY``.
        url: Where the API is; else ``READBACK_API_URL``, else this machine.
        transport: For tests and proxies, as httpx has it.
        streams: False where streams cannot come through; it is found out otherwise.
    """

    def book(self, request: BookingRequest | Mapping[str, Any], idempotency_key: str | None = None) -> Booking:
        """Queue a booking; the answer is no confirmation, ``wait`` brings that.

        Args:
            request: What is wanted.
            idempotency_key: The same key with the same request gives the same booking, however often it is sent.
                Without one, each call is a new booking; its own tries share a key, which an error names.
        """
        return self._one(calls.book(request, idempotency_key))

    def booking(self, booking_id: str) -> Booking:
        """The booking as it is now."""
        return self._one(calls.booking(booking_id))

    def bookings(
        self,
        *,
        status: str | Sequence[str] | None = None,
        venue: str | None = None,
        reseller_reference: str | None = None,
        created_since: datetime | str | None = None,
        created_before: datetime | str | None = None,
    ) -> Iterator[Booking]:
        """All bookings that fit, newest first; pages are fetched as they are needed. Moments carry an offset."""
        query = calls.filters(status, venue, reseller_reference, created_since, created_before)
        return self._each(plans.paged(calls.bookings, query, "cursor"))

    def watch(self, booking_id: str, *, timeout_s: float = 300.0) -> Iterator[Booking]:
        """The booking as it is, and again whenever it has changed, until it is settled.

        A cancellation or change that was asked for is waited for too.

        Raises:
            NotSettled: It goes on after ``timeout_s``.
        """
        return self._each(plans.watched(booking_id, timeout_s, streams=self._streams))

    def wait(self, booking_id: str, *, timeout_s: float = 300.0) -> Booking:
        """The booking as soon as it is settled: by its events, or asked for every second where no stream comes.

        After ``cancel`` and ``change`` it waits until they are proven, or given up.

        Raises:
            NotSettled: It goes on after ``timeout_s``; the error carries the booking.
        """
        *_, settled = self.watch(booking_id, timeout_s=timeout_s)
        return settled

    def cancel(self, booking_id: str) -> Booking:
        """Call a booking off; it is ``cancelled`` only once the venue's record has shown that: ``wait`` for it."""
        return self._one(calls.cancel(booking_id))

    def change(
        self,
        booking_id: str,
        *,
        when: Mapping[str, Any] | None = None,
        party: Mapping[str, Any] | None = None,
    ) -> Booking:
        """Change when, or for how many; what is left out stays."""
        return self._one(calls.change(booking_id, when, party))

    def attended(self, booking_id: str, attendance: Literal["arrived", "no_show"]) -> Booking:
        """Say whether the guest came, once the time has come; said again otherwise, it is corrected."""
        return self._one(calls.attended(booking_id, attendance))

    def evidence(self, booking_id: str) -> Kept:
        """What was kept of its attempts, and why the rest was not."""
        return self._one(calls.evidence(booking_id))

    def seen(self, item: Evidence) -> bytes:
        """The picture or the text itself."""
        return self._one(calls.seen(item))

    def calendar(self, booking_id: str) -> str:
        """The calendar file of a confirmed booking; of one that is no more it takes the entry out."""
        return self._one(calls.calendar(booking_id))

    def reservation(self, booking_id: str) -> dict[str, Any]:
        """The schema.org reservation of a confirmed booking, as JSON-LD; without the guest (``underName``)."""
        return self._one(calls.reservation(booking_id))

    def events(
        self, *, booking: str | None = None, after: int = 0, types: Sequence[str] | None = None
    ) -> Iterator[Event]:
        """All events until now, in order; of one booking, ``after`` is a ``sequence``, else a ``number``.

        Args:
            booking: Of this one; else of all.
            after: What comes behind it.
            types: These only, where they are of all bookings.
        """
        return self._each(
            plans.paged(lambda query: calls.events(query, booking), {"after": after, "type": types}, "after")
        )

    def stream(
        self, *, booking: str | None = None, after: int | None = None, types: Sequence[str] | None = None
    ) -> Iterator[Event]:
        """Events as they happen; broken connections are taken up again without losing or repeating one.

        Args:
            booking: Of this one, from its first event on until it is settled; else of all, from now on and for ever.
            after: Go on behind this ``number`` (of one booking: ``sequence``); 0: from the very first one.
            types: These only, where they are of all bookings.
        """
        return self._each(plans.followed(calls.stream(booking, types), after))

    def venues(
        self,
        *,
        city: str | None = None,
        kind: str | None = None,
        group: str | None = None,
        partner: str | None = None,
        place: str | None = None,
        q: str | None = None,
    ) -> Iterator[Venue]:
        """The venues that can be booked; ``place`` and ``q`` are words of the address, and of anything."""
        query = {"city": city, "kind": kind, "group": group, "partner": partner, "place": place, "q": q}
        return self._each(plans.paged(calls.venues, query, "cursor"))

    def venue(self, slug: str) -> Venue:
        """One venue."""
        return self._one(calls.venue(slug))

    def availability(self, slug: str, date: date | str, people: int | None = None) -> Availability:
        """What was last seen of a venue's day, with its age; no visit is made for it."""
        return self._one(calls.availability(slug, date, people))

    def me(self) -> Me:
        """Whose key this is, and what it may do."""
        return self._one(calls.me())

    def partners(self) -> Iterator[Partner]:
        """How it stands with each partner: whether the farm may go there now, and how your bookings fared lately."""
        return self._each(plans.paged(calls.partners, {}, "cursor"))

    def partner(self, slug: str) -> Partner:
        """How it stands with one partner."""
        return self._one(calls.partner(slug))

    def rates(
        self, by: By = "total", *, since: datetime | str | None = None, until: datetime | str | None = None
    ) -> Rates:
        """How many of your bookings were confirmed; of the last 30 days, unless said otherwise."""
        return self._one(calls.rates(by, since, until))

    def doubts(self) -> Iterator[Doubt]:
        """Your bookings that wait for a person's word: with each, where to look and for what."""
        return self._each(plans.paged(calls.doubts, {}, "cursor"))

    def doubt(self, booking_id: str) -> Doubt:
        """What a person must look for."""
        return self._one(calls.doubt(booking_id))

    def resolve(
        self,
        booking_id: str,
        attempt: int,
        says: Literal["stands", "nothing_stands", "cancelled"],
        *,
        reason: str,
        reference: str | None = None,
    ) -> Booking:
        """Say what stands at the venue, as a person has seen it: the booking goes on by that word.

        Args:
            booking_id: Which booking.
            attempt: Of which attempt, as the doubt names it.
            says: A record stands; none does, and it goes on; none does, and nothing else shall be booked.
            reason: How they know; no guest data, for it is kept.
            reference: The venue's own number of what stands.
        """
        return self._one(calls.resolve(booking_id, attempt, says, reason, reference))

    def webhooks(self) -> tuple[Webhook, ...]:
        """Where you are told what happens, and how it goes with each."""
        return self._one(calls.webhooks())

    def webhook(self, webhook_id: str) -> Webhook:
        """One webhook."""
        return self._one(calls.webhook(webhook_id))

    def add_webhook(self, url: str, types: Sequence[str] | None = None) -> NewWebhook:
        """Be told what happens; the answer shows the secret, this once.

        It is not tried again by itself: after ``Unreachable`` look at ``webhooks``.

        Args:
            url: `https://` on the public Internet.
            types: These types of events; None: all but progress.
        """
        return self._one(calls.add_webhook(url, types))

    def change_webhook(self, webhook_id: str, **changes: Unpack[WebhookChange]) -> Webhook:
        """Change, disable or enable one; what is left out stays."""
        return self._one(calls.change_webhook(webhook_id, changes))

    def remove_webhook(self, webhook_id: str) -> None:
        """Be told no more."""
        self._one(calls.remove_webhook(webhook_id))

    def rotate_secret(self, webhook_id: str) -> NewWebhook:
        """Get a new secret, shown this once; for a day the one of before signs too. It is not tried again."""
        return self._one(calls.rotate_secret(webhook_id))

    def test_webhook(self, webhook_id: str) -> Delivery:
        """Have an event of the type ``webhook.test`` sent."""
        return self._one(calls.test_webhook(webhook_id))

    def deliveries(self, webhook_id: str, *, state: str | None = None) -> Iterator[Delivery]:
        """What was sent to a webhook and what waits, newest first."""
        return self._each(plans.paged(lambda query: calls.deliveries(webhook_id, query), {"state": state}, "cursor"))

    def redeliver(self, webhook_id: str, delivery_id: str) -> Delivery:
        """Have it sent again now, whatever became of it."""
        return self._one(calls.redeliver(webhook_id, delivery_id))
