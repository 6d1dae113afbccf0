"""The checks of integrations as a person reads them: what failed and what to do, figures, tier, what is left out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from farm.tier import Tier
from gateway.deployment import shown
from tools.results import Check, Report, Results
from tools.tier import exemptions, lacks

_NEXT = {Tier.NONE: Tier.BRONZE, Tier.BRONZE: Tier.SILVER, Tier.SILVER: Tier.GOLD}
_MOST_LACKS = 3


def tell(report: Report, console: Console) -> None:
    """Print the report; paths are longer than a line, and stay whole."""
    for block in _told(report):
        console.print(block, soft_wrap=isinstance(block, Text) and block.no_wrap is True)


def _told(report: Report) -> Iterator[RenderableType]:
    """The report, block by block."""
    today = report.at.date()
    for results in report.results:
        yield _head(results, today)
        failed = results.failed(today)
        for check in failed:
            yield from _failed(check)
        yield _figures(results, today)
    if any(results.exempted for results in report.results):
        yield _exemptions(report, today)


def _head(results: Results, today: date) -> Text:
    failed = len(results.failed(today))
    mark, style = ("✗", "bold red") if failed else ("✓", "bold green")
    name = results.integration or "other files"
    count = f"{failed} of {len(results.checks)} checks failed" if failed else f"all {len(results.checks)} checks well"
    owners = f" · owners {', '.join(results.owners)}" if failed and results.owners else ""
    return Text.assemble((f"{mark} {name}", style), f"  {count} in {results.seconds:.0f} s{owners}")


def _failed(check: Check) -> Iterator[RenderableType]:
    """What was seen, what to do, and the picture of it."""
    yield Text.assemble((f"  ✗ {check.name}", "bold"), (f"  {check.kind}", "dim"))
    for line in _from_here(check.what).splitlines():
        yield _indented(line)
    for number, line in enumerate(_from_here(check.what_to_do).splitlines()):
        yield _indented(line if number else f"→ {line}")
    if check.screenshot is not None:
        yield _indented(shown(Path(check.screenshot)), "cyan")


def _indented(line: str, style: str = "") -> RenderableType:
    """A line of words is wrapped; one that is a path stays whole, to be copied."""
    if " " in line:
        return Padding(Text(line, style), (0, 0, 0, 4))
    return Text(f"    {line}", style, no_wrap=True)


def _from_here(text: str) -> str:
    """With the paths as a person would write them here."""
    return text.replace(f"{Path.cwd()}/", "")


def _figures(results: Results, today: date) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    if "conformance" in results.ran:
        table.add_row("conformance", f"{results.cells} runs, {len(results.faults_hit)} faults hit and survived")
    if "mutation" in results.ran:
        mutants = results.killed + len(results.survived)
        table.add_row("mutation", f"{results.killed} of {mutants} mutants noticed")
    table.add_row("tier", _tier(results, today))
    table.add_row("", "")
    return table


def _tier(results: Results, today: date) -> str:
    if results.earned is None:
        return f"{results.claimed} claimed; not computed, for that takes every kind of check"
    said = f"{results.earned} earned" + (f", {results.claimed} claimed" if results.claimed != results.earned else "")
    better = _NEXT.get(results.earned)
    if better is None:
        return said
    missing = lacks(results, better, today)
    more = f"; and {len(missing) - _MOST_LACKS} more" if len(missing) > _MOST_LACKS else ""
    return f"{said}; for {better}: {'; '.join(missing[:_MOST_LACKS])}{more}"


def _exemptions(report: Report, today: date) -> Table:
    table = Table(title="Left out", title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    for column in ("integration", "what", "until", "why"):
        table.add_column(column, header_style="dim", overflow="fold")
    for row in exemptions(report.results, today):
        one = row.exempted
        until = Text(one.until.isoformat(), style="" if row.counts else "bold red")
        table.add_row(row.integration, f"{one.kind} {one.name}", until, one.reason)
    return table
