"""A site on loopback that keeps what every request to it says: under two names, so that a frame is another site's."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Appearance</title>
<script src="/page.js"></script><body>read back</body></html>"""
_MOST_HEAD_BYTES = 64 * 1024
_HOSTS = ("127.0.0.1", "127.0.0.2")


@dataclass(frozen=True)
class Asked:
    """One request: its path, and its headers by their names in small letters."""

    path: str
    headers: dict[str, str]


@dataclass
class Site:
    """The site, as long as it is open."""

    asked: list[Asked] = field(default_factory=list)
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, _HOSTS, 0, limit=_MOST_HEAD_BYTES)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()

    @property
    def hosts(self) -> tuple[str, str]:
        """Its two hosts, with their ports: as sites they are strangers to each other.

        Raises:
            RuntimeError: It is not open.
        """
        if self._server is None:
            raise RuntimeError("the site is not open")
        here, elsewhere = (":".join(map(str, one.getsockname())) for one in self._server.sockets)
        return here, elsewhere

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *fields = head.strip().split("\r\n")
            pairs = (one.partition(":") for one in fields)
            asked = Asked(line.split()[1], {name.lower(): value.strip() for name, _, value in pairs})
            self.asked.append(asked)
            media, body = _answer(asked.path)
            writer.write(
                f"HTTP/1.1 200 OK\r\nContent-Type: {media}\r\nContent-Length: {len(body)}\r\n"
                "Connection: close\r\n\r\n".encode()
                + body
            )
            await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            pass  # the browser went away
        finally:
            writer.close()


def _answer(path: str) -> tuple[str, bytes]:
    if path == "/page.js":
        return "text/javascript", Path(__file__).with_name("page.js").read_bytes()
    return ("text/html", PAGE.encode()) if path.startswith("/page") else ("application/json", b"{}")
