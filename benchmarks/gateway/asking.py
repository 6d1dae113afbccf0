"""Asks a server for so long, as a process of its own: one order a line comes in, one report a line goes out."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Literal

import httpx

from benchmarks.gateway.lives import request
from fixtures.kit.process import ROOT

What = Literal["create", "first_get", "get", "list"]
ANSWER_S = 30.0


@dataclass(frozen=True, slots=True)
class Aim:
    """A server, and what there is to be asked.

    Attributes:
        keys: By reseller.
        known: Resellers and ids of bookings that are there.
    """

    name: str
    address: str
    keys: Mapping[str, str]
    known: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Order:
    """What to ask.

    Attributes:
        aims: Asked in turn, request by request: whatever the machine does besides falls on all alike.
        at_once: So many connections to each, with one request at a time.
        mark: Makes references and idempotency keys differ from all others'.
    """

    aims: Sequence[Aim]
    what: What
    seconds: float
    at_once: int
    mark: str


@dataclass(frozen=True, slots=True)
class Report:
    """How it went.

    Attributes:
        took_ms: By server: each request, in no order.
        elapsed_s: All of them together.
        wrong: Answers that were not as they should be: how many, by status.
    """

    took_ms: Mapping[str, Sequence[float]]
    elapsed_s: float
    wrong: Mapping[str, int]


class Asker:
    """The process that asks."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.gateway.asking"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, order: Order) -> Report:
        """Have it done."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")
        self._process.stdin.flush()
        return Report(**json.loads(self._process.stdout.readline()))

    def stop(self) -> None:
        """End it."""
        self._process.communicate(timeout=ANSWER_S)


@contextmanager
def asker() -> Iterator[Asker]:
    """One for as long as the block."""
    process = Asker()
    try:
        yield process
    finally:
        process.stop()


async def carry_out(order: Order) -> Report:
    """Ask until the time is over."""
    took_ms: dict[str, list[float]] = {aim.name: [] for aim in order.aims}
    wrong: Counter[str] = Counter()
    dice = random.Random(order.mark)  # noqa: S311 - luck, not secrets
    async with httpx.AsyncClient(timeout=ANSWER_S) as client:
        asks = [(took_ms[aim.name], _one(client, aim, order, dice)) for aim in order.aims]
        for _, ask in asks:  # connections are open when the time begins
            await asyncio.gather(*(ask() for _ in range(order.at_once)))
        until = time.monotonic() + order.seconds

        async def in_turn() -> None:
            mine = list(asks)
            while time.monotonic() < until:
                dice.shuffle(mine)
                for took, ask in mine:
                    began = time.monotonic()
                    answer = await ask()
                    took.append((time.monotonic() - began) * 1000)
                    if answer.status_code not in {200, 201}:
                        wrong[str(answer.status_code)] += 1

        began = time.monotonic()
        await asyncio.gather(*(in_turn() for _ in range(order.at_once)))
        return Report(took_ms, time.monotonic() - began, wrong)


def _one(
    client: httpx.AsyncClient, aim: Aim, order: Order, dice: random.Random
) -> Callable[[], Awaitable[httpx.Response]]:
    """One request of the kind that was ordered."""
    resellers, numbers, each = list(aim.keys), itertools.count(), itertools.cycle(aim.known)
    at = f"{aim.address}/v1/bookings"

    def key_of(reseller: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {aim.keys[reseller]}"}

    async def create() -> httpx.Response:
        reseller, mark = dice.choice(resellers), f"{order.mark}-{aim.name}-{next(numbers)}"
        headers = key_of(reseller) | {"Idempotency-Key": mark}
        return await client.post(at, json=request(reseller, mark), headers=headers)

    async def first_get() -> httpx.Response:
        return await shown(*next(each))

    async def get() -> httpx.Response:
        return await shown(*dice.choice(aim.known))

    async def shown(reseller: str, booking_id: str) -> httpx.Response:
        return await client.get(f"{at}/{booking_id}", headers=key_of(reseller))

    async def listed() -> httpx.Response:
        return await client.get(at, params={"limit": 20}, headers=key_of(dice.choice(resellers)))

    return {"create": create, "first_get": first_get, "get": get, "list": listed}[order.what]


def main() -> None:
    """Carry out one order after the other."""
    for line in sys.stdin:
        order = json.loads(line)
        aims = [Aim(**aim) for aim in order.pop("aims")]
        report = asyncio.run(carry_out(Order(aims, **order)))
        print(json.dumps(asdict(report)), flush=True)


if __name__ == "__main__":
    main()
