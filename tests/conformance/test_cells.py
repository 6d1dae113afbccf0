"""Which cells an integration has: what its manifest can, what its cases say, less what is left out today."""

from __future__ import annotations

from datetime import date, timedelta

from farm.registry import Registry
from tasks.settings import Settings
from tools.conformance.cases import Cases, LeaveOut
from tools.conformance.suite import CANCELLED, cells

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
