"""A site on loopback that keeps what every request to it says. It is the browser's proxy too, and leads nowhere."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from playwright.async_api import ProxySettings

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Appearance</title>
<script src="/page.js"></script><body>read back</body></html>"""
HERE = "http://here.localhost"
ELSEWHERE = "http://elsewhere.localhost"
"""Two sites to a browser, both trusted as loopback is, so that scripts are told what they are over TLS."""
_MOST_HEAD_BYTES = 64 * 1024


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
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_MOST_HEAD_BYTES)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()

    @property
    def server(self) -> ProxySettings:
        """Where it is, as a browser context takes a proxy: every address that is asked for is here.

        Raises:
            RuntimeError: It is not open.
        """
        if self._server is None:
            raise RuntimeError("the site is not open")
        return ProxySettings(
            server=f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}", bypass="<-loopback>"
        )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            if head.startswith("CONNECT "):  # so the wire comes, and then asks as everybody does
                writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *fields = head.strip().split("\r\n")
            pairs = (one.partition(":") for one in fields)
            asked = Asked(
                line.split()[1].removeprefix(HERE).removeprefix(ELSEWHERE),
                {name.lower(): value.strip() for name, _, value in pairs},
            )
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
