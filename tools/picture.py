"""Draws the picture of a booking's life from its text: ``python -m tools.picture docs/life.txt docs/life.svg``."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from pathlib import Path

WIDTH, LEFT, BOX, RIGHT = 900, 186, 400, 634
BOX_HEIGHT, GAP, STAGE_HEAD, STAGE_GAP = 52, 18, 34, 16
END_WIDTH, END_HEIGHT = 244, 46
LINE_HEIGHT = 16
MOST_LETTERS = {"stage": 74, "step": 66, "end": 38}
"""What fits its box at 6.2 pixels a letter, measured where fonts are wide."""

STYLE = """
  .card { fill: #ffffff; stroke: #d0d7de; }
  .stage { fill: #f3f5f8; }
  .box { fill: #ffffff; stroke: #57606a; }
  .end { fill: none; stroke-width: 1.5; }
  .good { stroke: #1a7f37; } .bad { stroke: #cf222e; } .open { stroke: #9a6700; }
  .flow { fill: none; stroke: #57606a; stroke-width: 1.5; }
  .tip { fill: #57606a; }
  text { font: 13px system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; fill: #24292f; }
  .name { font-weight: 650; font-size: 14px; }
  .status { font-weight: 650; }
  .stage-name { font-style: italic; }
  .quiet { fill: #57606a; font-size: 12px; }
  @media (prefers-color-scheme: dark) {
    .card { fill: #0d1117; stroke: #30363d; }
    .stage { fill: #161b22; }
    .box { fill: #0d1117; stroke: #8b949e; }
    .good { stroke: #3fb950; } .bad { stroke: #f85149; } .open { stroke: #d29922; }
    .flow { stroke: #8b949e; }
    .tip { fill: #8b949e; }
    text { fill: #e6edf3; }
    .status { font-weight: 650; }
  .stage-name { font-style: italic; }
  .quiet { fill: #9aa4af; }
  }
"""
COLOURS = {"confirmed": "good", "cancelled": "good", "in_doubt": "open", "pending_venue": "open"}


class BadPicture(ValueError):
    """A line of the text that cannot be drawn; the message names it."""


@dataclass(frozen=True)
class Arrow:
    """From a step to an end or back to an earlier step, and when."""

    to: str
    when: str


@dataclass
class Step:
    """One box of the way down."""

    name: str
    what: str
    stage: int
    ends: list[Arrow] = field(default_factory=list)
    backs: list[Arrow] = field(default_factory=list)
    y: int = 0

    @property
    def middle(self) -> int:
        """Where its arrows begin."""
        return self.y + BOX_HEIGHT // 2


@dataclass
class Picture:
    """The text, read."""

    title: str
    stages: list[str]
    steps: list[Step]

    @classmethod
    def read(cls, text: str) -> Picture:
        """Read the text.

        Raises:
            BadPicture: A line is none of the known kinds, or goes back to a step that is not there.
        """
        picture = cls("", [], [])
        for line in text.splitlines():
            if line.strip() and not line.startswith("#"):
                picture._take(line)
        return picture

    def step(self, name: str) -> Step:
        """The step of that name.

        Raises:
            BadPicture: There is none.
        """
        found = next((step for step in self.steps if step.name == name), None)
        if found is None:
            raise BadPicture(f"no step `{name}` stands above the line that goes back to it")
        return found

    def _must_fit(self, line: str) -> None:
        kind = _kind(line)
        said = line.removeprefix("== ") if kind == "stage" else line.partition(": ")[2]
        if kind is not None and len(said) > MOST_LETTERS[kind]:
            raise BadPicture(f"{len(said)} letters do not fit ({MOST_LETTERS[kind]} do): {line.strip()!r}")
        if kind == "step" and self.steps and len(self.steps[-1].ends) > 1:
            raise BadPicture(f"only the last step has room for several ends, not `{self.steps[-1].name}`")

    def _take(self, line: str) -> None:
        self._must_fit(line)
        if line.startswith("title "):
            self.title = line.removeprefix("title ")
        elif line.startswith("== "):
            self.stages.append(line.removeprefix("== "))
        elif found := re.fullmatch(r"  ([>^]) ([^:]+): (.+)", line):
            kind, to, when = found.groups()
            if kind == "^":
                self.step(to)
            arrows = self.steps[-1].ends if kind == ">" else self.steps[-1].backs
            arrows.append(Arrow(to, when))
        elif found := re.fullmatch(r"(\w[^:]*): (.+)", line):
            self.steps.append(Step(found[1], found[2], len(self.stages) - 1))
        else:
            raise BadPicture(f"cannot be drawn: {line!r}")


def _kind(line: str) -> str | None:
    """What a line is drawn as, where its length matters."""
    if line.startswith("== "):
        return "stage"
    return "end" if line.startswith("  > ") else "step" if re.match(r"\w[^:]*: ", line) else None


def draw(text: str) -> str:
    """The picture as SVG; light and dark, as the reader's machine is."""
    picture = Picture.read(text)
    bands, height = _lay_out(picture)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        'aria-labelledby="title what">',
        f'<title id="title">{escape(picture.title)}</title>',
        f'<desc id="what">{escape("; ".join(f"{step.name}: {step.what}" for step in picture.steps))}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="card" x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1}" rx="10"/>',
        *bands,
        *_downwards(picture.steps),
        *_back(picture),
        *(part for step in picture.steps for part in _box(step)),
        *(part for step in picture.steps for part in _ends(step)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _lay_out(picture: Picture) -> tuple[list[str], int]:
    """Give every step its place; the stages behind them, and the height of it all."""
    y, bands = 14, []
    for number, name in enumerate(picture.stages):
        top, steps = y, [step for step in picture.steps if step.stage == number]
        y += STAGE_HEAD
        for step in steps:
            step.y = y
            y += BOX_HEIGHT + GAP
            y += max(0, len(step.ends) - 1) * (END_HEIGHT + 8) if step is picture.steps[-1] else 0
        bands.append(f'<rect class="stage" x="14" y="{top}" width="{WIDTH - 28}" height="{y - top - 4}" rx="8"/>')
        bands.append(_text(LEFT + BOX // 2 + 14, top + 22, name, "stage-name"))
        y += STAGE_GAP
    return bands, y


def _box(step: Step) -> Iterator[str]:
    yield f'<rect class="box" x="{LEFT}" y="{step.y}" width="{BOX}" height="{BOX_HEIGHT}" rx="6"/>'
    yield _text(LEFT + 12, step.y + 21, step.name, "name")
    yield _text(LEFT + 12, step.y + 40, step.what, "quiet")


def _ends(step: Step) -> Iterator[str]:
    for number, arrow in enumerate(step.ends):
        y = step.y + 3 + number * (END_HEIGHT + 8)
        middle = y + END_HEIGHT // 2
        colour = COLOURS.get(arrow.to, "bad")
        start = f"M{LEFT + BOX} {step.middle}" if number == 0 else f"M{RIGHT - 30} {step.middle} V{middle}"
        yield f'<path class="flow" d="{start} H{RIGHT - 6}"/>' + _tip(RIGHT, middle, "right")
        yield f'<rect class="end {colour}" x="{RIGHT}" y="{y}" width="{END_WIDTH}" height="{END_HEIGHT}" rx="8"/>'
        yield _text(RIGHT + 12, y + 19, arrow.to, "status")
        yield _text(RIGHT + 12, y + 36, arrow.when, "quiet")


def _downwards(steps: list[Step]) -> Iterator[str]:
    x = LEFT + BOX // 2
    for step, following in pairwise(steps):
        yield f'<path class="flow" d="M{x} {step.y + BOX_HEIGHT} V{following.y - 6}"/>' + _tip(x, following.y, "down")


def _back(picture: Picture) -> Iterator[str]:
    """The ways back, left of the boxes: one line for each place and reason, the longer the further out."""
    ways: dict[Arrow, list[Step]] = {}
    for step in picture.steps:
        for arrow in step.backs:
            ways.setdefault(arrow, []).append(step)
    inner = LEFT - 26
    for arrow, steps in ways.items():
        target, last = picture.step(arrow.to), steps[-1]
        is_long = len({step.stage for step in [target, last]}) > 1 and len(steps) == 1
        x, drop = (34, 8) if is_long else (inner, 0)
        for step in steps:
            yield f'<path class="flow" d="M{LEFT} {step.middle + drop} H{x}"/>'
        end = target.middle + (8 if is_long else -8 if target.stage == last.stage else 0)
        yield f'<path class="flow" d="M{x} {last.middle + drop} V{end} H{LEFT - 6}"/>' + _tip(LEFT, end, "right")
        lines = textwrap.wrap(arrow.when, 17)
        y = (last.middle + target.middle) // 2 + (60 if is_long else 0) - (len(lines) - 1) * LINE_HEIGHT // 2
        for row, line in enumerate(lines):
            anchor = ("start", x + 10) if is_long else ("end", x - 10)
            yield _text(anchor[1], y + row * LINE_HEIGHT, line, "quiet", anchor[0])


def _tip(x: int, y: int, way: str) -> str:
    points = {"right": f"{x},{y} {x - 8},{y - 4} {x - 8},{y + 4}", "down": f"{x},{y} {x - 4},{y - 8} {x + 4},{y - 8}"}
    return f'<polygon class="tip" points="{points[way]}"/>'


def _text(x: int, y: int, text: str, style: str, anchor: str = "start") -> str:
    at = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text class="{style}" x="{x}" y="{y}"{at}>{escape(text)}</text>'


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    target.write_text(draw(source.read_text(encoding="utf-8")), encoding="utf-8")
