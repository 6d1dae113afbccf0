"""What the shop's interface says of orders that the lab shop never makes: approvals, kept fees, other currencies."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from farm.contract import Lookup
from farm.facts import Guest, Money
from farm.manifest import Manifest
from farm.registry import Registry
from farm.request import Request
from farm.status import VenueStatus
from farm.visit import Visit
from integrations.pretix.feed import offers_on
from integrations.pretix.records import OrganizerRecords

REGISTRY = Registry.load([Path(__file__).parents[2] / "integrations"])
STOCK = REGISTRY.venue("lab_concert")
CALENDAR = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;TZID=Europe/Berlin:20300614T200000\r\nEND:VEVENT"
ITEMS = {"next": None, "results": [{"id": 1, "name": {"en": "Standing"}}]}
LOOKUP = Lookup(our_reference="RB-7K2M9Q4T3W-1", guest=Guest(name="Ada Rossi", email="ada@example.com"))


def order(**changes: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "code": "AB12C",
        "secret": "s3cret",
        "status": "n",
        "require_approval": False,
        "email": "ada@example.com",
        "total": "50.00",
        "positions": [{"item": 1, "subevent": None, "attendee_name": "Ada Rossi"}] * 2,
        "payments": [{"state": "confirmed", "amount": "20.00"}, {"state": "created", "amount": "30.00"}],
    }
    return usual | changes


class Shop:
    """Answers on the wire; statuses are those of the manifest."""

    account = None

    def __init__(self, found: dict[str, Any], currency: str = "EUR") -> None:
        self.venue = STOCK.model_copy(update={"currency": currency})
        self._manifest: Manifest = REGISTRY.manifest(STOCK)
        self._found = found

    async def call(self, method: str, path: str, headers: object = None) -> SimpleNamespace:
        answer = ITEMS if "/items/" in path else {"next": None, "results": [self._found]}
        return SimpleNamespace(text=CALENDAR, json=lambda: json.loads(json.dumps(answer)))

    def status(self, label: str) -> VenueStatus:
        return Visit.status(self, label)  # type: ignore[arg-type]  # all that it needs is here


async def seen(found: dict[str, Any], currency: str = "EUR"):
    shop: Any = Shop(found, currency)
    script: Any = REGISTRY.script(STOCK)
    (sighting,) = await OrganizerRecords.read_api(script, shop, LOOKUP)
    return sighting


async def test_what_is_due_is_what_no_confirmed_payment_has_paid():
    sighting = await seen(order())
    assert (sighting.price, sighting.due) == (Money(minor=5000, currency="EUR"), Money(minor=3000, currency="EUR"))
    assert sighting.status is VenueStatus.CONFIRMED


@pytest.mark.parametrize(
    ("status", "says"), [("n", VenueStatus.PENDING), ("c", VenueStatus.CANCELLED), ("e", VenueStatus.EXPIRED)]
)
async def test_an_order_waits_for_approval_only_as_long_as_it_is_open(status, says):
    """A denied one keeps the mark: read as pending it would be waited for, and never proven cancelled."""
    assert (await seen(order(require_approval=True, status=status))).status is says


async def test_an_order_of_which_only_a_fee_is_left_does_not_stand():
    sighting = await seen(order(status="p", positions=[]))
    assert (sighting.status, sighting.reference) == (VenueStatus.CANCELLED, "AB12C")


@pytest.mark.parametrize(("currency", "total", "minor"), [("JPY", "3000.00", 3000), ("KWD", "12.500", 12500)])
async def test_amounts_are_in_the_currencys_own_minor_units(currency, total, minor):
    assert (await seen(order(total=total, payments=[]), currency)).price == Money(minor=minor, currency=currency)


async def test_a_product_with_variations_hides_no_other_one():
    feed = {
        "items_by_category": [
            {
                "items": [
                    {"name": "Shirt", "order_max": None, "price": None, "avail": None},
                    {"name": "Standing", "order_max": 10, "price": {"gross": "25.00"}, "avail": [100, 7]},
                ]
            }
        ]
    }

    class Feed(Shop):
        async def call(self, method: str, path: str, headers: object = None) -> SimpleNamespace:
            return SimpleNamespace(json=lambda: feed)

    visit: Any = Feed({})
    visit.venue = STOCK.model_copy(
        update={"sells": (STOCK.sells[0].model_copy(update={"service": "Shirt"}), *STOCK.sells)}
    )
    wish = Request.model_validate(
        {
            "guest": {"name": "Ada", "email": "a@example.com"},
            "party": {"adults": 2},
            "when": {"date": "2030-06-14", "earliest": "20:00", "latest": "20:00"},
            "venues": ["lab_concert"],
        }
    )
    slot: Any = (await seen(order())).when
    (offer,) = await offers_on(visit, wish, slot, "/lab/concert/")
    assert (offer.service, offer.price, offer.left) == ("Standing", Money(minor=5000, currency="EUR"), 7)
