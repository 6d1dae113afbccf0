"""The night as a table in a terminal, and what broke below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tools.nightly.outcome import Outcome
from tools.results import Check, Results
from tools.tier import exemptions

_SAID: Mapping[Outcome, tuple[str, str]] = {
    "passed": ("✓ passed", "green"),
    "restored": ("✓ passed again", "bold green"),
    "broke": ("✗ broke", "bold red"),
    "not_checked": ("? not checked", "bold yellow"),
}


def summary(found: Sequence[tuple[Results, Outcome]], today: date) -> Iterator[RenderableType]:
    """Everything to be printed, in order."""
    yield _table(found)
    for results, outcome in found:
        if outcome in {"broke", "not_checked"}:
            yield _broken(results, outcome, today)
    rows = exemptions([results for results, _ in found], today)
    if rows:
        yield Text("\nLeft out, and until when", style="bold")
        table = Table.grid(padding=(0, 2))
        for row in rows:
            until = Text(f"until {row.exempted.until}" if row.counts else f"over since {row.exempted.until}")
            until.stylize("dim" if row.counts else "bold red")
            what = f"{row.exempted.kind} {row.exempted.name}"
            table.add_row(f"  {row.integration}", what, until, Text(row.exempted.reason, style="dim"))
        yield table


def _table(found: Sequence[tuple[Results, Outcome]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("integration", "", "tier", "checks", "cells", "faults hit", "mutants", "s", "owners"):
        table.add_column(name, no_wrap=name in {"integration", ""}, overflow="fold")
    for results, outcome in found:
        word, style = _SAID[outcome]
        good = sum(check.ok for check in results.checks)
        table.add_row(
            Text(results.integration, style="bold"),
            Text(word, style=style),
            tier_told(results),
            f"{good} of {len(results.checks)}",
            str(results.cells),
            f"{len(results.faults_hit)} of {len(results.faults)}",
            f"{results.killed} of {results.killed + len(results.survived)}",
            f"{results.seconds:.0f}",
            ", ".join(results.owners) or "nobody",
        )
    return table


def tier_told(results: Results) -> str:
    """The tier that was earned, and the claimed one where that differs."""
    if results.earned is None:
        return f"claims {results.claimed}"
    return results.earned if results.earned is results.claimed else f"{results.earned}, claims {results.claimed}"


def _broken(results: Results, outcome: Outcome, today: date) -> Text:
    text = Text(f"\n{results.integration}", style="bold")
    text.append(f"  tell {', '.join(results.owners) or 'nobody: its manifest names no owners'}", style="not bold dim")
    if outcome == "not_checked":
        text.append(f"\n  {results.not_checked or 'not every kind of check ran'}", style="not bold")
    for check in results.failed(today):
        _tell(text, check)
    return text


def _tell(text: Text, check: Check) -> None:
    text.append("\n  ✗ ", style="not bold red").append(f"{check.kind}: {check.name}", style="not bold")
    if check.what:
        text.append(f"\n    {check.what}", style="not bold")
    if check.what_to_do:
        text.append(f"\n    → {check.what_to_do}", style="not bold dim")
    if check.screenshot:
        text.append(f"\n    {check.screenshot}", style="not bold dim")
