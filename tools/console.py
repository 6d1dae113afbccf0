"""A terminal that shows values as they are: they hold no markup, and none of their control characters gets out."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

_CONTROLS = (*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0))
_TURNS_OF_DIRECTION = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_HALF_CHARACTERS = range(0xD800, 0xE000)
_LEGIBLE = dict.fromkeys((*_CONTROLS, *_TURNS_OF_DIRECTION)) | dict.fromkeys(_HALF_CHARACTERS, "\ufffd")


class PlainConsole(Console):
    """A console that strings and texts from anywhere may be printed on; styles come from our own code only."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, markup=False, emoji=False)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(segment.text.translate(_LEGIBLE), segment.style)
