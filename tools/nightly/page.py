"""The night as one HTML page that can be sent on: everything is inside, also the pictures of what broke."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from datetime import date
from html import escape
from pathlib import Path

from tools.nightly.outcome import broke
from tools.nightly.summary import tier_told
from tools.results import Check, Report, Results
from tools.tier import exemptions

_STYLE = Path(__file__).with_name("page.css")
_COLUMNS = ("Integration", "Outcome", "Tier", "Checks", "Cells", "Faults hit", "Mutants killed", "Time", "Owners")

_WORST_FIRST = ("bad", "unknown", "good")


def page(parts: Sequence[Report]) -> str:
    """The document."""
    return "\n".join(_lines(parts)) + "\n"


def _lines(parts: Sequence[Report]) -> Iterator[str]:
    found = [(results, part) for part in parts for results in part.results]
    found.sort(key=lambda one: (_WORST_FIRST.index(_outcome(one[0], one[1].at.date())[1]), one[0].integration))
    last = max(part.at for part in parts)
    headline = _headline([results for results, _ in found])
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{headline} · Readback nightly, {last:%d %B %Y}</title>"
    yield f"<style>{_STYLE.read_text('utf-8')}</style></head><body>"
    yield f'<header><p class="brand">Readback <span>nightly check</span></p><h1>{headline}</h1>'
    yield f'<p class="when">{last:%A, %d %B %Y}, last result at {last:%H:%M %Z}</p>{_totals(found)}</header><main>'
    yield from _table(found)
    for results, part in found:
        if broke(results) or results.not_checked or results.failed(part.at.date()):
            yield from _section(results, part.at.date())
    yield from _left_out([results for results, _ in found], last.date())
    yield "</main></body></html>"


def _headline(found: Sequence[Results]) -> str:
    bad, unknown = sum(map(broke, found)), sum(one.not_checked is not None for one in found)
    count = f"{len(found)} integration{'s' * (len(found) != 1)}"
    told = [f"{bad} of {count} broke"] if bad else []
    told += [f"{unknown} could not be checked"] if unknown else []
    return ", ".join(told) or f"All {count} passed"


def _totals(found: Sequence[tuple[Results, Report]]) -> str:
    every = [results for results, _ in found]
    killed, survived = sum(one.killed for one in every), sum(len(one.survived) for one in every)
    figures = (
        (sum(one.cells for one in every), "cells run"),
        (sum(len(one.faults_hit) for one in every), "faults hit"),
        (killed, f"of {killed + survived} mutants killed"),
        (sum(one.counts(part.at.date()) for results, part in found for one in results.exempted), "left out"),
    )
    items = "".join(f"<div><dd>{number}</dd><dt>{name}</dt></div>" for number, name in figures)
    return f'<dl class="totals">{items}</dl>'


def _outcome(results: Results, today: date) -> tuple[str, str]:
    """A word, and the class that gives it its colour."""
    if results.not_checked is not None:
        return "not checked", "unknown"
    if broke(results):
        return "broke", "bad"
    return ("passed", "good") if not results.failed(today) else ("not all passed", "unknown")


def _table(found: Sequence[tuple[Results, Report]]) -> Iterator[str]:
    yield '<div class="wide"><table><caption>Every integration</caption><thead><tr>'
    yield from (f'<th scope="col">{name}</th>' for name in _COLUMNS)
    yield "</tr></thead><tbody>"
    for results, part in found:
        word, kind = _outcome(results, part.at.date())
        name = escape(results.integration)
        link = f'<a href="#{name}">{name}</a>' if kind != "good" else name
        good = sum(check.ok for check in results.checks)
        cells = (
            f'<span class="mark {kind}">{word}</span>',
            escape(tier_told(results)),
            f"{good} of {len(results.checks)}",
            str(results.cells),
            f"{len(results.faults_hit)} of {len(results.faults)}",
            f"{results.killed} of {results.killed + len(results.survived)}",
            f"{results.seconds:.0f} s",
            escape(", ".join(results.owners) or "nobody"),
        )
        venue = f"<small>{escape(results.venue)}</small>" if results.venue else ""
        yield f'<tr><th scope="row">{link}{venue}</th>' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    yield "</tbody></table></div>"


def _section(results: Results, today: date) -> Iterator[str]:
    word, kind = _outcome(results, today)
    owners = ", ".join(results.owners) or "nobody: its manifest names no owners"
    name = escape(results.integration)
    yield f'<section id="{name}"><h2>{name} <span class="mark {kind}">{word}</span></h2>'
    yield f'<p class="owners">Tell {escape(owners)}. {_consequence(results)}</p>'
    if results.not_checked is not None:
        yield f"<p>{escape(results.not_checked)}</p>"
    for check in results.failed(today):
        yield from _check(check)
    if results.survived:
        survivors = "".join(f"<li>{escape(survivor)}</li>" for survivor in results.survived)
        yield f'<h3>Mutants that were not noticed</h3><ul class="survivors">{survivors}</ul>'
    yield "</section>"


def _consequence(results: Results) -> str:
    if results.not_checked is not None:
        return "Nothing is known of it from this night, so nothing has changed for its venues."
    if broke(results):
        return (
            f"It claims {results.claimed} and earned {results.earned}: until it passes again, its venues count as"
            f" {results.earned}. Bookings that stand are still read back."
        )
    return f"It earned {results.earned or 'nothing yet'}, as much as it claims."


def _check(check: Check) -> Iterator[str]:
    yield f'<article class="check"><h3><small>{check.kind}</small> {escape(check.name)}</h3>'
    if check.what:
        yield f"<p>{escape(check.what)}</p>"
    if check.what_to_do:
        yield f'<p class="todo">{escape(check.what_to_do)}</p>'
    if check.screenshot is not None and check.screenshot.is_file():
        picture = base64.b64encode(check.screenshot.read_bytes()).decode("ascii")
        yield f'<figure><img alt="The page where {escape(check.name)} broke" src="data:image/png;base64,{picture}">'
        yield f"<figcaption>The page that it broke at. {escape(check.screenshot.name)}</figcaption></figure>"
    yield "</article>"


def _left_out(every: Sequence[Results], today: date) -> Iterator[str]:
    rows = exemptions(every, today)
    if not rows:
        return
    yield '<div class="wide"><table><caption>Left out, and until when</caption><thead><tr>'
    yield from (f'<th scope="col">{name}</th>' for name in ("Integration", "What", "Until", "Why"))
    yield "</tr></thead><tbody>"
    for row in rows:
        one = row.exempted
        until = f"{one.until:%d %b %Y}"
        said = until if row.counts else f'<span class="mark bad">over since {until}</span>'
        what = f"{escape(one.name)} <small>{one.kind}</small>"
        yield f'<tr><th scope="row">{escape(row.integration)}</th><td>{what}</td><td>{said}</td>'
        yield f'<td class="why">{escape(one.reason)}</td></tr>'
    yield "</tbody></table></div>"
