"""Tolerances: as far as the manifest says, to both sides, each for its own field, and not a step further."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from farm.compare import compare, expected
from farm.facts import Facts, Guest, Money, Offer, Party, Slot, Stay
from farm.manifest import Tolerance
from farm.request import Request

ROME = ZoneInfo("Europe/Rome")
AT = datetime(2026, 12, 4, 20, 30, tzinfo=ROME)
SLOT = Slot(starts_at=AT, ends_at=AT + timedelta(hours=2))
STAY = Stay(check_in=date(2026, 12, 4), check_out=date(2026, 12, 6))
EUR_50 = Money(minor=5000, currency="EUR")


def said(wanted: Facts, seen: Facts, **tolerance: Any) -> dict[str, str]:
    """What comes of each field that was compared."""
    return {one.field: one.result for one in compare(wanted, seen, Tolerance(**tolerance), ROME).fields}


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize(("begins", "ends"), [("starts_at", "when"), ("ends_at", "ends_at")])
@pytest.mark.parametrize(("apart_min", "result"), [(0, "same"), (1, "within_tolerance"), (10, "within_tolerance")])
def test_minutes(side, begins, ends, apart_min, result):
    def seen(minutes: int) -> Facts:
        moved = getattr(SLOT, begins) + side * timedelta(minutes=minutes)
        return Facts(when=SLOT.model_copy(update={begins: moved}))

    wanted, tolerance = Facts(when=SLOT), {f"{begins}_min": 10}
    assert said(wanted, seen(apart_min), **tolerance)[ends] == result
    assert said(wanted, seen(11), **tolerance)[ends] == "differs"
    assert said(wanted, seen(1))[ends] == "differs", "not at all, unless the manifest says"


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize(("apart", "result"), [(0, "same"), (1, "within_tolerance"), (200, "within_tolerance")])
def test_amounts(side, apart, result):
    def seen(minor: int, currency: str = "EUR") -> Facts:
        return Facts(price=Money(minor=5000 + side * minor, currency=currency))

    wanted = Facts(price=EUR_50)
    assert said(wanted, seen(apart), price_minor=200) == {"price": result}
    assert said(wanted, seen(201), price_minor=200) == {"price": "differs"}
    assert said(wanted, seen(1)) == {"price": "differs"}
    assert said(wanted, seen(apart, "CHF"), price_minor=200) == {"price": "differs"}, "another currency is no fee"


@pytest.mark.parametrize(
    ("seen", "rules"),
    [
        ("ada rossì", {"exact", "any_order", "contains"}),
        ("Rossi, Ada", {"any_order", "contains"}),
        ("Sig.ra Ada Rossi", {"contains"}),
        ("Ada Ada Rossi", {"contains"}),
        ("Ada", set()),
        ("Ada Bianchi", set()),
    ],
)
def test_names(seen, rules):
    wanted, shown = Facts(guest_name="Ada Rossi"), Facts(guest_name=seen)
    close = {
        rule
        for rule in ("exact", "any_order", "contains")
        if said(wanted, shown, guest_name=rule) != {"guest_name": "differs"}
    }
    assert close == rules


@pytest.mark.parametrize(
    ("wanted", "seen"),
    [
        (Facts(service="Cena"), Facts(service="Pranzo")),
        (Facts(guest_email="ada@example.com"), Facts(guest_email="ada+1@example.com")),
        (Facts(guest_phone="+39 051 123456"), Facts(guest_phone="+39 051 123457")),
        (Facts(when=STAY), Facts(when=STAY.model_copy(update={"check_out": date(2026, 12, 7)}))),
    ],
)
def test_what_has_no_tolerance_is_the_same_or_not(wanted, seen):
    widest = {"starts_at_min": 120, "ends_at_min": 720, "price_minor": 10**6, "guest_name": "contains"}
    assert set(said(wanted, seen, **widest).values()) == {"differs"}
    assert set(said(wanted, wanted, **widest).values()) == {"same"}


def test_a_prefix_is_no_part_of_a_phone_number():
    wanted = Facts(guest_phone="+39 051 123456")
    assert said(wanted, Facts(guest_phone="0039 (051) 12-34-56")) == {"guest_phone": "same"}


def test_only_a_final_price_is_expected():
    request = Request.model_validate(
        {
            "guest": Guest(name="Ada Rossi", email="ada@example.com"),
            "party": Party(adults=2),
            "when": {"date": "2026-12-04", "earliest": "19:00", "latest": "21:00"},
            "venues": ["x"],
        }
    )
    offer = Offer(when=Slot(starts_at=AT.astimezone(UTC)), key="k", price=EUR_50)
    assert expected(request, offer.model_copy(update={"price_stage": "final"})).price == EUR_50
    assert expected(request, offer.model_copy(update={"price_stage": "lower_bound"})).price is None
