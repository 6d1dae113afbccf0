"""Rules on names and size: a thing is found by its name, and a script is one page of reading."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tools.lint.rule import Rule, Spot, in_code
from tools.lint.source import Source

MOST_LINES = 160
_SLUG = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def _names(source: Source) -> Iterator[Spot]:
    if not _SLUG.fullmatch(source.slug):
        yield Spot(source.folder, 1, f"the folder `{source.slug}` is not small letters, digits and underscores")
    for venue in source.venues:
        if not _SLUG.fullmatch(venue.path.stem):
            yield Spot(venue.path, 1, f"the venue `{venue.path.stem}` is not small letters, digits and underscores")
    script, wanted = source.script, "".join(part.capitalize() for part in source.slug.split("_"))
    if script is None:
        yield Spot(source.folder / "script.py", 1, "there is no script.py")
        return
    classes = [node for node in script.tree.body if isinstance(node, ast.ClassDef)]
    if wanted not in {node.name for node in classes}:
        there = ", ".join(f"`{node.name}`" for node in classes) or "none"
        spot = classes[-1] if classes else script.tree
        yield in_code(script, spot, f"the class of `{source.slug}` is called `{wanted}`; there is {there}")


def _size(source: Source) -> Iterator[Spot]:
    script = source.script
    if script is not None and len(script.lines) > MOST_LINES:
        yield Spot(
            script.path, len(script.lines), f"the script has {len(script.lines)} lines; {MOST_LINES} is the most"
        )


RULES = (
    Rule(
        "names",
        "Folder, class and venues are named alike: `osteria_luna`, `OsteriaLuna`, `venues/osteria_luna.toml`.",
        "rename it: the registry finds things by their names",
        _names,
    ),
    Rule(
        "size",
        f"A script has 30 to 120 lines; more than {MOST_LINES} are too many.",
        "move the reading of pages to `pages.py`; what two sites share belongs to the core",
        _size,
    ),
)
