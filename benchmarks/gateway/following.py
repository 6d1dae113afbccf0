"""Listeners while much happens, and while the gateway is killed: when events come, and whether each comes once."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import httpx

from benchmarks.gateway.listening import Ears, Heard, Listeners
from benchmarks.gateway.lives import VENUE, request
from benchmarks.gateway.serving import Served
from farm.request import Request
from ledger.records import EventRecord
from ledger.store import Ledger

MOST = 100_000
ANSWER_S = 5.0
AGAIN_S = 0.05
WRITERS, CALLERS = 2, 2
LIFE_S = (0.5, 3.0)
"""How long a gateway lives between two kills: at least, at most."""
BACK_IN_TIME = 100
"""So many listeners have their streams again before the next kill, mostly."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Who listens to what.

    Attributes:
        keys: By reseller.
        bookings: By reseller: one of its bookings, to which things happen.
        listeners: In all.
    """

    served: Served
    url: str
    keys: Mapping[str, str]
    bookings: Mapping[str, str]
    listeners: int


@dataclass(slots=True)
class Followed:
    """What came of it.

    Attributes:
        late_ms: Of each step and listener: from its commit to its arrival.
        events: That were written meanwhile.
        lost: Events that a listener did not get; over all listeners.
        repeated: Events that a listener got again, or behind a later one.
        cut: Streams that ended while they were heard.
        refused: Streams that were not opened, by status.
        made: Bookings that were asked for and answered for, by idempotency key: reseller and id.
        unmade: Of those: not in the ledger; and bookings of the ledger that nobody was told of.
        asked_again: Requests whose answer never came.
    """

    late_ms: list[float] = field(default_factory=list)
    opened_in_s: float = 0.0
    listeners: int = 0
    events: int = 0
    lost: int = 0
    repeated: int = 0
    cut: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    kills: int = 0
    made: dict[str, tuple[str, str]] = field(default_factory=dict)
    unmade: int = 0
    asked_again: int = 0


@dataclass(slots=True)
class Stage:
    """Where things happen.

    Attributes:
        written: When each step was committed, on the machine's monotonic clock.
    """

    audience: Audience
    ledger: Ledger
    followed: Followed
    written: dict[str, float] = field(default_factory=dict)


async def steadily(audience: Audience, seconds: float, per_s: float) -> Followed:
    """Steps are written at this rate, of one reseller after the other; how late does each listener hear of them?"""

    async def happening(stage: Stage) -> None:
        over = asyncio.Event()
        asyncio.get_running_loop().call_later(seconds, over.set)
        await _write(stage, over, 1 / per_s)

    return await _follow(audience, happening)


async def over_kills(audience: Audience, kills: int, dice: random.Random) -> Followed:
    """Bookings are made and steps are written while the gateway is killed so many times."""
    audience = replace(audience, listeners=min(audience.listeners, BACK_IN_TIME))

    async def happening(stage: Stage) -> None:
        over = asyncio.Event()
        writers = [_write(stage, over, 0.01) for _ in range(WRITERS)]
        callers = [_book(stage, over, f"{dice.getrandbits(64):x}") for _ in range(CALLERS)]
        working = asyncio.gather(*writers, *callers)
        for _ in range(kills):
            await asyncio.sleep(dice.uniform(*LIFE_S))
            stage.followed.kills += audience.served.kill()
            await asyncio.to_thread(audience.served.restart)
        await asyncio.sleep(LIFE_S[0])
        over.set()
        await working

    return await _follow(audience, happening)


async def _follow(audience: Audience, happening: Callable[[Stage], Awaitable[None]]) -> Followed:
    """Have listeners there while it happens, then hold what they heard against the ledger's own rows."""
    followed = Followed(listeners=audience.listeners)
    async with await Ledger.open(audience.url) as ledger:
        before = await ledger.feed.heads()
        listeners = await asyncio.to_thread(Listeners, audience.served.address, _ears(audience, before))
        try:
            followed.opened_in_s = listeners.opened_in_s
            stage = Stage(audience, ledger, followed)
            await happening(stage)
            heads = await ledger.feed.heads()
            heard = await asyncio.to_thread(listeners.end, {name: heads[name] for name in audience.keys})
        finally:
            listeners.stop()
        rows = {name: await ledger.feed.page(name, before.get(name, 0), MOST) for name in audience.keys}
        _judge(stage, heard, rows)
        await _count_bookings(stage, rows)
    return followed


def _ears(audience: Audience, before: Mapping[str, int]) -> list[Ears]:
    each, more = divmod(audience.listeners, len(audience.keys))
    return [
        Ears(name, key, before.get(name, 0), each + (number < more))
        for number, (name, key) in enumerate(audience.keys.items())
    ]


async def _write(stage: Stage, over: asyncio.Event, every_s: float) -> None:
    """A step of one reseller's booking after the other, until it is over."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    for name in itertools.cycle(stage.audience.bookings):
        if over.is_set():
            return
        step = f"step-{len(stage.written)}"
        stage.written[step] = 0.0
        await stage.ledger.note(stage.audience.bookings[name], "attempt.step", 1, VENUE, {"step": step})
        stage.written[step] = time.monotonic()
        due += every_s
        await asyncio.sleep(max(0.0, due - loop.time()))


async def _book(stage: Stage, over: asyncio.Event, mark: str) -> None:
    """One booking after the other; what has no answer is asked for again under its key, as a platform does it."""
    audience, followed = stage.audience, stage.followed
    names = itertools.cycle(audience.keys)
    async with httpx.AsyncClient(base_url=audience.served.address, timeout=ANSWER_S) as client:
        for number in itertools.count():
            if over.is_set():
                return
            name, key = next(names), f"{mark}-{number}"
            headers = {"Authorization": f"Bearer {audience.keys[name]}", "Idempotency-Key": key}
            while key not in followed.made:
                try:
                    answer = await client.post("/v1/bookings", json=request(name, key), headers=headers)
                    answer.raise_for_status()
                    followed.made[key] = (name, answer.json()["id"])
                except httpx.TransportError:
                    followed.asked_again += 1
                    await asyncio.sleep(AGAIN_S)


def _judge(stage: Stage, heard: Sequence[Heard], rows: Mapping[str, Sequence[EventRecord]]) -> None:
    followed = stage.followed
    followed.events = sum(map(len, rows.values()))
    for each in heard:
        truth = {row.position for row in rows[each.reseller]}
        followed.lost += len(truth - set(each.numbers))
        pairs = itertools.pairwise([each.after, *each.numbers])
        followed.repeated += sum(later <= earlier for earlier, later in pairs)
        followed.repeated += len(set(each.numbers) - truth)  # an event that is nowhere is one too many
        followed.cut += each.cut
        for status, count in each.refused.items():
            followed.refused[status] = followed.refused.get(status, 0) + count
        followed.late_ms += [(at - stage.written[step]) * 1000 for step, at in each.steps]


async def _count_bookings(stage: Stage, rows: Mapping[str, Sequence[EventRecord]]) -> None:
    made = stage.followed.made
    queued = {row.booking_id for of_one in rows.values() for row in of_one if row.kind == "booking.queued"}
    for key, (name, booking_id) in made.items():
        there = await stage.ledger.made_by(Request.model_validate(request(name, key)), key)
        stage.followed.unmade += there is None or there.id != booking_id or booking_id not in queued
    stage.followed.unmade += len(queued - {booking_id for _, booking_id in made.values()})
