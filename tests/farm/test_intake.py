"""Bad input is refused before anything is queued, with every fault named at once."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from farm.intake import BadRequest, admit
from farm.registry import Registry

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
REGISTRY = Registry.load([Path(__file__).parents[2] / "integrations"])
GOOD: dict[str, Any] = {
    "guest": {"name": "Ada Rossi", "email": "ada@example.com"},
    "party": {"adults": 2},
    "when": {"date": "2026-12-04", "earliest": "19:00", "latest": "21:00"},
    "venues": ["osteria_luna"],
}


def faults(**changes):
    with pytest.raises(BadRequest) as caught:
        admit(GOOD | changes, REGISTRY, NOW)
    return {fault.where: fault.what for fault in caught.value.faults}


def test_a_good_one_passes():
    assert admit(GOOD, REGISTRY, NOW).guest.name == "Ada Rossi"
    assert admit({**GOOD, "venues": [], "group": "bologna_tables"}, REGISTRY, NOW).group == "bologna_tables"


@pytest.mark.parametrize(
    ("changes", "where", "what"),
    [
        ({"venues": ["osteria_lunna"]}, "venues.0", "did you mean `osteria_luna`?"),
        ({"venues": [], "group": "bologna_table"}, "group", "did you mean `bologna_tables`?"),
        ({"when": GOOD["when"] | {"date": "2026-11-20"}}, "when", "is past"),
        ({"when": {"date": "2027-03-28", "earliest": "02:30", "latest": "04:00"}}, "when", "does not exist"),
        ({"when": GOOD["when"] | {"latest": "18:00"}}, "when.latest", "before"),
        ({"when": GOOD["when"] | {"preferred": "22:00"}}, "when.preferred", "outside"),
        ({"when": GOOD["when"] | {"earliest": 19}}, "when.earliest", "is a number"),
        ({"when": GOOD["when"] | {"earliest": "19:00+01:00"}}, "when.earliest", "no offset"),
        ({"when": GOOD["when"] | {"date": 1796342400}}, "when.date", "is a number"),
        ({"when": GOOD["when"] | {"date": "0001-01-01"}}, "when.date", "is not between"),
        ({"when": {"check_in": "2026-12-05", "check_out": "2026-12-05"}}, "when.check_out", "not after"),
        ({"when": {"check_in": "2026-12-05", "check_out": "2026-12-06"}}, "when", "asks for nights"),
        (
            {"when": {"check_in": "2026-12-05", "check_out": "2026-12-06", "date": "x"}},
            "when.date",
            "known here: `check_in`",
        ),
        ({"venues": ["lab_concert"]}, "service", "lab_concert needs it"),
        ({"venues": ["lab_concert"], "service": "Standng"}, "service", "did you mean `Standing`?"),
        ({"resource": "Sala · Tavolo 9"}, "resource", "no venue of this request has it"),
        ({"venues": ["osteria_luna", "osteria_luna"]}, "venues", "twice"),
        ({"party": {"adults": True}}, "party.adults", "integer"),
        ({"party": {"adults": "2"}}, "party.adults", "integer"),
        ({"price_cap": {"minor": -5, "currency": "EUR"}}, "price_cap", "is no price"),
        ({"price_cap": {"minor": 5, "currency": "eur"}}, "price_cap.currency", "three capital letters"),
        ({"guest": GOOD["guest"] | {"name": " \n"}}, "guest.name", "at least 1"),
        ({"guest": GOOD["guest"] | {"name": "Ada\nRossi"}}, "guest.name", "more than one line"),
        ({"guest": GOOD["guest"] | {"name": "Ada\x00"}}, "guest.name", "control character"),
        ({"guest": GOOD["guest"] | {"phone": "-----"}}, "guest.phone", "is no telephone number"),
        ({"guest": GOOD["guest"] | {"email": "ada@example..com"}}, "guest.email", "is no e-mail address"),
        ({"guest": GOOD["guest"] | {"email": "a" * 47 + "@example.com"}}, "guest.email", "would not fit"),
        ({"know_by": 1900000000}, "know_by", "is a number"),
        ({"know_by": "1900000000"}, "know_by", "is a number"),
        ({"know_by": "9999-12-31T23:59:59-14:00"}, "know_by", "is not between"),
        ({"reseller_reference": "a\x00b"}, "reseller_reference", "control character"),
        ({"Guest": {}}, "Guest", "did you mean `guest`?"),
        ({"guest": GOOD["guest"] | {"Guest": 1}}, "guest.Guest", "unknown key `Guest`"),
        ({"Money": 1}, "Money", "unknown key `Money`"),
        ({"party": {"adults": 0}}, "party", "empty"),
        ({"guest": {"name": "Ada", "email": "ada at example"}}, "guest.email", "is no e-mail address"),
        ({"gest": {}}, "gest", "did you mean `guest`?"),
        ({"guest": GOOD["guest"] | {"mail": "x"}}, "guest.mail", "did you mean `email`?"),
        ({"price_cap": {"minor": 5000}}, "price_cap.currency", "is missing"),
        ({"price_cap": {"minor": 5000, "currency": "USD"}}, "price_cap.currency", "sells in EUR"),
        ({"know_by": "2026-11-20T10:00:00Z"}, "know_by", "is past"),
        ({"know_by": "2026-12-04T10:00:00"}, "know_by", "timezone"),
        ({"venues": []}, "group", "name either"),
    ],
)
def test_each_fault_has_its_place(changes, where, what):
    found = faults(**changes)
    assert what in found[where], found


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        ({"venues": ["nowhere"], "when": GOOD["when"] | {"date": "2026-11-20"}}, {"venues.0", "when"}),
        (
            {"guest": {"name": "A", "email": "x"}, "price_cap": {"minor": 5, "currency": "USD"}},
            {"guest.email", "price_cap.currency"},
        ),
        (
            {"when": {"date": "2026-11-20", "earliest": "21:00", "latest": "19:00", "preferred": "18:00"}},
            {"when", "when.latest", "when.preferred"},
        ),
        ({"when": {"date": "2027-03-28", "earliest": "02:30", "latst": "x"}}, {"when", "when.latest", "when.latst"}),
        ({"venues": ["osteria_luna", 3], "group": "bologna_tables"}, {"venues.1", "group"}),
        ({"venues": ["lab_concert"], "guest": {}}, {"service", "guest.name", "guest.email"}),
    ],
)
def test_a_fault_in_one_part_hides_none_in_another(changes, places):
    assert places <= set(faults(**changes))


def test_half_a_character_is_a_fault_and_no_crash():
    assert faults(guest={"name": "Ada \ud800", "email": "a@example.com"})


def test_a_day_is_past_everywhere_only_when_it_is_over_in_the_last_zone():
    unknown = {"venues": ["nowhere"], "when": GOOD["when"] | {"date": "2026-11-22", "latest": "23:59"}}
    with pytest.raises(BadRequest) as caught:
        admit(GOOD | unknown, REGISTRY, datetime(2026, 11, 23, 11, 58, tzinfo=UTC))
    assert [fault.where for fault in caught.value.faults] == ["venues.0"]
    assert "when" in faults(**unknown)


def test_what_was_written_with_spaces_is_stored_without():
    request = admit(GOOD | {"guest": {"name": "  Ada   Rossi ", "email": " ada@Example.COM "}}, REGISTRY, NOW)
    assert (request.guest.name, request.guest.family_name) == ("Ada Rossi", "Rossi")
    assert request.guest.email == "ada@example.com"
    written = {"guest": {"name": "Ada", "email": "ada@xn--mller-kva.de"}, "note": "one\r\ntwo"}
    admitted = admit(GOOD | written, REGISTRY, NOW)
    assert (admitted.guest.email, admitted.note) == ("ada@xn--mller-kva.de", "one\ntwo")
    assert type(request).model_validate_json(request.model_dump_json()) == request


def test_no_fault_hides_another():
    found = faults(guest=GOOD["guest"] | {"email": "x"}, party={"adults": 0}, group="bologna_tables")
    assert set(found) == {"guest.email", "party", "group"}


def test_all_faults_at_once_and_no_guest_data_in_them():
    found = faults(
        guest={"name": "Ada Geheim", "email": "geheim"},
        party={"adults": -1},
        venues=["osteria_lunna", "trattoria_sole"],
        when={"date": "2026-11-20", "earliest": "19:00", "latest": "21:00"},
        price_cap={"minor": 5000},
        colour="red",
    )
    assert {"guest.email", "party.adults", "venues.0", "when", "price_cap.currency", "colour"} <= set(found)
    assert "eheim" not in json.dumps(found)


@pytest.mark.parametrize("written", [None, [], "text", 3])
def test_not_an_object(written):
    with pytest.raises(BadRequest, match="JSON object"):
        admit(written, REGISTRY, NOW)
