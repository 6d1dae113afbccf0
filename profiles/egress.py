"""The way out of one visit: a forward proxy on loopback that reaches the agreed hosts only.

It is here because Chromium sends a POST again by itself when a connection that it has used before breaks, below every
gate that a page can have. So no plain request shares its connection with another, and no commit goes into a tunnel
that was there before it. What a stopped worker finds here when it wakes up after the submit deadline stays here.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import struct
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

log = logging.getLogger(__name__)

Address = tuple[str, int]

CONNECT_S = 10.0
MOST_HEAD_BYTES = 256 * 1024
_BLOCK = 64 * 1024
_PORTS = {"http": 80, "https": 443}
_PLAIN = re.compile(rb"([A-Z]+) http://([^/? ]+)([^ ]*) HTTP/1\.1\r\n")
_TUNNEL = re.compile(rb"CONNECT ([^ ]+) HTTP/1\.[01]\r\n")
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_OF_THE_HOP = re.compile(rb"(?i)\r\n(?:proxy-[a-z-]+|connection|keep-alive):[^\r]*")
_MORE_TO_COME = re.compile(rb"HTTP/1\.1 1\d\d ")
_REFUSED = b"HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def addresses(hosts: Iterable[str], schemes: Iterable[str]) -> frozenset[Address]:
    """Where agreed hosts (``host`` or ``host:port``) may be reached; without a port, at those of the schemes."""
    parts = [urlsplit(f"//{host}") for host in hosts]
    defaults = [_PORTS[scheme] for scheme in schemes]
    return frozenset(
        (part.hostname or "", port) for part in parts for port in ([part.port] if part.port is not None else defaults)
    )


class Egress:
    """The forward proxy of one visit, as long as the visit: give its ``server`` to the browser context.

    Args:
        agreed: The only addresses that anything reaches through it.
        is_late: True once nothing may leave any more. Asked before every write to a venue.
    """

    def __init__(self, agreed: frozenset[Address], is_late: Callable[[], bool]) -> None:
        self._agreed = agreed
        self._is_late = is_late
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._reusable: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=MOST_HEAD_BYTES)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    @property
    def server(self) -> str:
        """Its address, as a browser context takes it.

        Raises:
            RuntimeError: It is not running.
        """
        if self._server is None:
            raise RuntimeError("the way out is not open")
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def fresh(self) -> None:
        """Drop every connection that could carry another request: what leaves next has one that is new.

        Called by the core as the commit leaves the gate. What a page loads through a tunnel just then breaks off;
        plain requests on their way do not.
        """
        for writer in self._reusable:
            writer.transport.abort()
        self._reusable.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a connection is always served by a task")
        self._serving.add(task)
        self._reusable.add(writer)
        try:
            with suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
                await self._pass(await reader.readuntil(b"\r\n\r\n"), reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()  # the visit is over
        finally:
            self._serving.discard(task)
            self._reusable.discard(writer)
            writer.close()

    async def _pass(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tunnel, plain = _TUNNEL.match(head), _PLAIN.match(head)
        wanted = _address(tunnel[1], "https") if tunnel else _address(plain[2], "http") if plain else None
        if wanted not in self._agreed or wanted is None:
            await _refuse(writer, b"403 Forbidden")
            return
        if plain:
            self._reusable.discard(writer)
        try:
            async with asyncio.timeout(CONNECT_S):
                from_venue, to_venue = await asyncio.open_connection(*wanted, limit=MOST_HEAD_BYTES)
        except (OSError, TimeoutError) as error:
            log.warning("%s:%d cannot be reached (%s)", *wanted, type(error).__name__)
            if tunnel:
                await _refuse(writer, b"502 Bad Gateway")
            return  # a plain request ends as a broken connection does, not as an answer of the venue
        try:
            if plain:
                line = b"%s %s HTTP/1.1" % (plain[1], plain[3] or b"/")
                self._send(line + _alone(head[plain.end() - 2 :]), to_venue)
                length = _LENGTH.search(head)
                await self._send_all(reader, to_venue, int(length[1]) if length else 0)
                await _answer(from_venue, writer)
            else:
                writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                await _until_one_ends(self._send_all(reader, to_venue, None), _pump(from_venue, writer))
        finally:
            to_venue.close()

    async def _send_all(self, reader: asyncio.StreamReader, to_venue: asyncio.StreamWriter, left: int | None) -> None:
        """So many bytes of the browser's, or all; what it writes after them is not read."""
        while left is None or left > 0:
            block = await reader.read(_BLOCK if left is None else min(left, _BLOCK))
            if not block:
                return
            self._send(block, to_venue)
            await to_venue.drain()
            left = None if left is None else left - len(block)

    def _send(self, block: bytes, to_venue: asyncio.StreamWriter) -> None:
        """The last place where anything can be held back: the gate let it out, and then this process stood still."""
        if self._is_late():
            _break(to_venue)
            raise ConnectionAbortedError
        to_venue.write(block)


def _address(written: bytes, scheme: str) -> Address | None:
    try:
        parts = urlsplit(f"//{written.decode('ascii')}")
        return parts.hostname or "", parts.port or _PORTS[scheme]
    except ValueError:
        return None


async def _refuse(writer: asyncio.StreamWriter, status: bytes) -> None:
    writer.write(_REFUSED % status)
    await writer.drain()


def _alone(head: bytes) -> bytes:
    """Headers (from their first line break on) that let nothing follow on the same connection."""
    return _OF_THE_HOP.sub(b"", head[:-4]) + b"\r\nConnection: close\r\n\r\n"


async def _answer(from_venue: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    answer = await from_venue.readuntil(b"\r\n\r\n")
    while _MORE_TO_COME.match(answer):
        writer.write(answer)
        answer = await from_venue.readuntil(b"\r\n\r\n")
    writer.write(_alone(answer))
    await _pump(from_venue, writer)


def _break(to_venue: asyncio.StreamWriter) -> None:
    """To some sites, half a request whose connection ends in order is a whole one."""
    to_venue.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    to_venue.transport.abort()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while block := await source.read(_BLOCK):
        sink.write(block)
        await sink.drain()


async def _until_one_ends(*pumps: Coroutine[None, None, None]) -> None:
    tasks = [asyncio.create_task(pump) for pump in pumps]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
