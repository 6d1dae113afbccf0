"""The door of one visit: a forward proxy on loopback that reaches what the visit's grant allows, while it lives.

It is here because Chromium sends a POST again by itself when a connection that it has used before breaks, below every
gate that a page can have. So no plain request shares its connection with another, and no commit goes into a tunnel
that was there before it. What a stopped worker finds here when it wakes up after the end of its grant stays here.

Each visit has a port of its own, so that a connection which has said nothing yet is known for whose it is, and nobody
listens any more when the visit is over. The credential is for everybody else on this machine, and for a browser that
comes back to a port which another visit has got meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import struct
from collections.abc import Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Self

from profiles.egress.counting import Count
from profiles.egress.grants import Address, Grant, address
from profiles.egress.resolving import Forbidden, Lookup, look_up, reachable

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
CONNECT_S = 10.0
MOST_HEAD_BYTES = 256 * 1024
_BLOCK = 64 * 1024
_PLAIN = re.compile(rb"([A-Z]+) http://([^/? ]+)([^ ]*) HTTP/1\.1\r\n")
_TUNNEL = re.compile(rb"CONNECT ([^ ]+) HTTP/1\.[01]\r\n")
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_CREDENTIALS = re.compile(rb"(?i)\r\nproxy-authorization: *([^\r\n]*)")
_OF_THE_HOP = re.compile(rb"(?i)\r\n(?:proxy-[a-z-]+|connection|keep-alive):[^\r]*")
_MORE_TO_COME = re.compile(rb"HTTP/1\.1 1\d\d ")
_REFUSED = b"HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_NOT_AGREED = b"403 Forbidden"
_WHO = b'407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="readback"'


class Door:
    """The way of one visit through the guard; open as long as this is entered.

    Args:
        grant: What it reaches, under which credential, and until when.
        count: Where its traffic is counted.
        lookup: How names are looked up.
        host: The address of this machine on which its browser finds it.
    """

    def __init__(self, grant: Grant, count: Count, lookup: Lookup = look_up, host: str = LOOPBACK) -> None:
        self._grant = grant
        self._host = host
        self._count = count
        self._lookup = lookup
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._reusable: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self._host, 0, limit=MOST_HEAD_BYTES)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._grant.end()
        if self._server is not None:
            self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    @property
    def server(self) -> str:
        """Its address, as a browser context takes it.

        Raises:
            RuntimeError: It is not open.
        """
        if self._server is None:
            raise RuntimeError("the door is not open")
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def fresh(self) -> None:
        """Drop every connection that could carry another request: what leaves next has one that is new.

        Asked for as the commit leaves the gate. What a page loads through a tunnel just then breaks off;
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
            writer.transport.abort()  # the grant is over
        finally:
            self._serving.discard(task)
            self._reusable.discard(writer)
            writer.close()

    async def _pass(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tunnel, plain = _TUNNEL.match(head), _PLAIN.match(head)
        wanted = address(tunnel[1], "https") if tunnel else address(plain[2], "http") if plain else None
        refusal = self._refusal(head, wanted)
        if refusal is not None or wanted is None:
            await _refuse(writer, refusal or _NOT_AGREED)
            return
        if plain:
            self._reusable.discard(writer)
        try:
            from_venue, to_venue = await self._connect(wanted)
        except (OSError, Forbidden) as error:
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
                await self._answer(from_venue, writer)
            else:
                writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                await _until_one_ends(self._send_all(reader, to_venue, None), self._pump(from_venue, writer))
        except asyncio.CancelledError:
            _break(to_venue)
            raise
        finally:
            to_venue.close()

    def _refusal(self, head: bytes, wanted: Address | None) -> bytes | None:
        """Why this request goes nowhere: nobody's, or to where nobody agreed to."""
        credentials = _CREDENTIALS.search(head)
        if self._grant.is_over or not self._grant.is_named_by(credentials[1] if credentials else None):
            return _WHO
        return None if wanted in self._grant.allowed.agreed else _NOT_AGREED

    async def _connect(self, wanted: Address) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the first of the host's checked addresses that takes one."""
        failed = OSError("no address")
        async with asyncio.timeout(CONNECT_S):
            for ip in await reachable(wanted, loopback=self._grant.allowed.is_ours, lookup=self._lookup):
                try:
                    made = await asyncio.open_connection(ip, wanted[1], limit=MOST_HEAD_BYTES)
                except OSError as error:
                    failed = error
                else:
                    self._count.connections += 1
                    return made
        raise failed

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
        """The last place where anything can be held back: the gate let it out, and then somebody stood still."""
        if self._grant.is_over:
            _break(to_venue)
            raise ConnectionAbortedError
        self._count.bytes_up += len(block)
        to_venue.write(block)

    async def _answer(self, from_venue: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer = await from_venue.readuntil(b"\r\n\r\n")
        while _MORE_TO_COME.match(answer):
            writer.write(answer)
            answer = await from_venue.readuntil(b"\r\n\r\n")
        self._count.bytes_down += len(answer)
        writer.write(_alone(answer))
        await self._pump(from_venue, writer)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while block := await source.read(_BLOCK):
            self._count.bytes_down += len(block)
            sink.write(block)
            await sink.drain()


async def _refuse(writer: asyncio.StreamWriter, status: bytes) -> None:
    writer.write(_REFUSED % status)
    await writer.drain()


def _alone(head: bytes) -> bytes:
    """Headers (from their first line break on) that let nothing follow on the same connection."""
    return _OF_THE_HOP.sub(b"", head[:-4]) + b"\r\nConnection: close\r\n\r\n"


def _break(to_venue: asyncio.StreamWriter) -> None:
    """To some sites, half a request whose connection ends in order is a whole one."""
    to_venue.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    to_venue.transport.abort()


async def _until_one_ends(*pumps: Coroutine[None, None, None]) -> None:
    tasks = [asyncio.create_task(pump) for pump in pumps]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
