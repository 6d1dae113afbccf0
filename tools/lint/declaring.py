"""Rules on what an integration declares: whose it is, where it comes from, words that are used, dates that hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from tools.lint.rule import Rule, Spot, in_table
from tools.lint.source import Module, Source, Table, called

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def _declared(source: Source) -> Iterator[Spot]:
    manifest = source.manifest
    if not manifest.content.get("owners"):
        yield in_table(manifest, "owners", "`owners` is missing: nobody is told when it breaks")
    where = manifest.content.get("source")
    if not isinstance(where, str) or not _DAY.search(where):
        yield in_table(manifest, "source", "`source` must say where the facts come from, and on which day")


def _words(source: Source) -> Iterator[Spot]:
    manifest = source.manifest
    refusals = [str(one.get("text", "")) for one in manifest.entries("refusal")]
    if refusals and not _calls(source, "Refusal"):
        yield in_table(manifest, refusals[0], "no script returns a `Refusal`, so that no `[[refusal]]` is ever used")
    for number, text in enumerate(refusals):
        wider = [earlier for earlier in refusals[:number] if earlier.casefold() in text.casefold()]
        if wider:
            yield in_table(manifest, text, f"this `[[refusal]]` is never used: `{wider[0]}` comes first and is in it")
    labels = manifest.content.get("status")
    if isinstance(labels, dict) and labels and not _calls(source, "status"):
        yield in_table(manifest, "[status]", "no script asks `visit.status`, so that no label of `[status]` is used")


def _calls(source: Source, name: str) -> bool:
    return any(called(call) == name for module in source.modules for call in module.calls())


def _dates(source: Source) -> Iterator[Spot]:
    today = datetime.now(UTC).date()
    dated = [
        *((source.manifest, one, "rule") for one in source.manifest.entries("quality", "exempt")),
        *((source.cases, one, "fault") for one in source.cases.entries("leave_out")),
    ]
    for table, entry, kind in dated:
        what, until = str(entry.get(kind, entry.get("mutation", "?"))), _day(entry.get("until"))
        if until is None:
            yield in_table(table, what, f"`{what}` is left out without an end: `until` is missing")
        elif until < today:
            yield Spot(table.path, _line_after(table, what), f"`{what}` was left out until {until}: that is past")


def _day(written: object) -> date | None:
    if isinstance(written, datetime):
        return written.date()
    if isinstance(written, date):
        return written
    return date.fromisoformat(written) if isinstance(written, str) and _DAY.fullmatch(written) else None


def _line_after(table: Table, what: str) -> int:
    """The line with this name below a ``[[leave_out]]``: a case may have the same one."""
    lines = table.text.splitlines()
    heads = [n for n, line in enumerate(lines) if "leave_out" in line or "exempt" in line]
    return next((n + 1 for head in heads for n in range(head, len(lines)) if f'"{what}"' in lines[n]), 1)


def _to_dos(source: Source) -> Iterator[Spot]:
    files: tuple[Module | Table, ...] = (*source.modules, *source.tables)
    texts = {file.path: file.text for file in files} | {path: path.read_text() for path in _beside(source)}
    for path, text in texts.items():
        for number, line in enumerate(text.splitlines(), 1):
            if "TODO" in line:
                yield Spot(path, number, line.partition("TODO")[2].strip(" :\"'#,.)]}") or "something is to do")


def _beside(source: Source) -> list[Path]:
    """What `readback new` wrote beside the folder: the agreement, and the twin of its own."""
    partners = {str(venue.content.get("partner")) for venue in source.venues}
    agreements = [source.folder.parents[1] / "partners" / f"{partner}.toml" for partner in sorted(partners)]
    twin = source.cases.content.get("twin")
    root, module = (twin.get("root"), twin.get("module")) if isinstance(twin, dict) else (None, None)
    code = sorted((source.folder / str(root) / str(module)).resolve().glob("*.py")) if root else []
    return [path for path in (*agreements, *code) if path.is_file()]


RULES = (
    Rule(
        "to_dos",
        "Nothing is left to do (`TODO`).",
        "look at the site, and write down what only you can know; until then nothing is played",
        _to_dos,
    ),
    Rule(
        "declared",
        "The manifest says whose it is (`owners`), and where its facts come from, with the day (`source`).",
        "add the line; the day is the one on which somebody looked at the site",
        _declared,
    ),
    Rule(
        "dead_words",
        "Every `[[refusal]]` and every `[status]` can be used.",
        "return `Refusal(text=…)` and ask `visit.status(label)`, put the narrower text first, or take the words out",
        _words,
    ),
    Rule(
        "past_dates",
        "What is left out is left out until a day, and that day is not past.",
        "add the case or keep the rule now; a new date needs a new reason",
        _dates,
    ),
)
