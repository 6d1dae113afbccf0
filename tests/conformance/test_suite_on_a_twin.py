"""The suite on the restaurant twin: what a run ends with is really looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from farm.facts import Offer, Sighting
from farm.request import Request
from farm.status import BookingStatus
from farm.visit import Visit
from integrations.osteria_luna.script import OsteriaLuna
from ledger.migrate import upgrade
from tasks.runtime import Farm, farm_of
from tasks.settings import Settings
from tools.conformance import suite
from tools.conformance.cases import Cases, LeaveOut
from tools.conformance.ground import Ground, ground
from tools.conformance.suite import GOOD_RUN, Cell, NotAsItShould, run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


class Honest(OsteriaLuna):
    """The stock script."""


class DoesNotCancel(OsteriaLuna):
    async def cancel(self, visit: Visit, sighting: Sighting) -> None:
        """Nothing is pressed."""


class FindsNoTable(OsteriaLuna):
    async def search(self, visit: Visit, request: Request) -> list[Offer]:
        raise LookupError("no table on this page")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def farm(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Farm]:
    settings = Settings(home=tmp_path_factory.mktemp("suite"))
    await upgrade(settings.ledger_url)
    async with farm_of(settings) as farm:
        yield farm


async def test_what_was_found_is_told_whole(farm: Farm, tmp_path: Path) -> None:
    luna = farm.registry.integrations["osteria_luna"]
    found = await run(luna, farm, tmp_path, only=lambda one: one.name in {GOOD_RUN, "lying_thanks"})
    assert {check.name: (check.ok, check.what) for check in found.checks} == {
        GOOD_RUN: (True, ""),
        "lying_thanks": (True, ""),
    }
    assert (found.faults_hit, found.cells, found.ran) == (("lying_thanks",), 2, ())
    assert {"lying_thanks", "full"} < set(found.faults)


async def test_a_fault_counts_as_struck_only_where_its_cell_is_well(
    farm: Farm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def well(_: Ground) -> None:
        return None

    async def broken(_: Ground) -> None:
        raise NotAsItShould("a double booking")

    until = date.max
    one = LeaveOut(manner="click_too_early", reason="for this test only", until=until)
    cases = Cases.load(farm.registry.integrations["osteria_luna"].folder).model_copy(update={"leave_out": (one,)})
    monkeypatch.setattr(Cases, "load", lambda folder: cases)
    made = [Cell(name, "fault", "", act, name) for name, act in (("full", well), ("slow", broken))]
    monkeypatch.setattr(suite, "cells", lambda *_: made)
    found = await run(farm.registry.integrations["osteria_luna"], farm, tmp_path)
    assert [check.ok for check in found.checks] == [True, False]
    assert (found.faults_hit, found.ran) == (("full",), ("conformance",))
    assert [(left.kind, left.name, left.until) for left in found.exempted] == [("manner", "click_too_early", until)]


async def test_a_case_that_says_otherwise_fails(farm: Farm, tmp_path: Path) -> None:
    luna = farm.registry.integrations["osteria_luna"]
    cases = Cases.load(luna.folder)
    (lies,) = [case for case in cases.case if case.name == "lying_thanks"]
    wrong = lies.model_copy(update={"ends": BookingStatus.CONFIRMED, "cause": None})
    async with ground(luna, cases, tmp_path, farm) as here:
        with pytest.raises(NotAsItShould, match=f"the booking ended {lies.ends}, not confirmed"):
            await suite._fault(wrong)(here)
        idle = lies.model_copy(
            update={"fault": "slow", "step": "cancel", "ends": BookingStatus.CONFIRMED, "records": ("confirmed",)}
        )
        with pytest.raises(NotAsItShould, match="the fault slow was set and never struck"):
            await suite._fault(idle)(here)
        never = lies.model_copy(update={"fault": "late_record", "times": 0, "ends": BookingStatus.CONFIRMED})
        with pytest.raises(NotAsItShould, match="the venue's book has"):
            await suite._fault(never)(here)


@pytest.mark.parametrize(
    ("script", "says"),
    [(Honest, None), (DoesNotCancel, "the cancelled booking is "), (FindsNoTable, "the good run ended")],
)
async def test_a_cancellation_is_proven(
    farm: Farm, tmp_path: Path, script: Any, says: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    luna = farm.registry.integrations["osteria_luna"]
    async with ground(luna, Cases.load(luna.folder), tmp_path, farm) as here:
        monkeypatch.setitem(here.farm.registry._scripts, "osteria_luna", script())
        if says is None:
            assert (await suite._cancelled(here)).booking.status is BookingStatus.CANCELLED
            assert (await suite._good(here)).commits == 1, "counted from where it began"
            return
        monkeypatch.setattr("tools.conformance.play.RUN_S", 20.0)  # nothing comes of it any more
        with pytest.raises(NotAsItShould, match=says):
            await suite._cancelled(here)
        if script is FindsNoTable:
            with pytest.raises(NotAsItShould, match=says):
                await suite._good(here)
