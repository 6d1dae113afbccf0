"""The one order of checks: what is cheap first, and no venue for what cannot be read or is not done yet."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from datetime import date
from pathlib import Path

from farm.registry import Integration
from farm.schema import SchemaFaults
from fixtures.kit.process import TwinFailed
from tasks.runtime import Farm, farm_of
from tasks.settings import Settings
from tools.check.written import TO_DOS, lint_checks, schema_checks
from tools.conformance import suite as conformance
from tools.conformance.cases import Cases
from tools.mutation import suite as mutation
from tools.results import KINDS, Check, Kind, Results
from tools.tier import judged

Say = Callable[[Check], None]


def farm_for_checks(settings: Settings, folder: Path) -> AbstractAsyncContextManager[Farm]:
    """A farm whose browser is used; the deployment's own ledger and broker are left alone.

    Raises:
        SchemaFaults: What can be booked cannot be read.
    """
    here = {"home": folder, "database_url": None, "egress_host": Settings.model_fields["egress_host"].default}
    return farm_of(settings.model_copy(update=here))


async def check(
    integration: Integration,
    farm: Farm,
    folder: Path,
    today: date,
    *,
    kinds: Collection[Kind] = KINDS,
    say: Say | None = None,
) -> Results:
    """Check one integration.

    Args:
        integration: What is checked.
        farm: See ``farm_for_checks``.
        folder: Emptied; for what twins and runs write, pages and pictures included.
        today: Decides which exemptions hold.
        kinds: Which kinds of checks. A tier is computed only when all came to their end.
        say: Called with each check when it is known.
    """
    begun = time.monotonic()
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    results = _written(_blank(integration), integration, farm, kinds, say)
    if all(one.ok for one in results.checks if one.kind == "schema" or one.name == TO_DOS):
        results = await _played(results, integration, farm, folder, today, kinds, say)
    return judged(results, today).model_copy(update={"seconds": time.monotonic() - begun})


def _blank(integration: Integration) -> Results:
    """Who it is, and what it leaves out, as far as its cases can be read."""
    blank = Results.blank(integration)
    with contextlib.suppress(SchemaFaults):
        cases = Cases.load(integration.folder)
        out = (*blank.exempted, *conformance.exempted(cases))
        blank = blank.model_copy(update={"venue": cases.venue, "exempted": out})
    return blank


def _written(
    results: Results, integration: Integration, farm: Farm, kinds: Collection[Kind], say: Say | None
) -> Results:
    checks: list[Check] = []
    if "schema" in kinds:
        checks += schema_checks(integration, farm.registry, farm.partners)
    if "lint" in kinds:
        checks += lint_checks(integration.folder)
    if say is not None:
        for one in checks:
            say(one)
    ran = tuple(kind for kind in ("schema", "lint") if kind in kinds)
    return results.model_copy(update={"checks": tuple(checks), "ran": ran})


async def _played(
    results: Results,
    integration: Integration,
    farm: Farm,
    folder: Path,
    today: date,
    kinds: Collection[Kind],
    say: Say | None,
) -> Results:
    """What needs the twin."""
    try:
        if "conformance" in kinds:
            told = await conformance.run(integration, farm, folder / "conformance", say=say)
            checks, ran = (*results.checks, *told.checks), (*results.ran, *told.ran)
            results = told.model_copy(update={"checks": checks, "ran": ran})
        if "mutation" in kinds and ("conformance" not in kinds or "conformance" in results.ran):
            mutants = await mutation.run(integration, farm, folder / "mutation", today, say=say)
            results = mutation.with_mutants(results, mutants)
    except TwinFailed as error:
        do = "start it by hand as `[twin]` of cases.toml says"
        broken = Check(kind="run", name="twin", ok=False, what=str(error), what_to_do=do)
        results = results.model_copy(update={"checks": (*results.checks, broken)})
    return results
