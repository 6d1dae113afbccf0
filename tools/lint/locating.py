"""Rules on how a script finds things: by what people see, never by counting, never by reading the whole page."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.lint.rule import Rule, Spot, in_code
from tools.lint.source import Source, called

_BY_CSS = {"locator", "frame_locator", "query_selector", "query_selector_all", "wait_for_selector"}
_WHOLE_PAGE = {"content", "inner_html", "outer_html"}
_COUNTED = {"nth", "first", "last"}


def _counting(source: Source) -> Iterator[Spot]:
    for module in source.modules:
        for node in module.find(ast.Attribute):
            if node.attr in _COUNTED and not module.has_reason(node):
                yield in_code(module, node, f"`{node.attr}` without a reason")


def _by_css(source: Source) -> Iterator[Spot]:
    for module in source.modules:
        for call in module.calls():
            if called(call) in _BY_CSS and _has_words(call) and not module.has_reason(call):
                yield in_code(module, call, f"`{called(call)}` by CSS or XPath without a reason")


def _has_words(call: ast.Call) -> bool:
    """It is given a selector; ``locator(other)`` is given a locator."""
    return bool(call.args) and isinstance(call.args[0], ast.Constant | ast.JoinedStr)


def _whole_page(source: Source) -> Iterator[Spot]:
    for module in source.modules:
        for call in module.calls():
            if called(call) in _WHOLE_PAGE and not call.args:
                yield in_code(module, call, f"`{called(call)}` reads the page's source")


RULES = (
    Rule(
        "counting",
        "`nth`, `first` and `last` need a reason: a page that gets another row moves them silently.",
        "filter by what the row says; where order is all there is, say why in a comment there or on the line before",
        _counting,
    ),
    Rule(
        "css",
        "A locator is by role, label, text or test id; another one needs a reason.",
        "use `get_by_role`, `get_by_label`, `get_by_text`, `get_by_test_id`; where the page gives none, say why in a "
        "comment on the line or the one before",
        _by_css,
    ),
    Rule(
        "whole_page",
        "No script reads the page's source: what is found in it may be hidden, old, or a script's.",
        "read the element that shows it: a locator and `inner_text`, or `visit.lines(block)`",
        _whole_page,
    ),
)
