"""Many listeners on event streams, in a process of their own; one that is cut off goes on behind its last event."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx
from httpx_sse import EventSource

from fixtures.kit.process import ROOT

PATH = "/v1/events/stream"
QUIET_S = 40.0
"""A stream brings a comment at least every 15 seconds."""
AGAIN_S = 0.2
END_WITHIN_S = 60.0
LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Ears:
    """The listeners of one reseller.

    Attributes:
        after: The last event that they need not hear.
    """

    reseller: str
    key: str
    after: int
    count: int


@dataclass(slots=True)
class Heard:
    """What one listener has heard.

    Attributes:
        numbers: Of every event, in the order in which they came.
        steps: The steps among them: which, and when it came, on the machine's monotonic clock.
        cut: So many times did a stream that was open end.
        refused: Answers that were no stream, by status.
    """

    reseller: str
    after: int
    numbers: list[int] = field(default_factory=list)
    steps: list[tuple[str, float]] = field(default_factory=list)
    cut: int = 0
    refused: dict[str, int] = field(default_factory=dict)

    @property
    def last(self) -> int:
        """The last event's number."""
        return self.numbers[-1] if self.numbers else self.after


class Listeners:
    """The process that listens, from when each of them has a stream."""

    def __init__(self, address: str, ears: Sequence[Ears]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.gateway.listening"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._write({"address": address, "ears": [asdict(each) for each in ears]})
        self.opened_in_s: float = self._read()["opened_in_s"]

    def end(self, heads: Mapping[str, int]) -> list[Heard]:
        """What all have heard, once each has come to its reseller's head, or too long after."""
        self._write(dict(heads))
        heard = [Heard(**each) for each in self._read()["heard"]]
        self._process.communicate(timeout=END_WITHIN_S)
        return heard

    def stop(self) -> None:
        """End it as it is."""
        self._process.kill()
        self._process.communicate()

    def _write(self, what: Mapping[str, object]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        said: dict[str, Any] = json.loads(self._process.stdout.readline())
        return said


class _Listener:
    """One of them.

    Attributes:
        opened: It has, or had, a stream.
        arrived: It has heard the last event that it must hear.
    """

    def __init__(self, ears: Ears) -> None:
        self.heard = Heard(ears.reseller, ears.after)
        self.opened, self.arrived = asyncio.Event(), asyncio.Event()
        self._key = ears.key
        self._head: int | None = None

    def must_hear(self, head: int) -> None:
        """Say which event is the last one."""
        self._head = head
        self._look()

    async def listen(self, client: httpx.AsyncClient) -> None:
        """Hear for ever."""
        heard = self.heard
        while True:
            headers = {"Authorization": f"Bearer {self._key}", "Last-Event-ID": str(heard.last)}
            hears = False
            with suppress(httpx.TransportError):  # it was cut off, or nobody is there: again
                async with client.stream("GET", PATH, headers=headers) as answer:
                    hears = answer.status_code == httpx.codes.OK
                    if hears:
                        self.opened.set()
                        await self._hear(EventSource(answer))
                    else:
                        status = str(answer.status_code)
                        heard.refused[status] = heard.refused.get(status, 0) + 1
            heard.cut += hears
            await asyncio.sleep(random.uniform(AGAIN_S / 2, AGAIN_S))  # noqa: S311 - luck, not secrets

    async def _hear(self, source: EventSource) -> None:
        async for said in source.aiter_sse():
            at = time.monotonic()
            if not said.data:  # only says where the stream begins
                continue
            self.heard.numbers.append(int(said.id))
            step = json.loads(said.data)["data"].get("step")
            if step is not None:
                self.heard.steps.append((step, at))
            self._look()

    def _look(self) -> None:
        if self._head is not None and self.heard.last >= self._head:
            self.arrived.set()


async def _all(address: str, ears: Sequence[Ears]) -> None:
    """All of them, until a line says where each reseller's feed ends."""
    began = time.monotonic()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=address, timeout=QUIET_S, limits=limits) as client:
        listeners = [_Listener(each) for each in ears for _ in range(each.count)]
        listening = [asyncio.create_task(each.listen(client)) for each in listeners]
        async with asyncio.timeout(END_WITHIN_S):
            await asyncio.gather(*(each.opened.wait() for each in listeners))
        print(json.dumps({"opened_in_s": time.monotonic() - began}), flush=True)
        heads = json.loads(await asyncio.to_thread(sys.stdin.readline))
        for each in listeners:
            each.must_hear(heads[each.heard.reseller])
        arriving = [asyncio.create_task(each.arrived.wait()) for each in listeners]
        await asyncio.wait(arriving, timeout=END_WITHIN_S)  # who has not arrived then has lost something
        for task in (*listening, *arriving):
            task.cancel()
        await asyncio.gather(*listening, *arriving, return_exceptions=True)
    print(json.dumps({"heard": [asdict(each.heard) for each in listeners]}), flush=True)


def main() -> None:
    """Listen to what the first line says."""
    order = json.loads(sys.stdin.readline())
    asyncio.run(_all(order["address"], [Ears(**each) for each in order["ears"]]))


if __name__ == "__main__":
    main()
