"""How commands speak: results on standard output, everything said on the way on standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from farm.facts import Fact
    from gateway.complaint import Complaint


def _remember(ctx: typer.Context, wanted: bool) -> bool:
    ctx.meta["readback.json"] = wanted
    return wanted


AsJson = Annotated[
    bool,
    typer.Option("--json", callback=_remember, help="Print one JSON document to standard output, and nothing else."),
]


def examples(*commands: str, last: str = "Examples:") -> str:
    """The commands as the end of a help text, a line each."""
    return "\n\n".join([f"[dim]{last}[/dim]", *(f"  [cyan]{command}[/cyan]" for command in commands)])


def printer() -> Console:
    """Standard output, for results."""
    from tools.console import PlainConsole

    return PlainConsole()


def speaker() -> Console:
    """Standard error, for everything that is said on the way."""
    from tools.console import PlainConsole

    return PlainConsole(stderr=True)


def say(what: str) -> None:
    """Say something on the way; where nobody looks at a terminal, in one line."""
    console = speaker()
    console.print(what, soft_wrap=not console.is_terminal)


def put(answer: Fact) -> None:
    """Print a result as JSON."""
    typer.echo(answer.model_dump_json(indent=2))


def complain(complaint: Complaint, *, as_json: bool) -> None:
    """Say what is wrong, one line per fault; as JSON on standard output where JSON was asked for."""
    from rich.text import Text

    if as_json:
        from gateway.answers import Problem

        put(Problem.of(complaint))
        return
    console = speaker()
    in_one_line = not console.is_terminal
    console.print(Text.assemble(("✗ ", "bold red"), complaint.what), soft_wrap=in_one_line)
    for fault in complaint.faults:
        place = (f"{fault.where}: ", "bold") if fault.where else ""
        console.print(Text.assemble("  ", place, fault.what), soft_wrap=in_one_line)
    if complaint.then:
        console.print(Text.assemble(("→ ", "dim"), complaint.then), soft_wrap=in_one_line)
