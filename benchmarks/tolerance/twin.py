"""A site that puts up with so many requests in any minute, and says nothing of how many; it changes its mind.

More than that is answered 429, without a hint for how long. Who is refused too often within a minute is challenged,
and then shut out for ten minutes. It knows the farm by its address, so new cookies make nobody a stranger.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Self

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from benchmarks.tolerance.schedule import Schedule
from tasks.parent import end_with_parent

STRIKES = 20
"""So many refusals within a minute are no slip any more."""
SHUT_OUT_MIN = 10.0
START_LIMIT_S = 30


@dataclass
class Door:
    """Counts, and turns away. Its minutes begin with the first request."""

    schedule: Schedule
    began_s: float | None = None
    served: deque[float] = field(default_factory=deque)
    refused: deque[float] = field(default_factory=deque)
    shut_until_min: float = -1.0
    challenges: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    served_at_min: list[float] = field(default_factory=list)

    def status(self) -> int:
        """The answer to a request that comes now."""
        now_s = time.monotonic()
        if self.began_s is None:
            self.began_s = now_s
        minute = (now_s - self.began_s) / self.schedule.minute_s
        limit = self.schedule.limit_at(minute)
        if limit is None:
            return 410
        status = self._judge(minute, limit)
        self.answers[status] += 1
        if status == 200:
            self.served_at_min.append(round(minute, 4))
        return status

    def _judge(self, minute: float, limit: int) -> int:
        if minute < self.shut_until_min:
            return 403
        for moments in (self.served, self.refused):
            while moments and moments[0] <= minute - 1:
                moments.popleft()
        if len(self.served) < limit:
            self.served.append(minute)
            return 200
        self.refused.append(minute)
        if len(self.refused) < STRIKES:
            return 429
        self.refused.clear()
        self.challenges += 1
        self.shut_until_min = minute + SHUT_OUT_MIN
        return 403


def build(door: Door) -> Starlette:
    """The site, and the door's own book under ``/book``, which no contender reads."""

    async def page(_request: Request) -> Response:
        status = door.status()
        headers = {"cf-mitigated": "challenge"} if status == 403 else None
        return PlainTextResponse(str(status), status, headers)

    async def book(_request: Request) -> Response:
        counted = {str(status): count for status, count in door.answers.items()}
        return JSONResponse({"answers": counted, "challenges": door.challenges, "served_at_min": door.served_at_min})

    return Starlette(routes=[Route("/book", book), Route("/{path:path}", page)])


@dataclass(frozen=True)
class Book:
    """What the door has counted."""

    answers: dict[str, int]
    challenges: int
    served_at_min: list[float]


class RunningTwin:
    """The twin as a process of its own, until the end of the ``with``."""

    def __init__(self, schedule: Schedule) -> None:
        command = [sys.executable, "-m", "benchmarks.tolerance.twin"]
        command += ["--minutes", str(schedule.minutes), "--minute-s", str(schedule.minute_s)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        if not said:
            raise RuntimeError("the twin did not start")
        self.origin = f"http://127.0.0.1:{int(said)}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait(START_LIMIT_S)

    async def book(self) -> Book:
        """What it has counted so far."""
        async with httpx.AsyncClient(timeout=START_LIMIT_S, trust_env=False) as client:
            return Book(**(await client.get(f"{self.origin}/book")).json())


def main() -> None:
    """Serve until whoever started this ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--minute-s", type=float, required=True)
    given = parser.parse_args()
    door = Door(Schedule(given.minutes, given.minute_s))
    end_with_parent()
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        os.write(sys.stdout.fileno(), f"{listening.getsockname()[1]}\n".encode())
        config = uvicorn.Config(build(door), log_level="error", access_log=False, lifespan="off")
        asyncio.run(uvicorn.Server(config).serve(sockets=[listening]))


if __name__ == "__main__":
    main()
