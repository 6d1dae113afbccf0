"""The worker's end of the guard: a way out for one visit, kept no longer than the booking's lease."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Protocol, Self

from playwright.async_api import ProxySettings

from farm.errors import WayOutLost
from profiles.egress.control import Words, hear, say, socket_of
from profiles.egress.grants import Allowed, host_clock

LONGEST_S = 900.0
"""Of a visit that no booking's lease stands behind: a check, a look by hand."""
ANSWER_S = 5.0
"""A guard that says nothing for so long is none."""


class Term:
    """How long a booking's lease lets its visits go out; its heartbeat prolongs it.

    Args:
        until_s: The end of the lease, on the host's clock: from before the lease was asked for.
    """

    def __init__(self, until_s: float) -> None:
        self.until_s = until_s
        self._open: set[WayOut] = set()

    def extend(self, until_s: float) -> None:
        """The lease goes on until then, and so do the grants that stand on it."""
        self.until_s = until_s
        for way in self._open:
            way.extend(until_s)

    def __enter__(self) -> Self:
        self._token = TERM.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        TERM.reset(self._token)

    @asynccontextmanager
    async def holds(self, way: WayOut) -> AsyncIterator[None]:
        """Prolong this one too, as long as this is entered."""
        self._open.add(way)
        try:
            yield
        finally:
            self._open.discard(way)


TERM: ContextVar[Term | None] = ContextVar("term", default=None)
"""The term that whatever is done now goes on under; None where no lease is held."""


class WayOut:
    """The granted way out of one visit (the core's port ``Line``).

    Attributes:
        proxy: What the browser context takes.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        ahead_s: float,
        given: Words,
    ) -> None:
        self.proxy = ProxySettings(
            server=str(given["server"]),
            bypass="<-loopback>",
            username=str(given["user"]),
            password=str(given["password"]),
        )
        self._reader = reader
        self._writer = writer
        self._ahead_s = ahead_s
        self._fresh: asyncio.Future[None] | None = None
        self._lost = asyncio.Event()
        self._when_lost: Callable[[], None] = lambda: None

    def when_lost(self, call: Callable[[], None]) -> None:
        self._when_lost = call
        if self._lost.is_set():
            call()

    async def fresh(self) -> None:
        if self._lost.is_set():
            raise WayOutLost
        self._fresh = asyncio.get_running_loop().create_future()
        say(self._writer, {"say": "fresh"})
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._fresh
        except (TimeoutError, OSError):
            raise WayOutLost from None

    def commit_by(self, left_s: Callable[[], float | None]) -> None:
        """From now on nothing may leave past the submit deadline.

        Args:
            left_s: Seconds to it, asked once.
        """
        now_s = host_clock()  # first: what passes between the two only shortens the deadline
        left = left_s()
        if left is not None and not self._lost.is_set():
            say(self._writer, {"say": "commit_by", "deadline_s": now_s + left + self._ahead_s})

    def extend(self, until_s: float) -> None:
        """Let it live until then, on this process's clock."""
        if not self._lost.is_set():
            say(self._writer, {"say": "extend", "until_s": until_s + self._ahead_s})

    async def listen(self) -> None:
        """Hear the guard's answers, until it is gone or the grant is over."""
        with suppress(OSError, ValueError):
            while await hear(self._reader):
                if self._fresh is not None and not self._fresh.done():
                    self._fresh.set_result(None)
        self._lost.set()
        if self._fresh is not None and not self._fresh.done():
            self._fresh.set_exception(ConnectionResetError())
        self._when_lost()


class Ways(Protocol):
    """Where ways out come from."""

    def open(self, allowed: Allowed) -> AbstractAsyncContextManager[WayOut]:
        """A way out to what is allowed, closed with its grant when this is left.

        Raises:
            WayOutLost: There is no guard.
        """
        ...


class GuardedWays:
    """Ways out through the guard of a state folder.

    Args:
        home: The state folder.
        start: Sees to it that a guard runs there; called when none answers.
    """

    def __init__(self, home: Path, start: Callable[[], Awaitable[None]]) -> None:
        self._socket = socket_of(home)
        self._start = start
        self._staying: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._coming = asyncio.Lock()

    @asynccontextmanager
    async def open(self, allowed: Allowed) -> AsyncIterator[WayOut]:
        await self.stay()
        term = TERM.get() or Term(host_clock() + LONGEST_S)
        reader, writer, ahead_s = await self._connected()
        try:
            asked: Words = {
                "ask": "grant",
                "partner": allowed.partner,
                "agreed": sorted(allowed.agreed),
                "is_ours": allowed.is_ours,
                "until_s": term.until_s + ahead_s,
            }
            way = WayOut(reader, writer, ahead_s, await _answer(reader, writer, asked))
            listening = asyncio.create_task(way.listen())
            try:
                async with term.holds(way):
                    yield way
            finally:
                way.when_lost(lambda: None)  # from now on it is only left
                listening.cancel()
        finally:
            writer.transport.abort()

    async def stay(self) -> None:
        """Let the guard know that somebody is here, so that it does not end for want of work."""
        async with self._coming:  # visits that begin at once come in by one door
            if self._staying is None or self._staying[0].at_eof():
                self.leave()
                reader, writer, _ = await self._connected()
                self._staying = reader, writer
                say(writer, {"ask": "stay"})

    def leave(self) -> None:
        """Nobody is here any more."""
        if self._staying is not None:
            self._staying[1].transport.abort()
            self._staying = None

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, float]:
        """A connection to the guard, and by how much its clock is ahead of ours, at least."""
        try:
            return await _connect(self._socket)
        except OSError:
            await self._start()
        try:
            return await _connect(self._socket)
        except OSError as error:
            raise WayOutLost(f"no egress guard answers ({type(error).__name__})") from None


async def counts_at(home: Path) -> Words:
    """What has gone through the guard of a state folder, by partner.

    Raises:
        OSError: None answers there.
    """
    reader, writer, _ = await _connect(socket_of(home))
    try:
        counts = (await _answer(reader, writer, {"ask": "counts"}))["counts"]
        return counts if isinstance(counts, dict) else {}
    finally:
        writer.close()


async def _connect(socket: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, float]:
    async with asyncio.timeout(ANSWER_S):
        reader, writer = await asyncio.open_unix_connection(socket)
        try:
            clock = (await hear(reader))["clock"]
        except BaseException:
            writer.transport.abort()
            raise
    assert isinstance(clock, float)  # noqa: S101 - our own guard says it
    return reader, writer, clock - host_clock()  # after the answer: ours is never thought to be slower than it is


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: Words) -> Words:
    say(writer, asked)
    try:
        async with asyncio.timeout(ANSWER_S):
            return await hear(reader)
    except (OSError, ValueError):  # a TimeoutError is an OSError
        raise WayOutLost("the egress guard gives no way out") from None
