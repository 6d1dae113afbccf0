"""The newest events of a reseller, each read and written out once for all who listen."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sse_starlette import ServerSentEvent

from farm.feed import PublicEvent
from ledger.records import EventRecord

KEPT = 1000
"""So many events of a reseller are kept in memory; who is further behind reads them from the ledger."""
AT_ONCE = 100


@dataclass(frozen=True)
class Line:
    """One event, and how it is written to a stream."""

    record: EventRecord

    @cached_property
    def event(self) -> PublicEvent:
        """What a platform sees."""
        return PublicEvent.of(self.record)

    @cached_property
    def of_reseller(self) -> bytes:
        """Under its number among all events of the reseller."""
        return self._written(self.record.position)

    @cached_property
    def of_booking(self) -> bytes:
        """Under its number in the booking's own history."""
        return self._written(self.record.number)

    def _written(self, place: int) -> bytes:
        event = self.event
        return ServerSentEvent(event.model_dump_json(), event=event.type, id=str(place), sep="\n").encode()


class Tail:
    """The end of one reseller's feed.

    Attributes:
        head: The position up to which it has looked.
        floor: It holds everything from behind this position up to ``head``.
    """

    def __init__(self) -> None:
        self.head = self.floor = 0
        self._lines: deque[Line] = deque()

    def add(self, records: Sequence[EventRecord]) -> list[Line]:
        """Take what comes next in the feed; the oldest that is too much is let go."""
        new = [Line(record) for record in records]
        self._lines += new
        self.head = records[-1].position
        while len(self._lines) > KEPT:
            self.floor = self._lines.popleft().record.position
        return new

    def leap(self, head: int) -> None:
        """There is too much to be kept: begin anew behind it."""
        self._lines.clear()
        self.head = self.floor = head

    def after(self, position: int) -> list[Line]:
        """The next few events behind a position that is not below ``floor``."""
        behind: list[Line] = []
        for line in reversed(self._lines):
            if line.record.position <= position:
                break
            behind.append(line)
        return behind[: -AT_ONCE - 1 : -1]
