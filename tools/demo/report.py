"""The end of a demo: how each request ended, where the seconds went, and the venues' own books beside the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import reduce

from rich.console import Console
from rich.table import Table
from rich.text import Text

from farm.phases import Step
from farm.status import BookingStatus
from tools.demo.books import of_booking
from tools.demo.scene import Row, Stage
from tools.demo.tally import Tally
from tools.watching import Progress, begun, fold, status_text

STEPS: dict[str, tuple[Step, ...]] = {
    "search": (Step.LOG_IN, Step.SEARCH),
    "hold": (Step.HOLD, Step.RELEASE),
    "guest": (Step.ENTER_GUEST,),
    "click": (Step.GUARD, Step.SUBMIT),
    "read": (Step.READ_BACK,),
    "cancel": (Step.CANCEL,),
}


def report(stage: Stage, tally: Tally, console: Console, all_s: float) -> None:
    """Print the three tables, what is wrong if anything is, and the lines that count."""
    for title, table in (
        ("How each request ended", endings(stage, tally)),
        ("Seconds: the whole of each request, and what it was spent on", seconds(tally)),
        (f"The ledger, beside {stage.books}", books(stage, tally)),
    ):
        console.print(Text(title, style="bold"))
        console.print(table)
        console.print()
    for line in complaints(stage, tally):
        console.print(Text(line, style="bold red"))
    console.print(last_lines(stage, tally, all_s))


def endings(stage: Stage, tally: Tally) -> Table:
    """In words: what waited for the request, the venues it came by, and where it ended."""
    table = _table()
    table.add_column("what happens", ratio=1)
    table.add_column("it ends", no_wrap=True)
    table.add_column("at", no_wrap=True)
    for number, row in enumerate(tally.rows, 1):
        words = Text(row.scenario.words)
        came_by = _came_by(row, stage)
        if came_by:
            words.append(f"\n{came_by}", style="dim")
        ended, tries = Text.assemble(status_text(row.booking.status)), len(row.attempts)
        ended.append(f"\n  {tries} {'try' if tries == 1 else 'tries'}", style="dim")
        where = Text(stage.names.get(row.booking.venue or "", "-"))
        where.append(f"\n{row.booking.venue_reference or ''}", style="bold")
        table.add_row(str(number), words, ended, where)
    return table


def seconds(tally: Tally) -> Table:
    """Where the time of each request went; ``wait`` is settle time: between two looks at a venue's record."""
    table = _table()
    for name in ("queue", *STEPS, "wait", "total"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("read back by", no_wrap=True, style="dim")
    for number, row in enumerate(tally.rows, 1):
        spent = _spent(row)
        channel = next((e.payload["channel"] for e in reversed(row.events) if e.payload.get("channel")), "")
        table.add_row(str(number), *(f"{value:.1f}".replace("0.0", "") for value in spent), channel)
    return table


def books(stage: Stage, tally: Tally) -> Table:
    """Each row beside all that the venues' own databases have of it."""
    table = _table()
    table.add_column("the ledger", ratio=1)
    table.add_column("the venues' own books", ratio=1)
    table.add_column("")
    for number, (row, wrong) in enumerate(zip(tally.rows, tally.faults, strict=True), 1):
        mark = Text("✗", style="bold red") if wrong else Text("✓", style="green")
        table.add_row(str(number), _ledger_cell(stage, row), _books_cell(stage, tally, row), mark)
    return table


def complaints(stage: Stage, tally: Tally) -> Iterator[str]:
    """Everything that makes the demo fail, one line each."""
    for number, wrong in enumerate(tally.faults, 1):
        for fault in wrong:
            yield f"Row {number}: {fault}."
    for missed in tally.missed:
        yield f"A trouble was never met, so its row shows nothing: {missed}."
    for entry in tally.strangers:
        name = stage.names.get(entry.venue, entry.venue)
        yield f"{name} has {entry.reference}, which nobody here asked for."


def last_lines(stage: Stage, tally: Tally, all_s: float) -> Text:
    """The confirmation rate, the numbers that keep it honest, and whether the books agree."""
    rate = 100 * tally.confirmed / tally.feasible if tally.feasible else 0
    text = Text()
    text.append(f"Confirmation rate {rate:.0f} %", style="bold")
    text.append(f" ({tally.confirmed} of {tally.feasible} that could be had")
    text.append(f"; {tally.in_doubt} left to a person)\n" if tally.in_doubt else ")\n")
    honest = {
        "false confirmations": tally.false_confirmations,
        "double bookings": tally.double_bookings,
        "lost": tally.lost,
    }
    text.append(Text(" · ").join(Text(f"{k} {n}", style="bold red" if n else "") for k, n in honest.items()))
    if tally.passed:
        text.append(f"\n✓ every row agrees with {stage.books}", style="bold green")
    else:
        text.append(f"\n✗ not every row agrees with {stage.books}", style="bold red")
    text.append(f" · {all_s:.0f} s")
    return text


def _table() -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", expand=False)
    table.add_column("", justify="right", style="dim", no_wrap=True)
    return table


def _came_by(row: Row, stage: Stage) -> str:
    """The venues that it left, and what went wrong at the one where it stayed."""
    progress: Progress = reduce(fold, row.events, begun(row.booking, stage.names))
    trouble = [f"{progress.venue}: {progress.trouble}"] if progress.trouble else []
    return " → ".join([*map(str, progress.left), *trouble])


def _spent(row: Row) -> list[float]:
    """Queue, the steps, the rest, and all of it."""
    began, ended = row.events[0].at, row.events[-1].at
    started = next((event.at for event in row.events if event.kind == "attempt.started"), ended)
    stages = [stage for attempt in row.attempts for stage in attempt.stages]
    steps = [sum(stage.seconds for stage in stages if stage.stage in names) for names in STEPS.values()]
    queue, total = (started - began).total_seconds(), (ended - began).total_seconds()
    return [queue, *steps, max(0.0, total - queue - sum(steps)), total]


def _ledger_cell(stage: Stage, row: Row) -> Text:
    says = row.says
    if says.planted is None or says.venue is None:
        return Text(f"{says.status}: no record")
    cell = _record(stage, says.venue, says.reference, says.status is not BookingStatus.CANCELLED)
    if says.starts_at is not None:
        cell.append("\n")
        cell.append(_facts(stage, says.starts_at, says.count, says.resource), style="dim")
    if says.differing:
        cell.append(f"\nin doubt: the record differs in {', '.join(says.differing)}", style="yellow")
    return cell


def _books_cell(stage: Stage, tally: Tally, row: Row) -> Text:
    cells = []
    for entry in of_booking(row.booking.code, tally.entries):
        cell = _record(stage, entry.venue, entry.reference, entry.stands)
        cell.append("\n")
        another = entry.stands and bool(row.says.differing)
        facts = _facts(stage, entry.starts_at, entry.count, entry.resource)
        cell.append(facts, style="yellow" if another else "dim")
        if entry.detail:
            cell.append(f"\n{entry.detail}", style="dim")
        cells.append(cell)
    return Text("\n").join(cells) if cells else Text("no record")


def _record(stage: Stage, venue: str, reference: str | None, stands: bool) -> Text:
    text = Text(f"{stage.names.get(venue, venue)} ")
    text.append(reference or "?", style="bold" if stands else "strike")
    if not stands:
        text.append(" cancelled")
    return text


def _facts(stage: Stage, at: datetime, count: int | None, resource: str | None) -> str:
    local = at.astimezone(stage.zone)
    return f"{local.day} {local:%b %H:%M}, {stage.counted.format(count=count, resource=resource)}"
