"""What a plan's steps are on httpx: the requests, and what a stream is opened with. Nothing here waits."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from readback_client.calls import Call
from readback_client.steps import Hear

ANSWER_S = 30.0
AGENT = "readback-client/0.1"
LOCAL = "http://127.0.0.1:8642"


@dataclass(frozen=True)
class Account:
    """Which API, and with which key; what is not given comes from ``READBACK_API_URL`` and ``READBACK_API_KEY``.

    Raises:
        ValueError: There is no key.
    """

    key: str = field(repr=False)
    url: str

    @classmethod
    def of(cls, key: str | None, url: str | None) -> Account:
        """The account of these arguments, or of the environment."""
        key = key or os.environ.get("READBACK_API_KEY")
        if not key:
            raise ValueError(
                "there is no API key: give `key`, or set READBACK_API_KEY (`readback keys new` makes one)"
            )
        return cls(key, (url or os.environ.get("READBACK_API_URL") or LOCAL).rstrip("/"))

    @property
    def settings(self) -> dict[str, Any]:
        """How an httpx client is made for it; it follows no redirect, for none may carry the key elsewhere."""
        headers = {"Authorization": f"Bearer {self.key}", "User-Agent": AGENT, "Accept": "application/json"}
        return {"base_url": self.url, "headers": headers, "timeout": ANSWER_S, "follow_redirects": False}


def request_of(http: httpx.Client | httpx.AsyncClient, call: Call[Any]) -> httpx.Request:
    """The request of a call."""
    return http.build_request(call.method, call.path, params=call.parameters, headers=call.headers, json=call.body)


def stream_of(http: httpx.Client | httpx.AsyncClient, step: Hear) -> httpx.Request:
    """The request that opens a stream."""
    headers = {"Accept": "text/event-stream", "Cache-Control": "no-store", **step.headers}
    timeout = httpx.Timeout(ANSWER_S, connect=min(ANSWER_S, step.read_s), read=step.read_s)
    return http.build_request("GET", step.call.path, params=step.call.parameters, headers=headers, timeout=timeout)


class Bytes(httpx.SyncByteStream):
    """A stream's bytes, ended when it is time: a ping alone would keep it open for ever."""

    def __init__(self, response: httpx.Response, opened: Hear) -> None:
        self._response = response
        self._opened = opened

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._response.iter_bytes():
            yield piece
            if self._opened.is_over:
                return


class AsyncBytes(httpx.AsyncByteStream):
    """The same for asyncio."""

    def __init__(self, response: httpx.Response, opened: Hear) -> None:
        self._response = response
        self._opened = opened

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._response.aiter_bytes():
            yield piece
            if self._opened.is_over:
                return


def watched_by(response: httpx.Response, stream: httpx.SyncByteStream | httpx.AsyncByteStream) -> httpx.Response:
    """The answer with its bytes coming through here."""
    kind = {"content-type": response.headers.get("content-type", "")}
    return httpx.Response(response.status_code, headers=kind, stream=stream, request=response.request)
