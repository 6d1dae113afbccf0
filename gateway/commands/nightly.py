"""``readback nightly``: every integration is checked; what broke takes no new bookings until it passes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.complaint import Complaint, ExitCode
from gateway.terminal import AsJson, printer, put, say

if TYPE_CHECKING:
    from datetime import datetime

    from farm.registry import Integration, Registry
    from tasks.settings import Settings
    from tools.nightly.outcome import Outcome
    from tools.results import Results


def nightly(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Integrations; left out: all of them.")
    ] = None,
    *,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where page, JUnit XML and JSON go; else nightly/DATE in READBACK_HOME."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check every integration, and demote what broke.

    Each gets `readback check` in a process of its own. One that earns less than
    its manifest claims is demoted in the ledger: its venues take no new
    bookings, and those that stand are still read back. Passing brings it back.
    Runs that name the same folder share one report.

    Exit codes: 0 all passed, 5 something broke, 1 this machine could not check
    something, 2 bad input.
    """
    from datetime import UTC, datetime

    from gateway.deployment import make_home, must_have_ledger, registry, settings
    from tools.nightly.folder import publish
    from tools.nightly.summary import summary
    from tools.results import Report

    here = settings()
    there = registry(here)
    wanted = _wanted(names or [], there)
    make_home(here)
    must_have_ledger(here)
    now = datetime.now(UTC)
    folder = (report or here.home / "nightly" / f"{now:%Y-%m-%d}").absolute()
    found = [_one(here, integration, now, folder) for integration in wanted]
    page = publish(folder)
    if as_json:
        put(Report(at=now, results=tuple(results for results, _ in found)))
    else:
        console = printer()
        for part in summary(found, now.date()):
            console.print(part)
    say(f"Report: {page}")
    raise typer.Exit(_code([outcome for _, outcome in found]))


def _wanted(names: list[str], there: Registry) -> list[Integration]:
    from farm.schema import nearest

    known = sorted(there.integrations)
    for name in names:
        if name not in there.integrations:
            raise Complaint(f"no integration `{name}`", then=nearest(name, known))
    return [there.integrations[name] for name in dict.fromkeys(names or known)]


def _one(here: Settings, integration: Integration, now: datetime, folder: Path) -> tuple[Results, Outcome]:
    from tools.nightly.checking import checked
    from tools.nightly.folder import PAGE, keep

    say(f"checking {integration.slug} …")
    results = keep(checked(integration, now.date(), here.check_s), now, folder)
    return results, asyncio.run(_remember(here, results, now, folder / PAGE))


async def _remember(here: Settings, results: Results, now: datetime, page: Path) -> Outcome:
    from gateway.deployment import open_ledger
    from tools.nightly.outcome import remember

    async with open_ledger(here) as ledger:
        return await remember(ledger, results, now.date(), page)


def _code(outcomes: list[Outcome]) -> ExitCode:
    if "broke" in outcomes:
        return ExitCode.BROKE
    return ExitCode.MACHINE if "not_checked" in outcomes else ExitCode.WELL
