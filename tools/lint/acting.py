"""Rules on what a script does: it waits for signs, navigates through the visit, and catches nothing."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from tools.lint.rule import Rule, Spot, in_code
from tools.lint.source import Source, called

_SLEEPS = {"sleep", "wait_for_timeout"}
_NAVIGATIONS = {"goto", "reload", "go_back", "go_forward", "set_content"}


def _calls_of(names: set[str], said: str) -> Callable[[Source], Iterator[Spot]]:
    def look(source: Source) -> Iterator[Spot]:
        for module in source.modules:
            for call in module.calls():
                if called(call) in names:
                    yield in_code(module, call, f"`{called(call)}` {said}")

    return look


def _network_idle(source: Source) -> Iterator[Spot]:
    for module in source.modules:
        for call in module.calls():
            values = [*call.args, *(keyword.value for keyword in call.keywords)]
            if any(isinstance(value, ast.Constant) and value.value == "networkidle" for value in values):
                yield in_code(module, call, "waits for network idle")


def _forced(source: Source) -> Iterator[Spot]:
    for module in source.modules:
        for call in module.calls():
            if any(one.arg == "force" and getattr(one.value, "value", True) for one in call.keywords):
                yield in_code(module, call, f"`{called(call)}` is forced")


def _caught(source: Source) -> Iterator[Spot]:
    for module in source.modules:
        for node in module.find(ast.Try, ast.TryStar):
            yield in_code(module, node, "`try` in a script")
        for call in module.calls():
            if called(call) == "suppress":
                yield in_code(module, call, "`suppress` in a script")


RULES = (
    Rule(
        "no_sleep",
        "A script never sleeps.",
        "wait for a sign: `visit.must_show`, `visit.press(…, done=…)`, or `visit.quiet(ms)` for a page that fetches",
        _calls_of(_SLEEPS, "waits for time to pass"),
    ),
    Rule(
        "no_network_idle",
        "A script never waits for network idle: it is true too early, and a late request changes the choice.",
        "wait for what the page shows then, or `visit.quiet(ms)`",
        _network_idle,
    ),
    Rule(
        "no_goto",
        "`visit.open` is the only navigation: it knows agreed hosts, pacing, and the sign of the right page.",
        "say `await visit.open(path, sign=…)`",
        _calls_of(_NAVIGATIONS, "navigates past the visit"),
    ),
    Rule(
        "no_force",
        "No click or fill is forced: what lies under something else is not free.",
        "leave `force` out; where the page covers it, the venue does not sell it",
        _forced,
    ),
    Rule(
        "no_try",
        "A script never catches: the phase decides what an error means.",
        "give each shape of the answer a sign in `visit.press`, and let everything else out",
        _caught,
    ),
)
