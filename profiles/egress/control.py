"""How the guard is spoken to: a socket file that its owner alone may open, a line of JSON for each word.

A grant lives as long as the connection that asked for it, and no longer than it was said to: so it dies with its
worker, with its visit, and with the lease of its booking, whichever comes first. Times are said on the guard's own
clock, which it tells first: a worker that stands still between thinking and speaking asks for nothing too long.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import logging
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from profiles.egress.counting import Counts
from profiles.egress.grants import USER, Allowed, Grant, HostClock, host_clock
from profiles.egress.proxy import LOOPBACK, Door
from profiles.egress.resolving import Lookup, look_up

log = logging.getLogger(__name__)

Words = dict[str, object]
LONGEST_PATH = 100
"""Of a socket; the kernel's limit is 108 with the closing zero on Linux, 104 on macOS."""


class AlreadyGuarded(Exception):
    """Another guard runs on this state folder."""


class Guard:
    """The control side of the guard process: entered, it gives out grants until it is left.

    Args:
        home: The state folder whose workers it serves.
        host: Name or address of this machine on which their browsers find its doors.
        clock: What grants are measured by.
        lookup: How names are looked up.

    Attributes:
        counts: What went through.
    """

    def __init__(
        self, home: Path, host: str = LOOPBACK, clock: HostClock = host_clock, lookup: Lookup = look_up
    ) -> None:
        self._host = host
        self._socket = socket_of(home)
        self._clock = clock
        self._lookup = lookup
        self._lock: IO[str] | None = None
        self._server: asyncio.Server | None = None
        self._talking: set[asyncio.Task[None]] = set()
        self._granted: set[Grant] = set()
        self._stirred = asyncio.Event()
        self.counts = Counts()

    async def __aenter__(self) -> Self:
        self._lock = _alone(self._socket)
        self._socket.unlink(missing_ok=True)  # of one that was killed
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._talk, self._socket)
        finally:
            os.umask(before)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._make_room()
        for task in self._talking:
            task.cancel()
        await asyncio.gather(*self._talking, return_exceptions=True)

    async def idle(self, for_s: float) -> None:
        """Return when nobody has been connected for so long."""
        while True:
            self._stirred.clear()
            try:
                async with asyncio.timeout(None if self._talking else for_s):
                    await self._stirred.wait()
            except TimeoutError:
                return

    async def drained(self) -> None:
        """Give nothing out any more, and return when all that was given out is over. The next guard may begin."""
        self._make_room()
        while self._granted:
            self._stirred.clear()
            await self._stirred.wait()

    def _make_room(self) -> None:
        if self._server is not None and self._server.is_serving():
            self._server.close()
            self._socket.unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a connection is always served by a task")
        self._talking.add(task)
        self._stirred.set()
        try:
            say(writer, {"clock": self._clock()})
            with suppress(OSError, ValueError, KeyError, TypeError):  # whoever speaks so is not listened to
                await self._answer(await hear(reader), reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._talking.discard(task)
            self._stirred.set()
            writer.close()

    async def _answer(self, asked: Words, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match asked["ask"]:
            case "counts":
                say(writer, {"counts": self.counts.as_json()})
            case "stay":
                await reader.read()
            case "grant":
                await self._keep(_granted(asked, self._clock), reader, writer)

    async def _keep(self, grant: Grant, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hold a door open until the grant is over, or nobody wants it any more."""
        self._granted.add(grant)
        try:
            await self._hold_open(grant, reader, writer)
        finally:
            self._granted.discard(grant)

    async def _hold_open(self, grant: Grant, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with Door(grant, self.counts.of(grant.allowed.partner), self._lookup, self._host) as door:
            say(writer, {"server": door.server, "user": USER, "password": grant.password})
            while not grant.is_over:
                try:
                    async with asyncio.timeout(grant.left_s):
                        said = await hear(reader)
                except TimeoutError:
                    continue  # it may have been extended meanwhile; if not, it is over
                match said["say"]:
                    case "extend":
                        grant.extend(_number(said["until_s"]))
                    case "commit_by":
                        grant.commit_by(_number(said["deadline_s"]))
                    case "fresh":
                        door.fresh()
                        say(writer, {"fresh": True})


def socket_of(home: Path) -> Path:
    """Where the guard of a state folder listens; elsewhere if the folder's own path is too long for a socket."""
    beside = home.absolute() / "egress" / "guard.sock"
    if len(os.fsencode(beside)) <= LONGEST_PATH:
        return beside
    short = hashlib.sha256(os.fsencode(beside)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"readback-egress-{os.getuid()}-{short}" / "guard.sock"


def say(writer: asyncio.StreamWriter, words: Words) -> None:
    """One line."""
    writer.write(json.dumps(words).encode() + b"\n")


async def hear(reader: asyncio.StreamReader) -> Words:
    """The next line.

    Raises:
        ConnectionError: There is none any more.
        ValueError: It is no object of JSON.
    """
    line = await reader.readline()
    if not line.endswith(b"\n"):
        raise ConnectionResetError
    words = json.loads(line)
    if not isinstance(words, dict):
        raise ValueError("no words")  # noqa: TRY004 - as JSON that cannot be read
    return words


def _granted(asked: Words, clock: HostClock) -> Grant:
    pairs = asked["agreed"]
    if not isinstance(pairs, list):
        raise TypeError
    agreed = frozenset((str(host), int(port)) for host, port in pairs)
    allowed = Allowed(str(asked["partner"]), agreed, is_ours=asked["is_ours"] is True)
    return Grant(allowed, _number(asked["until_s"]), clock)


def _number(said: object) -> float:
    if not isinstance(said, float | int):
        raise TypeError
    return float(said)


def _alone(socket: Path) -> IO[str]:
    """The lock of the one guard that listens there.

    Raises:
        AlreadyGuarded: Another one has it.
        PermissionError: The folder is somebody else's.
    """
    socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if socket.parent.stat().st_uid != os.getuid():
        raise PermissionError(f"{socket.parent} belongs to somebody else")
    socket.parent.chmod(0o700)
    lock = (socket.parent / "guard.lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise AlreadyGuarded from None
    return lock
