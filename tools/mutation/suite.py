"""The mutation check of one integration, as checks for its table: survivors are named, nothing is passed over."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from fnmatch import fnmatch
from pathlib import Path

from farm.registry import Integration
from tasks.runtime import Farm
from tools.conformance.cases import Cases
from tools.conformance.ground import ground
from tools.mutation.check import CONFIRMATION, Mutant, NoGoodRun, mutate
from tools.results import Check, Results

Say = Callable[[Check], None]
NO_GOOD_RUN = "a good run to mutate"


async def run(
    integration: Integration, farm: Farm, folder: Path, today: date, *, say: Say | None = None
) -> tuple[Check, ...]:
    """Play every mutation that is not left out.

    Args:
        integration: What is looked at.
        farm: Whose browser, registry and profiles are used.
        folder: For the twin, the good pages and the mutated ones.
        today: Decides which of ``[[leave_out]]`` still hold; ``*`` in a name is anything.
        say: Called with each check when it is known.

    Raises:
        SchemaFaults: There are no cases, or something is wrong with them.
        TwinFailed: The twin did not start.
    """
    cases = Cases.load(integration.folder)
    patterns = cases.left_out("mutation", today)
    found: list[Check] = []
    async with ground(integration, cases, folder / "ground", farm) as here:
        begun = time.monotonic()
        try:
            async for mutant in mutate(here, folder / "pages", lambda name: _is_out(name, patterns)):
                found.append(_as_check(mutant, time.monotonic() - begun))
                if say is not None:
                    say(found[-1])
                begun = time.monotonic()
        except NoGoodRun as error:
            do = "repair what `--only conformance` shows first; the pages so far lie beside the picture"
            found.append(Check(kind="mutation", name=NO_GOOD_RUN, ok=False, what=str(error), what_to_do=do))
    return tuple(found)


def with_mutants(results: Results, checks: tuple[Check, ...]) -> Results:
    """The results with what the mutation check found."""
    mutants = [check for check in checks if check.name != NO_GOOD_RUN]
    came_to_its_end = len(mutants) == len(checks)
    return results.model_copy(
        update={
            "checks": (*results.checks, *checks),
            "ran": (*results.ran, "mutation") if came_to_its_end else results.ran,
            "killed": sum(check.ok for check in mutants),
            "survived": tuple(check.name for check in mutants if not check.ok and check.ended == "survived"),
        }
    )


def _is_out(name: str, patterns: frozenset[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def _as_check(mutant: Mutant, seconds: float) -> Check:
    return Check(
        kind="mutation",
        name=mutant.name,
        ok=mutant.state == "killed",
        what=mutant.what if mutant.state == "killed" else _said(mutant),
        what_to_do=_to_do(mutant),
        ended=mutant.state,
        screenshot=mutant.picture if mutant.state == "survived" else None,
        seconds=seconds,
    )


def _said(mutant: Mutant) -> str:
    if mutant.state == "not_applicable":
        return f"not played: {mutant.what}"
    return f"{mutant.mutation.sentence}, and the script did not notice: {mutant.what}"


def _to_do(mutant: Mutant) -> str:
    if mutant.state == "killed":
        return ""
    if mutant.state == "not_applicable":
        return f'declare it: [[leave_out]] mutation = "{mutant.name}", with reason and date'
    if mutant.place == CONFIRMATION:
        return f"read it there and return it in `Claim(shows=Facts(…))`: the core compares; the page: {mutant.page}"
    return f"read it in the channel `{mutant.place}`, and promise it in `shows`; the page: {mutant.page}"
