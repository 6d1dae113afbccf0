"""Finds the number of another booking on a page of the same shape: by what stood around it on the good one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_AROUND = 12
"""Letters on each side."""


def number_in(text: str, good: Sequence[str], number: str | None) -> str | None:
    """The number that a page has where the good ones had theirs; None where it has none."""
    if not number:
        return None
    for page in good:
        for before, after in _places(page, number):
            found = re.search(f"{re.escape(before)}([\\w./-]{{2,40}}?){re.escape(after)}", text)
            if found and found[1] != number:
                return found[1]
    return None


def _places(page: str, number: str) -> Iterator[tuple[str, str]]:
    """What stands before and after the number, wherever it stands; the place that says most about itself first."""
    found = [match.span() for match in re.finditer(rf"(?<!\w){re.escape(number)}(?!\w)", page)]
    around = [(page[max(0, start - _AROUND) : start], page[end : end + _AROUND]) for start, end in found]
    yield from sorted(around, key=lambda sides: sides[0].isspace() or sides[1].isspace())
