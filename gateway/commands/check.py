"""``readback check``: is an integration fit for a venue that misbehaves?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.complaint import Complaint, ExitCode
from gateway.terminal import AsJson, printer, put, speaker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from farm.registry import Integration, Registry
    from tasks.settings import Settings
    from tools.results import Kind, Report, Results

LISTED = ("schema", "lint", "conformance", "mutation")


def check(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Integrations; left out: every one.")
    ] = None,
    *,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND", help="Only this kind: schema, lint, conformance or mutation. May be repeated."),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Write the tier that was earned into the manifest.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check integrations: how they are written, and what they do at a venue that misbehaves.

    schema: files can be read and fit each other. lint: the rules that every
    script keeps. conformance: each fault of cases.toml is played at the twin,
    and the venue's own book decides. mutation: good pages are changed on their
    way to the script, which must notice.

    All four together give the quality tier: bronze may be merged, silver may
    take real bookings, gold finds out what became of a lost answer by itself.

    Exit code 0 when nothing failed, 1 when something did.
    """
    from farm.schema import SchemaFaults
    from gateway.deployment import settings
    from tools.configured import read_registry

    kinds = _kinds(only or [])
    here = settings()
    try:
        chosen = _chosen(read_registry(here), names or [])
    except SchemaFaults as error:
        from tools.check.written import unreadable

        _show(_report(unreadable(error.faults)), as_json=as_json)
        raise typer.Exit(1) from None
    report = _report(asyncio.run(_checked(here, chosen, kinds, quiet=as_json)))
    if write:
        _write(report, chosen, as_json=as_json)
    _show(report, as_json=as_json)
    if not report.ok:
        raise typer.Exit(1)


def _kinds(only: Sequence[str]) -> tuple[Kind, ...]:
    from farm.schema import nearest
    from tools.results import KINDS

    for name in only:
        if name not in LISTED:
            raise Complaint(f"no kind of check `{name}`", then=nearest(name, LISTED))
    return tuple(kind for kind in KINDS if not only or kind in only)


def _chosen(there: Registry, names: Sequence[str]) -> list[Integration]:
    from farm.schema import nearest

    for name in names:
        if name not in there.integrations:
            near = nearest(name, sorted(there.integrations))
            raise Complaint(f"no integration `{name}`", then=f"{near}; READBACK_INTEGRATIONS names further folders")
    return [one for slug, one in sorted(there.integrations.items()) if not names or slug in names]


async def _checked(
    here: Settings, chosen: Sequence[Integration], kinds: Sequence[Kind], *, quiet: bool
) -> list[Results]:
    from datetime import UTC, datetime

    from gateway.deployment import make_home
    from gateway.progress import Progress
    from tools.check.order import check as look
    from tools.check.order import farm_for_checks

    make_home(here)
    folder, today = here.home.absolute() / "checks", datetime.now(UTC).date()
    found = []
    with Progress(speaker(), quiet=quiet) as progress:
        async with farm_for_checks(here, folder / "farm") as farm:
            for integration in chosen:
                progress.begin(integration.slug)
                place = folder / integration.slug
                found.append(await look(integration, farm, place, today, kinds=kinds, say=progress.say))
    return found


def _report(results: Sequence[Results]) -> Report:
    from datetime import UTC, datetime

    from tools.results import Report

    return Report(at=datetime.now(UTC), results=tuple(results))


def _write(report: Report, chosen: Sequence[Integration], *, as_json: bool) -> None:
    from gateway.terminal import say
    from tools.tier import claim

    for results, integration in zip(report.results, chosen, strict=True):
        if results.earned is None:
            raise Complaint(
                f"no tier of {results.integration} was computed: not every kind of check came to its end",
                then="leave --only out, and repair what failed",
                code=ExitCode.BAD_INPUT,
            )
        claim(integration.folder / "manifest.toml", results.earned, report.at.date())
        if not as_json:
            say(f"{integration.slug}/manifest.toml says {results.earned} now, verified on {report.at.date()}")


def _show(report: Report, *, as_json: bool) -> None:
    if as_json:
        put(report)
        return
    from gateway.checks import tell

    tell(report, printer())
