"""Which offer the core takes, and the words that it reads and plants, for any input."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.choosing import choose
from farm.errors import NoAvailability, PriceOverCap
from farm.facts import Guest, Money, Offer, Party, Slot
from farm.identity import Reference, mint_code, tagged, untagged
from farm.request import Request, WantedSlot
from farm.venue import Venue

ROME = ZoneInfo("Europe/Rome")
VENUE = Venue(
    slug="x", name="X", kind="restaurant", timezone="Europe/Rome", currency="EUR",
    origin="https://x.example", partner="p",
)  # fmt: skip
REQUEST = Request(
    guest=Guest(name="Ada", email="a@example.com"),
    party=Party(adults=3),
    when=WantedSlot(date=date(2026, 12, 4), earliest=time(19), latest=time(21), preferred=time(20)),
    venues=("x",),
)


def offer(at, **changes: Any):
    hour, minute = at
    when = Slot(starts_at=datetime(2026, 12, 4, hour, minute, tzinfo=ROME))
    return Offer(when=when, key=f"{hour}:{minute}", resource="Table 1").model_copy(update=changes)


def wish(**changes):
    return REQUEST.model_copy(update=changes)


def test_nearest_to_the_preferred_time_inside_the_window():
    offers = [offer((18, 45)), offer((19, 0)), offer((20, 30)), offer((21, 15))]
    assert choose(offers, REQUEST, VENUE).key == "20:30"


def test_the_smallest_table_that_is_big_enough_then_the_cheapest():
    offers = [
        offer((20, 0), key="two", party=Party(adults=2)),
        offer((20, 0), key="six", party=Party(adults=6)),
        offer((20, 0), key="four dear", party=Party(adults=4), price=Money(minor=900, currency="EUR")),
        offer((20, 0), key="four", party=Party(adults=4), price=Money(minor=500, currency="EUR")),
    ]
    assert choose(offers, REQUEST, VENUE).key == "four"


def test_service_and_resource_are_taken_by_their_names():
    offers = [offer((20, 0), service="Lunch", key="a"), offer((21, 0), service="Dinner", resource="Garden", key="b")]
    assert choose(offers, wish(service="dinner"), VENUE).key == "b"
    assert choose(offers, wish(resource="garden"), VENUE).key == "b"
    with pytest.raises(NoAvailability, match="lists 2 offers"):
        choose(offers, wish(service="Brunch"), VENUE)


def test_over_the_cap_is_told_apart_from_full():
    cap = wish(price_cap=Money(minor=1000, currency="EUR"))
    with pytest.raises(PriceOverCap):
        choose([offer((20, 0), price=Money(minor=1001, currency="EUR"))], cap, VENUE)
    with pytest.raises(PriceOverCap):
        choose([offer((20, 0), price=Money(minor=10, currency="CHF"))], cap, VENUE)
    assert choose([offer((20, 0), price=Money(minor=1000, currency="EUR"))], cap, VENUE).key == "20:0"


def test_too_short_and_too_few_do_not_fit():
    def ends(minutes):
        begins = datetime(2026, 12, 4, 20, tzinfo=ROME)
        return Slot(starts_at=begins, ends_at=begins + timedelta(minutes=minutes))

    long = wish(when=REQUEST.when.model_copy(update={"duration_min": 60}))
    offers = [offer((20, 0), key="short", when=ends(30)), offer((20, 0), key="long", when=ends(60))]
    assert choose(offers, long, VENUE).key == "long"
    three = Party(adults=3, units=3)
    offers = [offer((20, 0), key="two left", party=three, left=2), offer((20, 30), key="three", party=three, left=3)]
    assert choose(offers, REQUEST, VENUE).key == "three"


@pytest.mark.parametrize(
    ("day", "begins", "ends", "long_enough"),
    [
        (date(2029, 10, 28), (1, 30), (2, 30), True),
        (date(2029, 3, 25), (1, 30), (3, 30), False),
    ],
)
def test_an_hour_that_comes_twice_or_never_counts_as_it_passes(day, begins, ends, long_enough):
    wanted = WantedSlot(date=day, earliest=time(1), latest=time(2), duration_min=120)
    first, last = (datetime.combine(day, time(*at), tzinfo=ROME) for at in (begins, ends))
    slot = Slot(starts_at=first, ends_at=last.replace(fold=1))
    assert wanted.admits(slot, ROME) is long_enough


def test_nothing_left_is_nothing():
    with pytest.raises(NoAvailability):
        choose([offer((20, 0), left=0)], REQUEST, VENUE)
    with pytest.raises(NoAvailability):
        choose([], REQUEST, VENUE)


@given(st.integers(0, 10**9), st.sampled_from(["{w}.{c:02}", "{w},{c:02} €", "EUR {w}.{c:02}", "€\u00a0{w},{c:02}"]))
def test_amounts_come_back_whole(minor, shape):
    written = shape.format(w=f"{minor // 100}", c=minor % 100)
    assert Money.read(written, "EUR") == Money(minor=minor, currency="EUR")


@given(st.integers(0, 10**9))
def test_amounts_with_thousands_marks_in_both_manners(minor):
    whole, cents = f"{minor // 100:,}", f"{minor % 100:02}"
    assert Money.read(f"{whole}.{cents}", "EUR").minor == minor
    assert Money.read(f"{whole.replace(',', '.')},{cents}", "EUR").minor == minor
    assert Money.read(whole.replace(",", "\u202f") + f",{cents} €", "EUR").minor == minor
    assert Money.read(f"¥{whole}", "JPY").minor == minor // 100


@pytest.mark.parametrize(
    ("written", "currency", "minor"),
    [
        ("CHF 1’234.50", "CHF", 123450),
        ("1\u2009234,50", "EUR", 123450),
        ("€ 1.234", "EUR", 123400),
        ("€25.-", "CHF", 2500),
        ("3000.00", "JPY", 3000),
        ("USh 45,000", "UGX", 45000),
        ("1.250 KD", "KWD", 1250),
        ("1,234.500", "KWD", 1234500),
    ],
)
def test_amounts_in_other_manners(written, currency, minor):
    assert Money.read(written, currency) == Money(minor=minor, currency=currency)


@pytest.mark.parametrize(
    ("written", "currency"),
    [
        ("free", "EUR"),
        ("2 x 25.00 EUR", "EUR"),
        ("-5.00", "EUR"),
        (".50", "EUR"),
        ("1.2.3", "EUR"),
        ("0.125", "EUR"),
        ("1,234", "KWD"),
        ("30.50", "JPY"),
    ],
)
def test_an_unclear_amount_is_an_error_and_no_guess(written, currency):
    with pytest.raises(ValueError, match="amount"):
        Money.read(written, currency)


LOCAL = st.text("abcdefghijklmnopqrstuvwxyz0123456789.+_-", min_size=1, max_size=30)


@given(LOCAL, st.integers(1, 999), st.binary(min_size=7, max_size=7))
def test_a_planted_reference_is_found_again_and_taken_out_again(local, attempt, entropy):
    reference = Reference(mint_code(lambda _: entropy), attempt)
    email = tagged(f"{local}@example.com", reference)
    assert Reference.found_in(email.upper()) == reference
    assert untagged(email) == f"{local}@example.com"
    assert tagged(tagged(email, Reference(mint_code(), 7)), reference) == email
