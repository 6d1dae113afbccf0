"""What counts as a match, and what never does."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from farm.compare import compare, expected
from farm.errors import VenueChanged
from farm.facts import Facts, Guest, Money, Offer, Party, Sighting, Slot, Stay
from farm.identity import Reference, mint_code, plant, tagged, untagged
from farm.manifest import Channel, Tolerance
from farm.request import Request, WantedSlot
from farm.status import VenueStatus, VerdictKind
from farm.verdict import Measure, Verdict, contested, judge, keeps_promise

ROME = ZoneInfo("Europe/Rome")
NOW = datetime(2026, 12, 1, tzinfo=UTC)
CODE = "7K2M9Q4T3W"
OURS = tagged("ada@example.com", Reference(CODE, 1))
AT = datetime(2026, 12, 4, 20, 30, tzinfo=ROME)
WANTED = Facts(
    when=Slot(starts_at=AT),
    resource="Tavolo 4",
    party=Party(adults=2),
    guest_name="Ada Rossi",
    guest_email=OURS,
    price=Money(minor=5000, currency="EUR"),
)
CHANNEL = Channel(name="lookup", proves="complete", shows=("when", "resource"))


def measure(**changes):
    return replace(Measure(CODE, WANTED, None, Tolerance(), ROME), **changes)


def sighting(**changes):
    facts: dict[str, Any] = {
        "when": Slot(starts_at=AT),
        "resource": "Tavolo 4",
        "party": Party(adults=2),
        "guest_name": "Ada Rossi",
        "guest_email": OURS,
        "status": VenueStatus.CONFIRMED,
        "reference": "OL-1",
    }
    return Sighting(**(facts | changes))


def verdict(*sightings, **changes):
    return judge(sightings, measure(**changes), CHANNEL, NOW)


def test_the_same_is_matched_and_says_what_was_not_compared():
    got = verdict(sighting())
    assert got.kind is VerdictKind.MATCHED
    assert got.proves
    assert got.not_compared == ("ends_at", "service", "guest_phone", "price")
    assert "Rossi" not in got.model_dump_json()


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("when", Slot(starts_at=AT + timedelta(hours=1))),
        ("when", Stay(check_in=date(2026, 12, 4), check_out=date(2026, 12, 5))),
        ("resource", "Tavolo 5"),
        ("party", Party(adults=3)),
        ("guest_name", "Ida Rossi"),
        ("price", Money(minor=5500, currency="EUR")),
        ("price", Money(minor=5000, currency="CHF")),
    ],
)
def test_one_field_off_is_mismatched(field, other):
    got = verdict(sighting(**{field: other}))
    assert got.kind is VerdictKind.MISMATCHED
    assert [f.field for f in got.fields if f.result == "differs"] == [field]
    assert not got.proves


def test_same_instant_in_another_zone_is_the_same():
    assert verdict(sighting(when=Slot(starts_at=AT.astimezone(UTC)))).kind is VerdictKind.MATCHED


def test_tolerance_is_per_field_and_said():
    late = sighting(when=Slot(starts_at=AT + timedelta(minutes=5)))
    got = verdict(late, tolerance=Tolerance(starts_at_min=10))
    assert got.kind is VerdictKind.MATCHED
    assert got.fields[0].result == "within_tolerance"
    assert verdict(late, tolerance=Tolerance(starts_at_min=4)).kind is VerdictKind.MISMATCHED


@pytest.mark.parametrize(
    ("rule", "seen", "same"),
    [
        ("exact", "ADA  rossì", True),
        ("exact", "Rossi Ada", False),
        ("any_order", "Rossi, Ada", True),
        ("contains", "Sig.ra Ada Rossi", True),
        ("contains", "Ada Bianchi", False),
    ],
)
def test_names(rule, seen, same):
    got = verdict(sighting(guest_name=seen), tolerance=Tolerance(guest_name=rule))
    assert (got.kind is VerdictKind.MATCHED) == same


def test_too_little_shown_is_a_doubt():
    got = verdict(sighting(resource=None))
    assert got.kind is VerdictKind.IN_DOUBT
    assert "resource" in got.reason


def test_another_farm_reference_is_never_ours_even_under_the_claimed_number():
    theirs = sighting(guest_email=tagged("ada@example.com", Reference(mint_code(), 1)))
    assert verdict(theirs, claimed="OL-1").kind is VerdictKind.NOT_FOUND


@pytest.mark.parametrize("email", [None, "ada@example.com"])
def test_just_such_a_record_without_our_reference_is_a_doubt_unless_it_has_the_claimed_number(email):
    """A venue that strips plus-tags: booking elsewhere now could be the second booking."""
    plain = sighting(guest_email=email)
    got = verdict(plain)
    assert got.kind is VerdictKind.IN_DOUBT
    assert "without our reference" in got.reason
    assert verdict(plain, claimed="OL-1").kind is (VerdictKind.MATCHED if email is None else VerdictKind.MISMATCHED)


@pytest.mark.parametrize(
    "other",
    [
        {"when": Slot(starts_at=AT + timedelta(days=1))},
        {"resource": "Tavolo 5"},
        {"party": Party(adults=4)},
        {"status": VenueStatus.CANCELLED},
        {"guest_name": "Ida Rossi"},
        {"guest_email": "bob@other.example", "guest_name": None},
        {"when": None, "party": None, "guest_name": None},
    ],
)
def test_another_booking_is_nothing_of_ours(other):
    """Another one of the same guest, a stranger's who was faster, one that shows too little to be meant."""
    assert verdict(sighting(**{"guest_email": "ada@example.com"} | other)).kind is VerdictKind.NOT_FOUND


def test_a_guest_may_give_the_address_that_a_venue_wrote_to():
    theirs = Reference(mint_code(), 1)
    again = tagged(tagged("ada@example.com", theirs), Reference(CODE, 1))
    assert again == OURS
    quoted = sighting(guest_email=None, note=f"instead of {theirs} ({Reference(CODE, 1)})")
    assert verdict(quoted).kind is VerdictKind.MATCHED
    of_the_other = replace(measure(), code=theirs.code)
    assert judge([quoted], of_the_other, CHANNEL, NOW).kind is VerdictKind.NOT_FOUND
    doubly = sighting(guest_email=f"ada+rb-abcdefghjk-1+rb-{CODE.lower()}-1@example.com")
    assert verdict(doubly).kind is VerdictKind.MISMATCHED, "ours, under an address that nobody gave"


def test_any_attempt_of_the_booking_is_ours():
    second = sighting(guest_email=tagged("ada@example.com", Reference(CODE, 2)))
    got = verdict(second)
    assert got.kind is VerdictKind.MISMATCHED, "ours, but not what this attempt asked for: a person looks"
    assert [f.field for f in got.fields if f.result == "differs"] == ["guest_email"]


def test_two_standing_records_are_duplicated_but_a_cancelled_one_does_not_count():
    assert verdict(sighting(), sighting(reference="OL-2")).kind is VerdictKind.DUPLICATED
    dead = sighting(reference="OL-2", status=VenueStatus.CANCELLED)
    assert verdict(sighting(), dead).kind is VerdictKind.MATCHED
    assert verdict(dead).kind is VerdictKind.NOT_FOUND
    assert verdict(dead).venue_status is VenueStatus.CANCELLED


@pytest.mark.parametrize(("claimed", "kept"), [(None, "OL-1"), ("OL-2", "OL-2"), ("OL-9", "OL-1")])
@pytest.mark.parametrize("order", [1, -1])
def test_of_two_the_claimed_one_is_kept_else_always_the_same(claimed, kept, order):
    both = [sighting(reference="OL-1"), sighting(reference="OL-2")][::order]
    got = verdict(*both, claimed=claimed)
    assert (got.kind, got.venue_reference) == (VerdictKind.DUPLICATED, kept)
    assert (got.venue_status, got.proves) == (VenueStatus.CONFIRMED, False)
    assert got.fields == verdict(sighting()).fields
    assert got.reason == "2 records stand: OL-1, OL-2"


def test_of_two_one_that_is_as_asked_is_kept_and_one_that_the_venue_has_confirmed():
    wrong = sighting(reference="OL-1", resource="Tavolo 5")
    right = sighting(reference="OL-2")
    assert verdict(wrong, right, claimed="OL-1").venue_reference == "OL-2"
    pending = sighting(reference="OL-0", status=VenueStatus.PENDING)
    assert verdict(pending, right).venue_reference == "OL-2"
    assert verdict(pending, right, claimed="OL-0").venue_status is VenueStatus.PENDING


def test_of_two_that_are_not_as_asked_none_is_kept():
    got = verdict(sighting(resource="Tavolo 5"), sighting(reference="OL-2", party=Party(adults=9)))
    assert got.kind is VerdictKind.DUPLICATED
    assert (got.venue_reference, got.venue_status, got.fields) == (None, None, ())


def test_what_is_alike_is_named_by_its_numbers_only():
    plain = sighting(guest_email=None)
    got = verdict(plain, plain.model_copy(update={"reference": None}))
    assert (got.kind, got.alike) == (VerdictKind.IN_DOUBT, ("OL-1", "?"))
    assert verdict(sighting(), plain).alike == ()
    assert "Rossi" not in got.model_dump_json()


@pytest.mark.parametrize(
    ("kind", "complete", "status", "says"),
    [
        (VerdictKind.NOT_FOUND, True, None, "denies"),
        (VerdictKind.NOT_FOUND, False, VenueStatus.CANCELLED, "denies"),
        (VerdictKind.NOT_FOUND, False, None, "is_doubt"),
        (VerdictKind.IN_DOUBT, True, None, "is_doubt"),
        (VerdictKind.MATCHED, True, VenueStatus.CONFIRMED, "proves"),
        (VerdictKind.MATCHED, True, VenueStatus.PENDING, None),
        (VerdictKind.CONTESTED, True, VenueStatus.CONFIRMED, None),
        (VerdictKind.DUPLICATED, True, VenueStatus.CONFIRMED, None),
        (VerdictKind.MISMATCHED, True, VenueStatus.CONFIRMED, None),
    ],
)
def test_a_verdict_proves_denies_doubts_or_none_of_them(kind, complete, status, says):
    got = Verdict(kind=kind, channel="lookup", at=NOW, complete=complete, venue_status=status)
    assert [name for name in ("proves", "denies", "is_doubt") if getattr(got, name)] == ([says] if says else [])


THEIRS: dict[str, Any] = {"reference": "OL-9", "guest_name": "Ida Verdi", "guest_email": "ida@example.com"}


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"party": Party(adults=6), "price": None, "guest_name": None, "guest_email": None},
        {"reference": None},
        {"status": VenueStatus.PENDING},
        {"status": None},
        {"guest_email": tagged("ida@example.com", Reference(mint_code(), 1))},
    ],
)
def test_somebody_else_on_our_slot_is_contested(other):
    """Also one that the page shows without a number, a guest, or a status; also another booking of this farm."""
    got = contested(verdict(sighting()), [sighting(), sighting(**THEIRS | other)], measure())
    assert (got.kind, got.proves, got.venue_reference) == (VerdictKind.CONTESTED, False, "OL-1")
    assert got.reason == "1 other record(s) stand on the same place and time"
    assert not {"Ida", "Verdi", "ida@"} & set(got.model_dump_json().split())


def test_a_stranger_without_a_number_is_one_also_where_ours_has_none():
    ours = sighting(reference=None)
    theirs = sighting(**THEIRS | {"reference": None})
    assert contested(verdict(ours), [ours, theirs], measure()).kind is VerdictKind.CONTESTED
    assert contested(verdict(ours), [ours], measure()).proves


@pytest.mark.parametrize(
    "other",
    [
        {"when": Slot(starts_at=AT + timedelta(hours=2))},
        {"resource": "Tavolo 5"},
        {"resource": None},
        {"status": VenueStatus.CANCELLED},
        {"reference": "OL-1"},
        {"guest_email": OURS},
    ],
)
def test_who_is_elsewhere_gone_or_ourselves_contests_nothing(other):
    matched = verdict(sighting())
    assert contested(matched, [sighting(**THEIRS | other)], measure()) == matched


def test_pending_is_matched_and_proves_nothing():
    got = verdict(sighting(status=VenueStatus.PENDING))
    assert got.kind is VerdictKind.MATCHED
    assert not got.proves


def test_a_missing_status_proves_nothing():
    assert not verdict(sighting(status=None)).proves


def test_a_promised_fact_that_is_missing_is_a_changed_venue():
    keeps_promise([sighting()], CHANNEL)
    with pytest.raises(VenueChanged, match="resource"):
        keeps_promise([sighting(resource=None)], CHANNEL)
    keeps_promise([sighting(resource=None, status=VenueStatus.CANCELLED)], CHANNEL)


def test_units_and_people_are_compared_where_both_sides_show_them():
    def party(wanted, seen):
        return compare(Facts(party=wanted), Facts(party=seen), Tolerance(), ROME)

    assert party(Party(adults=2, units=2), Party(units=2)).differing == ()
    assert party(Party(adults=2, units=2), Party(units=1)).differing == ("party",)
    assert party(Party(adults=2, children=1), Party(adults=3)).differing == ()
    assert party(Party(adults=3), Party(adults=1, children=2)).differing == ("party",)
    assert "party" in party(Party(adults=2), Party(units=2)).not_compared


def test_planted_in_the_mail_and_in_the_note():
    request = Request(
        guest=Guest(name="Ada Rossi", email="ada@example.com"),
        party=Party(adults=2),
        when=WantedSlot(date=date(2026, 12, 4), earliest=time(20), latest=time(21)),
        venues=("x",),
    )
    reference = Reference(CODE, 3)
    planted = plant(request, reference, ("email", "note"))
    assert planted.guest.email == "ada+rb-7k2m9q4t3w-3@example.com"
    assert planted.note == "RB-7K2M9Q4T3W-3"
    assert Reference.found_in(planted.guest.email) == reference
    assert untagged(planted.guest.email) == request.guest.email
    assert expected(planted, Offer(when=Slot(starts_at=AT), key="k")).guest_email == planted.guest.email


def test_what_was_asked_counts_and_of_the_offer_only_its_units():
    request = Request(
        guest=Guest(name="Ada Rossi", email="ada@example.com"),
        party=Party(adults=1, children=2),
        when=WantedSlot(date=date(2026, 12, 4), earliest=time(20), latest=time(21)),
        venues=("x",),
    )
    offer = Offer(when=Slot(starts_at=AT), key="k", party=Party(adults=4, units=1))
    assert expected(request, offer).party == Party(adults=1, children=2, units=1)


def test_codes_are_ten_characters_and_found_whole():
    codes = {mint_code() for _ in range(1000)}
    assert len(codes) == 1000
    assert all(Reference.found_in(f"xx RB-{code}-12.") == Reference(code, 12) for code in codes)
    assert Reference.found_in("RB-7K2M9Q4T3WX-1") is None
    assert Reference.found_in("ada@example.com") is None
