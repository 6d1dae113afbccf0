"""Which cells an integration has: what its manifest can, what its cases say, less what is left out today."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from farm.registry import Registry
from farm.schema import SchemaFaults
from tasks.settings import Settings
from tools.conformance.cases import Cases, LeaveOut
from tools.conformance.suite import CANCELLED, cells, exempted

LUNA = Registry.load(Settings().integration_folders).integrations["osteria_luna"]
CASES = Cases.load(LUNA.folder)
TODAY = date(2026, 11, 25)


def names(cases: Cases = CASES, today: date = TODAY, **says: object) -> set[str]:
    return {cell.name for cell in cells(cases, LUNA.manifest.model_copy(update=says), today)}


def test_every_case_and_every_manner_is_one() -> None:
    found = names()
    assert {case.name for case in CASES.case} < found
    assert {"hold from the offer alone", "click too early", CANCELLED} < found


def test_where_nobody_can_cancel_no_cancellation_is_proven() -> None:
    assert names() - names(cancel=None) == {CANCELLED}


def test_what_is_left_out_comes_back_after_its_day() -> None:
    until = TODAY + timedelta(days=3)
    out = tuple(
        LeaveOut.model_validate({kind: name, "reason": "for three days only", "until": until})
        for kind, name in (("fault", "lying_thanks"), ("manner", "click_too_early"))
    )
    cases = CASES.model_copy(update={"leave_out": out})
    assert names() - names(cases, until) == {"lying_thanks", "click too early"}
    assert names(cases, until + timedelta(days=1)) == names()


def test_what_is_left_out_is_told_by_its_kind() -> None:
    """A manner that is left out under the name of a rule lets nobody off the rule."""
    named = (("fault", "lying_thanks"), ("manner", "no_sleep"), ("mutation", "date_shifted on guest_lookup"))
    out = tuple(
        LeaveOut.model_validate({kind: name, "reason": "for today only", "until": TODAY}) for kind, name in named
    )
    told = exempted(CASES.model_copy(update={"leave_out": out}))
    assert [(one.kind, one.name, one.until) for one in told] == [(kind, name, TODAY) for kind, name in named]


@pytest.mark.parametrize("names", [{}, {"fault": "full", "manner": "click_too_early"}])
def test_one_thing_is_left_out_at_a_time(names: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="names exactly one of"):
        LeaveOut.model_validate({"reason": "for today only", "until": TODAY, **names})


def test_cases_are_told_apart_by_name() -> None:
    first = CASES.case[0].model_dump()
    with pytest.raises(ValidationError, match=f"two cases of one name: {CASES.case[0].name}"):
        Cases.model_validate(CASES.model_dump() | {"case": [first, first]})


def test_without_cases_nothing_is_tested(tmp_path: Path) -> None:
    with pytest.raises(SchemaFaults, match="an integration without cases is not tested"):
        Cases.load(tmp_path)
