"""All that the suite looks at for one integration: every fault, every manner, and what came of each."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from farm.manifest import Manifest
from farm.phases import in_words
from farm.registry import Integration
from farm.status import BookingStatus
from fixtures.kit.catalogue import CATALOGUE
from ledger.clock import wall_clock
from tasks.runtime import Farm
from tools.conformance.cases import Case, Cases
from tools.conformance.ground import Ground
from tools.conformance.manners import MANNERS, Misbehaved, must
from tools.conformance.play import Outcome, RunFailed, cancel, differences, good_run, play, wrongs
from tools.conformance.sharing import grounds, share_out
from tools.results import About, Check, Exempted, Results

Say = Callable[[Check], None]
GOOD_RUN = "good run"
CANCELLED = "cancelled by its guest"
EVERY_FAULT = "every fault has a case"
THE_REST = "everything else"


class NotAsItShould(Exception):
    """What a run ended with instead; the message is for the table."""


@dataclass(frozen=True)
class Cell:
    """One thing to look at.

    Attributes:
        run: Looks, on an empty ground; returns how the booking ended, where there is one. Raises what is not as it
            should be.
    """

    name: str
    about: About
    what_to_do: str
    run: Callable[[Ground], Awaitable[Outcome | None]]
    fault: str | None = None


def cells(cases: Cases, manifest: Manifest, today: date) -> list[Cell]:
    """Everything that is looked at for an integration, in the order of a table."""
    without = cases.left_out("fault", today)
    return [
        Cell(GOOD_RUN, "good_run", "see what the last page showed: the picture", _good),
        *([Cell(CANCELLED, "cancel", "see `cancel` and `[cancel]`", _cancelled)] if manifest.cancel else []),
        Cell(
            EVERY_FAULT,
            "manners",
            "write a [[case]] into cases.toml, or a [[leave_out]] with reason and date",
            _all_played,
        ),
        *(
            Cell(name.replace("_", " "), "manners", f"{(manner.__doc__ or '').strip()}", _mannered(name))
            for name, manner in MANNERS.items()
            if name not in cases.left_out("manner", today)
        ),
        *(
            Cell(
                case.name,
                "fault",
                f"at this fault {CATALOGUE.get(case.fault, 'the twin does what only it knows')}",
                _fault(case),
                case.fault,
            )
            for case in cases.case
            if case.fault not in without
        ),
    ]


async def run(
    integration: Integration,
    farm: Farm,
    folder: Path,
    *,
    say: Say | None = None,
    only: Callable[[Cell], bool] | None = None,
) -> Results:
    """Look at everything, several cells at a time, each on a ground of its own.

    Args:
        integration: What is looked at; its ``cases.toml`` says how.
        farm: Whose browser, registry and profiles are used; its ledger is left alone.
        folder: For what twins and runs write, pictures included.
        say: Called with each check when it is known.
        only: Leaves cells out.

    Raises:
        SchemaFaults: There are no cases, or something is wrong with them.
        TwinFailed: The twin did not start.
    """
    began, today = time.monotonic(), wall_clock().date()
    cases = Cases.load(integration.folder)
    chosen = [cell for cell in cells(cases, integration.manifest, today) if only is None or only(cell)]
    found: dict[Cell, Check] = {}

    async def do(here: Ground, cell: Cell) -> None:
        found[cell] = check = await look(cell, here, folder / "pictures")
        if say is not None:
            say(check)

    async with grounds(len(chosen), integration, cases, folder, farm) as there:
        known = there[0].twin.known_faults if there else frozenset[str]()
        first = [cell for cell in chosen if cell.about == "good_run"]
        await share_out(first, there, do)
        is_good = all(found[cell].ok for cell in first)
        if is_good:
            await share_out([cell for cell in chosen if cell not in found], there, do)
    checks = tuple(found[cell] for cell in chosen if cell in found)
    if not is_good:
        checks += (_not_played(len(chosen) - len(checks)),)
    blank = Results.blank(integration, cases.venue)
    return blank.model_copy(
        update={
            "ran": ("conformance",) if only is None and is_good else (),
            "checks": checks,
            "cells": len(found),
            "faults": tuple(sorted(known)),
            "faults_hit": tuple(sorted({check.fault for check in checks if check.fault and check.ok})),
            "exempted": (*blank.exempted, *exempted(cases)),
            "seconds": time.monotonic() - began,
        }
    )


def _not_played(count: int) -> Check:
    what = f"{count} runs were not played: without a good run each would fail in the same way"
    return Check(kind="conformance", name=THE_REST, ok=False, what=what, what_to_do=f"repair the {GOOD_RUN} first")


async def look(cell: Cell, here: Ground, pictures: Path) -> Check:
    """Look at one cell; a failed one is looked at once more with the camera on, so that there is a picture of it."""
    check = await _once(cell, here)
    if check.ok:
        return check
    here.camera.keeps = pictures / f"{here.venue.slug} {cell.name}.png".replace(" ", "_")
    try:
        again = await _once(cell, here)
    finally:
        picture, here.camera.keeps = here.camera.keeps, None
    told = check if again.ok else again
    what = f"{told.what} (it did not fail when it was looked at again)" if again.ok else told.what
    return told.model_copy(update={"what": what, "screenshot": picture if picture.exists() else None})


async def _once(cell: Cell, here: Ground) -> Check:
    began, what, ended = time.monotonic(), "", None
    here.clear()
    try:
        outcome = await cell.run(here)
        ended = outcome.booking.status.value if outcome is not None else None
    except (NotAsItShould, Misbehaved, RunFailed) as error:
        what = str(error)
    except Exception as error:  # noqa: BLE001 - a script that breaks is what is looked for
        what = in_words(error, here.cases.request.guest)
    return Check(
        kind="conformance",
        name=cell.name,
        ok=not what,
        what=what,
        what_to_do=cell.what_to_do if what else "",
        about=cell.about,
        fault=cell.fault,
        ended=ended,
        seconds=time.monotonic() - began,
    )


async def _good(here: Ground) -> Outcome:
    outcome = await good_run(here)
    _must_be_good(outcome)
    return outcome


def _must_be_good(outcome: Outcome) -> None:
    found = list(wrongs(outcome))
    if outcome.booking.status is not BookingStatus.CONFIRMED:
        why = outcome.attempts[-1].detail if outcome.attempts else "nothing was tried"
        found.append(f"the good run ended {outcome.booking.status}: {why}")
    if outcome.commits != 1:
        found.append(f"{outcome.commits} requests that commit reached the venue, not 1")
    _unless(found)


async def _cancelled(here: Ground) -> Outcome:
    outcome = await good_run(here)
    _must_be_good(outcome)
    after = await cancel(here, outcome)
    found = []
    if after.booking.status is not BookingStatus.CANCELLED:
        found.append(f"the cancelled booking is {after.booking.status}")
    if [record.status for record in after.records] != ["cancelled"]:
        found.append(f"the venue's book has {', '.join(record.status for record in after.records) or 'nothing'}")
    _unless(found)
    return after


async def _all_played(here: Ground) -> None:
    played = {case.fault for case in here.cases.case}
    out = here.cases.left_out("fault", wall_clock().date())
    missing = sorted(here.twin.known_faults - played - out)
    strange = sorted(played - here.twin.known_faults)
    must(not missing, f"no case and no leave_out that still holds: {', '.join(missing)}")
    must(not strange, f"the twin does not know {', '.join(strange)}")


def _mannered(name: str) -> Callable[[Ground], Awaitable[Outcome | None]]:
    async def run_it(here: Ground) -> None:
        await MANNERS[name](here)

    return run_it


def _fault(case: Case) -> Callable[[Ground], Awaitable[Outcome | None]]:
    async def run_it(here: Ground) -> Outcome:
        outcome = await play(here, case)
        _unless(differences(case, outcome))
        return outcome

    return run_it


def _unless(found: Sequence[str]) -> None:
    if found:
        raise NotAsItShould("; ".join(found))


def exempted(cases: Cases) -> tuple[Exempted, ...]:
    """What its cases leave out."""
    return tuple(
        Exempted(
            kind="mutation" if one.mutation else "fault" if one.fault else "manner",
            name=one.what,
            reason=one.reason,
            until=one.until,
        )
        for one in cases.leave_out
    )
