"""The whole farm at the real shop: driven by a worker, read back on all three channels, held against its database."""

from __future__ import annotations

import json
from datetime import date, datetime

import pytest

from farm.status import BookingStatus, Cause
from tasks.embedded import EmbeddedFarm
from tasks.settings import Settings
from tests.e2e.reseller import Platform
from tools.overlay import Overlay, Standing

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

NIGHT = date(2030, 6, 14)
CHANNELS = {"api_shop": ("owner",), "desk_shop": ("desk",), "page_shop": ()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("farm")


@pytest.fixture(scope="module")
def platform(running_shop, folder):
    overlay = Overlay(folder / "overlay")
    for slug, accounts in CHANNELS.items():
        overlay.add(Standing("pretix/lab_concert", slug, running_shop.origin, "shops", accounts))
    overlay.add(Standing("pretix/lab_table", "bistro", running_shop.origin, "shops", ("owner",)))
    settings = overlay.settings(Settings(home=folder / "home"))
    with EmbeddedFarm(settings, concurrency=1):
        yield Platform(settings)


def queue(platform, *venues, service="Standing", **changes):
    when = {"date": NIGHT.isoformat(), "earliest": "19:00", "latest": "21:00"}
    return platform.queue(NIGHT, *venues, service=service, when=when, **changes)


def orders(shop, booking):
    return [order for order in shop.orders() if booking.code.lower() in order.email]


@pytest.mark.parametrize(
    ("venue", "channel"),
    [("api_shop", "organizer_api"), ("desk_shop", "back_office"), ("page_shop", "order_page")],
)
def test_a_ticket_is_read_back_on_each_channel(platform, shop, venue, channel):
    booking = platform.settled(queue(platform, venue))
    assert booking.status is BookingStatus.CONFIRMED, booking.sentence
    (order,) = orders(shop, booking)
    assert (order.code, order.event, order.total_cents) == (booking.venue_reference, "concert", 5000)
    assert [position.product for position in order.positions] == ["Standing", "Standing"]
    verdict = json.loads(booking.verdict)
    assert (verdict["kind"], verdict["channel"]) == ("matched", channel)


def test_a_slot_of_a_series_is_a_table(platform, shop):
    booking = platform.settled(queue(platform, "bistro", service=None))
    assert booking.status is BookingStatus.CONFIRMED, booking.sentence
    (order,) = orders(shop, booking)
    (position,) = order.positions
    verdict = json.loads(booking.verdict)
    (when,) = [field for field in verdict["fields"] if field["field"] == "when"]
    assert datetime.fromisoformat(when["seen"]) == position.starts_at
    assert position.product == "Table for 2"


def test_sold_out_is_unavailable_and_nothing_is_ordered(platform, shop):
    shop.quota_fill("concert", "Balcony")
    booking = platform.settled(queue(platform, "api_shop", "desk_shop", service="Balcony"))
    assert booking.status is BookingStatus.UNAVAILABLE, booking.sentence
    assert [attempt.cause for attempt in platform.attempts(booking.id)] == [Cause.SLOT_UNAVAILABLE] * 2
    assert orders(shop, booking) == []


def test_cancelled_at_the_shop_and_proven(platform, shop):
    booking = platform.settled(queue(platform, "api_shop", service="Guest list"))
    assert booking.status is BookingStatus.CONFIRMED, booking.sentence
    platform.cancel(booking.id)
    booking = platform.until(booking.id, lambda b: b.status in {BookingStatus.CANCELLED, BookingStatus.IN_DOUBT})
    assert booking.status is BookingStatus.CANCELLED, booking.sentence
    assert [order.status for order in orders(shop, booking)] == ["cancelled"]


def test_the_partners_secrets_are_nowhere_in_the_state_folder(platform, shop, folder):
    """In no log, no queue and not in the ledger, after all that this farm did."""
    platform.settled(queue(platform, "desk_shop"))
    secrets = {value.encode() for name, value in shop.secrets().items() if not name.endswith("USER")}
    assert len(secrets) == 2
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.name == "ledger.sqlite3" for path in files)
    assert [path.name for path in files if any(secret in path.read_bytes() for secret in secrets)] == []
