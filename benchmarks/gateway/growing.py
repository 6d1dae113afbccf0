"""The same requests to ledgers of every size, in turn: what the machine does besides falls on all alike."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from statistics import median, quantiles
from typing import get_args

from benchmarks.gateway.asking import Aim, Asker, Order, What

KINDS: tuple[What, ...] = get_args(What)
WATCHED = 500
"""So many bookings of each ledger are asked for in a round: once each, then at random."""
TOGETHER = 8
AGAIN, BARE = "again", "bare"
"""Another gateway on the smallest ledger, and what one would write instead."""


@dataclass(slots=True)
class Course:
    """All that one server answered.

    Attributes:
        alone_ms: By kind: every request, one at a time.
        together_ms: By kind: every request, over several connections.
        per_s: By kind: of each round, over several connections.
    """

    alone_ms: dict[What, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    together_ms: dict[What, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    per_s: dict[What, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def p50_ms(self, kind: What) -> float:
        """Half of them, one at a time, took less."""
        return median(self.alone_ms[kind])

    def figures(self) -> dict[str, float]:
        """What it comes to."""
        said: dict[str, float] = {}
        for kind in KINDS:
            if self.alone_ms[kind]:
                said[f"{kind}_p50_ms"] = round(self.p50_ms(kind), 2)
                said[f"{kind}_p99_ms"] = round(p99(self.alone_ms[kind]), 2)
            if self.per_s[kind]:
                said[f"{kind}s_per_s"] = round(median(self.per_s[kind]), 1)
                said[f"{kind}_loaded_p99_ms"] = round(p99(self.together_ms[kind]), 2)
        return said


@dataclass(slots=True)
class Courses:
    """What all of them answered.

    Attributes:
        wrong: Answers that were not as they should be, by status.
    """

    of: dict[str, Course]
    wrong: Counter[str] = field(default_factory=Counter)

    def ratio(self, kind: What, name: str, to: str) -> float:
        """The p50 of one by that of another."""
        return self.of[name].p50_ms(kind) / self.of[to].p50_ms(kind)


def p99(took: Sequence[float]) -> float:
    """The time that one in a hundred takes longer than."""
    return quantiles(took, n=100, method="inclusive")[98] if len(took) > 1 else max(took, default=0.0)


def run(
    sizes: Sequence[Aim],
    again: Aim,
    bare: Aim,
    asker: Asker,
    rounds: int,
    seconds: float,
    say: Callable[[str], None],
) -> Courses:
    """Ask all of them: one request at a time of each in turn, then each alone over several connections."""
    courses = Courses({aim.name: Course() for aim in (*sizes, again, bare)})
    for number in range(rounds + 1):
        kept = courses if number else Courses({name: Course() for name in courses.of})  # the first one warms up
        dice = random.Random(number)  # noqa: S311 - luck, not secrets
        watched = [
            replace(aim, known=dice.sample(aim.known, min(WATCHED, len(aim.known)))) for aim in (*sizes, again)
        ]
        for kind in KINDS:
            aims = [*watched, *([bare] if kind == "create" else [])]
            _ask_in_turn(kept, asker, Order(aims, kind, seconds * len(aims), 1, f"{number}-alone"))
            for aim in aims[:: -1 if number % 2 else 1] if kind != "first_get" else ():
                _ask_together(kept, asker, Order([aim], kind, seconds, TOGETHER, f"{number}-together"))
        said = "   ".join(f"{name} {_told(course)}" for name, course in kept.of.items())
        say(f"round {number or 'of warming up'}, p50 in ms of all so far: {said}")
    return courses


def _ask_in_turn(courses: Courses, asker: Asker, order: Order) -> None:
    report = asker.ask(order)
    courses.wrong.update(report.wrong)
    for name, took_ms in report.took_ms.items():
        courses.of[name].alone_ms[order.what] += took_ms


def _ask_together(courses: Courses, asker: Asker, order: Order) -> None:
    report = asker.ask(order)
    courses.wrong.update(report.wrong)
    for name, took_ms in report.took_ms.items():
        courses.of[name].together_ms[order.what] += took_ms
        courses.of[name].per_s[order.what].append(len(took_ms) / report.elapsed_s)


def _told(course: Course) -> str:
    return ", ".join(f"{kind} {course.p50_ms(kind):.1f}" for kind in KINDS if course.alone_ms[kind])
