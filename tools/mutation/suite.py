"""The mutation check of one integration, as checks for its table: survivors are named, nothing is passed over."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from datetime import date
from fnmatch import fnmatch
from pathlib import Path

from farm.registry import Integration
from tasks.runtime import Farm
from tools.conformance.cases import Cases
from tools.conformance.ground import Ground
from tools.conformance.sharing import grounds, share_out
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
        folder: For the twins, the good pages and the mutated ones.
        today: Decides which of ``[[leave_out]]`` still hold; ``*`` in a name is anything.
        say: Called with each check when it is known.

    Raises:
        SchemaFaults: There are no cases, or something is wrong with them.
        TwinFailed: A twin did not start.
    """
    cases = Cases.load(integration.folder)
    patterns = cases.left_out("mutation", today)
    places = [CONFIRMATION, *(channel.name for channel in integration.manifest.read_back)]
    found: dict[str, list[Check]] = {place: [] for place in places}

    async def do(here: Ground, place: str) -> None:
        async for check in _checks(here, folder / "pages", place, patterns):
            found[place].append(check)
            if say is not None:
                say(check)

    async with grounds(len(places), integration, cases, folder, farm) as there:
        await share_out(places, there, do)
    return tuple(check for place in places for check in found[place])


async def _checks(here: Ground, pages: Path, place: str, patterns: frozenset[str]) -> AsyncIterator[Check]:
    begun = time.monotonic()
    try:
        async for mutant in mutate(here, pages, place, lambda name: _is_out(name, patterns)):
            yield _as_check(mutant, time.monotonic() - begun)
            begun = time.monotonic()
    except NoGoodRun as error:
        do = "repair what `--only conformance` shows first; the pages so far lie beside the pictures"
        yield Check(kind="mutation", name=f"{NO_GOOD_RUN} on {place}", ok=False, what=str(error), what_to_do=do)


def with_mutants(results: Results, checks: tuple[Check, ...]) -> Results:
    """The results with what the mutation check found."""
    mutants = [check for check in checks if check.ended is not None]
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
        return f"read it there and return it in `Claim(shows=Facts(…))`: the core compares; the page:\n{mutant.page}"
    return f"read it in the channel `{mutant.place}`, and promise it in `shows`; the page:\n{mutant.page}"
