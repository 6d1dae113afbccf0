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
        ({"when": GOOD["when"] | {"latest": "18:00"}}, "when", "before"),
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
