"""The client and the real gateway, on a real ledger; a worker's own flows book, at a house without pages."""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice

import pytest
from fastapi.routing import APIRoute
from readback_client import Client, Evidence, KeyRefused, NotFound, Problem
from readback_client.answers import Answer

from farm.evidence import EvidenceKind
from gateway.api.app import ROUTERS, make_app
from ledger.store import Ledger
from tasks.driving import drive
from tasks.settings import Settings
from tests.clients.stand_in import Serving
from tests.databases import migrated_file
from tests.gateway.api.conftest import new_key
from tests.gateway.api.test_evidence import JPEG, kept
from tests.tasks.house import House, farm_at

__all__ = ["migrated_file"]

WISH = {
    "reseller_reference": "order-1",
    "guest": {"name": "Ada Geheim", "email": "ada@example.com", "phone": "+39 051 555 0100"},
    "party": {"adults": 2},
    "when": {"date": "2029-12-04", "earliest": "19:00", "latest": "21:00", "preferred": "20:00"},
    "venues": ["osteria_luna"],
    "context": {"tab": "7"},
}


@pytest.fixture
def settings(tmp_path, migrated_file):
    shutil.copy(migrated_file, tmp_path / "ledger.sqlite3")
    return Settings(home=tmp_path)


@pytest.fixture
def gateways(settings):
    """Starts the gateway, and starts it again where it was."""
    running: list[Serving] = []

    def started(port: int = 0) -> Serving:
        running.append(Serving.start(make_app(settings), port))
        return running[-1]

    yield started
    for serving in running:
        serving.stop()


@pytest.fixture
def gateway(gateways):
    return gateways()


@pytest.fixture
def client_with(client_of, gateway, settings):
    def client_with(reseller="local", **more):
        async def made():
            async with await Ledger.open(settings.ledger_url) as ledger:
                return await new_key(ledger, reseller, **more)

        return client_of(key=asyncio.run(made()), url=gateway.url)

    return client_with


@pytest.fixture
def client(client_with):
    return client_with()


def work(settings, booking, house):
    """A worker takes what is due of a booking, until nothing is."""

    async def worked():
        async with await Ledger.open(settings.ledger_url) as ledger:
            farm = farm_at(house, ledger, settings)
            while due := [each for each in await ledger.wake_ups(booking) if each.due_at <= ledger.clock()]:
                await drive(farm, booking, due[0].kind)

    asyncio.run(worked())


def test_from_a_wish_to_a_confirmed_booking_and_gone_again(client, settings):
    queued = client.book(WISH, "order-1")
    assert (queued.status, queued.confirmed, queued.settled) == ("queued", False, False)
    assert queued.reseller_reference == "order-1"
    house = House()
    working = threading.Thread(target=work, args=(settings, queued.id, house))
    working.start()
    booking = client.wait(queued.id, timeout_s=30)
    working.join()
    assert booking.confirmed
    assert (booking.venue, booking.venue_reference) == ("osteria_luna", "OL-1")
    assert booking.verdict.kind == "matched"
    assert client.book(WISH, "order-1").id == booking.id
    assert [each.id for each in client.bookings(status="confirmed")] == [booking.id]
    assert list(client.bookings(status="failed")) == []
    kinds = [event.type for event in client.events(booking=booking.id)]
    assert kinds.index("booking.claimed") < kinds.index("booking.confirmed")
    assert [event.number for event in client.events()] == list(range(1, len(kinds) + 1))
    assert client.cancel(booking.id).cancel_requested_at is not None
    work(settings, booking.id, house)
    assert client.wait(booking.id, timeout_s=30).status == "cancelled"
    assert not house.standing
    assert "Geheim" not in booking.model_dump_json()


@pytest.fixture
def asked(caplog):
    """How often a route was asked, as the gateway has written it down."""
    caplog.set_level(logging.INFO, "gateway.api.door")
    return lambda route: sum(f" route={route} status=200 " in line for line in caplog.messages)


def test_a_stream_says_when_to_look(client, settings, asked):
    booking = client.book(WISH)
    states = client.watch(booking.id, timeout_s=60)
    assert next(states).status == "queued"
    working = threading.Thread(target=work, args=(settings, booking.id, House()))
    working.start()
    assert list(states)[-1].confirmed
    working.join()
    events = list(client.events(booking=booking.id))
    assert asked("/v1/bookings/{booking_id}") <= len(events)
    assert [event.sequence for event in client.stream(booking=booking.id)] == [event.sequence for event in events]
    assert asked("/v1/bookings/{booking_id}/events/stream") == 2


def test_a_gateway_that_is_started_again_meanwhile(client, gateway, gateways, settings):
    booking, port = client.book(WISH), int(gateway.url.rpartition(":")[2])
    states, followed = client.watch(booking.id, timeout_s=60), client.stream(after=0)
    assert next(states).status == "queued"
    assert next(followed).number == 1
    gateway.stop()
    gateways(port)
    work(settings, booking.id, House())
    assert list(states)[-1].confirmed
    known = [event.number for event in client.events(after=1)]
    assert [event.number for event in islice(followed, len(known))] == known


def test_without_streams_it_asks(client_with, settings, asked):
    client = client_with(scopes=["bookings:read", "bookings:write"])
    booking = client.book(WISH)
    working = threading.Timer(0.5, work, (settings, booking.id, House()))
    working.start()
    assert client.wait(booking.id, timeout_s=60).confirmed
    working.join()
    assert asked("/v1/bookings/{booking_id}/events/stream") == 0


def unknown_to_the_client(answer):
    """What the gateway says and the client's models do not, by its place."""
    inside = [value for value in dict(answer).values() for value in (value if isinstance(value, tuple) else [value])]
    deeper = [name for each in inside if isinstance(each, Answer) for name in unknown_to_the_client(each)]
    return [*(answer.model_extra or {}), *deeper]


def test_everything_that_is_known_of_a_confirmed_booking(client, settings):
    queued = client.book(WISH)
    assert queued.know_by == queued.waits.until
    assert queued.sentence == "We have your request and begin soon; you will know by 21:00 on 4 December 2029."
    work(settings, queued.id, House())
    booking = client.booking(queued.id)
    assert unknown_to_the_client(queued) == unknown_to_the_client(booking) == []
    assert (booking.waits.waiting_for, booking.at_rest, booking.attendance) == ("recheck", True, "unknown")
    assert (booking.booked.resource, booking.booked.party.adults) == ("Tavolo 1", 2)
    assert client.calendar(booking.id).startswith("BEGIN:VCALENDAR")
    assert client.reservation(booking.id)["reservationId"] == "OL-1"
    with pytest.raises(Problem) as raised:
        client.attended(booking.id, "arrived")
    assert raised.value.kind == "too-early"


def test_evidence_and_why_there_is_none(client, settings):
    booking = client.book(WISH)

    async def seen():
        async with await Ledger.open(settings.ledger_url) as ledger:
            await kept(ledger, settings, booking.id)
            await kept(ledger, settings, booking.id, b"", EvidenceKind.TEXT, why="the page changed meanwhile")

    asyncio.run(seen())
    found = client.evidence(booking.id)
    assert unknown_to_the_client(found) == []
    assert [(one.scene, one.media_type, client.seen(one)) for one in found.evidence] == [
        ("recap", "image/jpeg", JPEG)
    ]
    assert [(one.kind, one.why) for one in found.missing] == [("text", "the page changed meanwhile")]


def test_a_change(client, settings):
    booking, house = client.book(WISH), House()
    assert client.change(booking.id, party={"adults": 4}).id == booking.id
    work(settings, booking.id, house)
    assert client.wait(booking.id, timeout_s=30).confirmed
    assert [record.party and record.party.adults for record in house.standing] == [4]


NO_EVIDENCE = Evidence(
    id="ev_none",
    attempt=1,
    venue="osteria_luna",
    scene="recap",
    kind="picture",
    at=datetime.now(UTC),
    media_type="image/jpeg",
    size_bytes=0,
    sha256="",
    url=f"https://elsewhere.example/v1/evidence/ev_none?until=1&signature={'0' * 64}",
    expires_at=datetime.now(UTC),
)

EVERY_CALL: list[Callable[[Client], object]] = [
    lambda client: client.me(),
    lambda client: client.book(WISH),
    lambda client: list(client.bookings()),
    lambda client: client.booking("bk_none"),
    lambda client: client.change("bk_none", party={"adults": 3}),
    lambda client: client.cancel("bk_none"),
    lambda client: client.attended("bk_none", "arrived"),
    lambda client: client.evidence("bk_none"),
    lambda client: client.seen(NO_EVIDENCE),
    lambda client: client.calendar("bk_none"),
    lambda client: client.reservation("bk_none"),
    lambda client: list(client.events()),
    lambda client: list(client.events(booking="bk_none")),
    lambda client: next(iter(client.stream(after=10**9, types=["booking.confirmed"]))),
    lambda client: next(iter(client.stream(booking="bk_none"))),
    lambda client: next(iter(client.venues(q="luna"))).needs,
    lambda client: client.venue("osteria_luna"),
    lambda client: client.availability("osteria_luna", "2029-12-04", 2),
    lambda client: list(client.partners()),
    lambda client: client.partner("none"),
    lambda client: client.rates("venue", since="2029-01-01T00:00:00Z", until="2029-02-01T00:00:00Z"),
    lambda client: list(client.doubts()),
    lambda client: client.doubt("bk_none"),
    lambda client: client.resolve("bk_none", 1, "nothing_stands", reason="looked"),
    lambda client: client.webhooks(),
    lambda client: client.webhook("wh_none"),
    lambda client: client.add_webhook("http://127.0.0.1/", ["booking.confirmed"]),
    lambda client: client.change_webhook("wh_none", enabled=False),
    lambda client: client.remove_webhook("wh_none"),
    lambda client: client.rotate_secret("wh_none"),
    lambda client: client.test_webhook("wh_none"),
    lambda client: list(client.deliveries("wh_none", state="waiting")),
    lambda client: client.redeliver("wh_none", "dl_none"),
]


def test_every_route_has_a_call(client, caplog):
    caplog.set_level(logging.INFO, "gateway.api.door")
    wrong = []
    for call in EVERY_CALL:
        try:
            call(client)
        except Problem as problem:
            wrong += [problem] if problem.status not in {404, 409, 422} else []
    client.me()  # the one before is written down by now
    assert wrong == []
    asked = {tuple(re.findall(r" method=(\S+) route=(\S+) ", line)[0]) for line in caplog.messages}
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    there = {
        (method, route.path) for route in routes for method in route.methods or () if route.path.startswith("/v1/")
    }
    assert there - asked == set()


def test_what_is_wrong(client):
    with pytest.raises(Problem) as raised:
        client.book(WISH | {"servise": 1, "venues": ["osteria_lnua"]})
    assert {fault.where for fault in raised.value.faults} == {"servise", "venues.0"}
    assert raised.value.kind == "bad-request"
    client.book(WISH, "order-2")
    with pytest.raises(Problem) as raised:
        client.book(WISH | {"party": {"adults": 3}}, "order-2")
    assert raised.value.kind == "idempotency-conflict"
    assert raised.value.idempotency_key == "order-2"


def test_somebody_elses(client, client_with):
    booking = client.book(WISH)
    theirs = client_with("theirs")
    for ask in (theirs.booking, theirs.cancel, lambda each: theirs.wait(each, timeout_s=5)):
        with pytest.raises(NotFound):
            ask(booking.id)
    assert list(theirs.bookings()) == []


def test_a_key_that_may_only_look(client, client_with):
    booking = client.book(WISH)
    looks = client_with(scopes=["bookings:read"])
    assert looks.booking(booking.id).status == "queued"
    with pytest.raises(KeyRefused, match="bookings:write"):
        looks.cancel(booking.id)
