"""Who listens, and how they hear of what is new.

However many listen: one look at the ledger says whose feed has grown, and each event is read once for all listeners
of its reseller. Nobody has a queue: a listener is a place in the feed, and goes on from there at its own pace.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from gateway.api.lines import AT_ONCE, KEPT, Line, Tail
from ledger.records import EventRecord
from ledger.store import Ledger

LOOK_S = 0.25
KEYS_S = 10.0
"""How often the keys of all who listen are looked at: no stream outlives its key for longer."""

log = logging.getLogger(__name__)


class TooMany(Exception):
    """The key listens as often as it may."""


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a feed that a listener follows.

    Attributes:
        place: Where it begins: behind this.
        place_of: An event's place, which only grows.
        wants: Which events of the reseller belong to it.
        read: The next of its events behind a place, from the ledger; ``AT_ONCE`` or more unless these are all.
    """

    place: int
    place_of: Callable[[EventRecord], int]
    wants: Callable[[EventRecord], bool]
    read: Callable[[int], Awaitable[Sequence[EventRecord]]]


class Seat:
    """One listener.

    Attributes:
        is_over: It hears nothing more: its key is gone, or this gateway ends.
    """

    def __init__(self, key_id: str, tail: Tail) -> None:
        self.key_id = key_id
        self.tail = tail
        self.is_over = False
        self._part: Part | None = None
        self._at: int | None = None  # the position up to which all was heard; None: the ledger has to be asked
        self._idle = False
        self._stirred = asyncio.Event()

    def end(self) -> None:
        """Let it hear nothing more."""
        self.is_over = True
        self._stirred.set()

    def tell(self, new: Sequence[Line]) -> None:
        """There is something new, all of which the tail has; nothing: it may have less than is new."""
        if not new or (self._part is not None and any(self._part.wants(line.record) for line in new)):
            self._idle = False
            self._stirred.set()
        elif self._idle:
            self._at = self.tail.head

    async def hear(self, part: Part) -> AsyncGenerator[list[Line], None]:
        """The events of a part as they come, in order, some at a time, until the seat is over."""
        self._part, place = part, part.place
        while not self.is_over:
            self._stirred.clear()
            if self._at is None or self._at < self.tail.floor:
                head = self.tail.head  # what is read now has everything up to here
                found = [Line(record) for record in await part.read(place)]
                self._at = head if len(found) < AT_ONCE else None
            else:
                found = self.tail.after(self._at)
                self._at = found[-1].record.position if found else self.tail.head
            new = [line for line in found if part.wants(line.record) and part.place_of(line.record) > place]
            if new:
                place = part.place_of(new[-1].record)
                yield new
            elif not found:
                self._idle = True
                await self._stirred.wait()
                self._idle = False


class Listening:
    """Everybody who listens to this gateway.

    Args:
        ledger: Where the events are.
        most: So many streams may be open at once with one key.
    """

    def __init__(self, ledger: Ledger, most: int) -> None:
        self._ledger = ledger
        self._most = most
        self._seats: set[Seat] = set()
        self._tails: dict[str, Tail] = {}
        self._looking: asyncio.Task[None] | None = None
        self._is_over = False

    @contextmanager
    def seat(self, key_id: str, reseller: str) -> Iterator[Seat]:
        """A listener, for as long as its stream is open.

        Raises:
            TooMany: Its key has no more.
        """
        if sum(seat.key_id == key_id for seat in self._seats) >= self._most:
            raise TooMany
        seat = Seat(key_id, self._tails.setdefault(reseller, Tail()))
        self._seats.add(seat)
        if self._is_over:
            seat.end()
        elif self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            yield seat
        finally:
            self._seats.remove(seat)
            if all(other.tail is not seat.tail for other in self._seats):
                del self._tails[reseller]

    def end(self) -> None:
        """End every stream, and every one that is still to be opened."""
        self._is_over = True
        for seat in self._seats:
            seat.end()

    async def aclose(self) -> None:
        """End, and look no more."""
        self.end()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    async def _look(self) -> None:
        """Look for what is new while somebody listens."""
        clock = asyncio.get_running_loop().time
        keys_at, is_away = clock() + KEYS_S, False
        try:
            while self._seats:
                await asyncio.sleep(LOOK_S)
                try:
                    await self._look_at_feeds()
                    if clock() >= keys_at:
                        await self._look_at_keys()
                        keys_at = clock() + KEYS_S
                    is_away = False
                except SQLAlchemyError as error:
                    if not is_away:
                        log.warning("streams wait for the ledger: %s", type(error).__name__)
                    is_away = True
        finally:
            for seat in self._seats:  # whoever is still there would hear nothing more
                seat.end()

    async def _look_at_feeds(self) -> None:
        heads = await self._ledger.feed.heads()
        for reseller, tail in list(self._tails.items()):
            head = heads.get(reseller, 0)
            if head - tail.head > KEPT:
                tail.leap(head)
                self._tell(tail, [])
            while tail.head < head and (found := await self._ledger.feed.page(reseller, tail.head, AT_ONCE)):
                self._tell(tail, tail.add(found))

    def _tell(self, tail: Tail, new: Sequence[Line]) -> None:
        for seat in self._seats:
            if seat.tail is tail:
                seat.tell(new)

    async def _look_at_keys(self) -> None:
        gone = await self._ledger.keys.gone({seat.key_id for seat in self._seats})
        for seat in self._seats:
            if seat.key_id in gone:
                seat.end()


@asynccontextmanager
async def listening_to(ledger: Ledger, most: int) -> AsyncIterator[Listening]:
    """Those who listen, until the gateway ends."""
    listening = Listening(ledger, most)
    try:
        yield listening
    finally:
        await listening.aclose()
