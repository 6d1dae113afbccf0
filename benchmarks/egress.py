"""`python -m benchmarks egress`: what the egress guard costs a booking, beside a browser that goes straight."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import time as wall_clock
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import psutil
from playwright.async_api import Browser, BrowserContext, ProxySettings, async_playwright

from benchmarks.overhead import by_hand
from benchmarks.overhead.cpu import cpu_s
from benchmarks.overhead.order import AT, COVERS, GUEST, PHONE, Order, nth_order
from farm.booking import Ask, book
from farm.contract import Lookup
from farm.facts import Facts, Guest, Hold, Offer, Party, Recap
from farm.identity import Reference, mint_code, plant
from farm.phases import Step
from farm.reading import look
from farm.registry import Registry
from farm.request import Request, WantedSlot
from farm.status import VerdictKind
from farm.verdict import Measure
from fixtures.kit.process import ROOT, TwinFailed, TwinProcess
from profiles.egress.control import Guard
from profiles.egress.grants import Allowed
from profiles.egress.way_out import GuardedWays, WayOut, Ways
from profiles.partner import Partners
from profiles.visiting import Appearance, PartnerVisits
from tasks.guarding import start_guard

PURPOSE = "what the egress guard costs a booking"
HELP = """\
One booking with its read-back by the farm's core (no queue, no ledger) at a restaurant that runs beside it, on one
warm browser, three ways in turn:

  straight   the browser's contexts have no proxy
  inside     through a guard within the same process: what it costs to go through a proxy at all
  guard      through the guard process of a host, as a worker's visits go

Each visit (one to book, one to read back) asks for a way out of its own and is told its credential; that is counted.
Wall is of the booking and its read-back. CPU is user and system of this process, its driver, its browser and the
guard, not of the restaurant. Ratios are taken round by round, and their median is said, because other work on the
machine comes and goes. Progress goes to standard error; the last line on standard output is JSON.
"""
WAYS = ("straight", "inside", "guard")


class WrongEnd(RuntimeError):
    """A booking did not end as it must."""


@dataclass(frozen=True)
class Spent:
    """What one booking took."""

    wall_s: float
    cpu_s: float


class Contexts:
    """Contexts of one warm browser (the port ``Engine``), with the visit's way out or without."""

    def __init__(self, browser: Browser, *, straight: bool) -> None:
        self._browser = browser
        self._straight = straight

    async def new_context(self, appearance: Appearance, proxy: ProxySettings) -> BrowserContext:
        return await self._browser.new_context(
            locale=appearance.locale, timezone_id=appearance.timezone, proxy=None if self._straight else proxy
        )

    async def close_context(self, context: BrowserContext) -> None:
        await context.close()


class NoWay(WayOut):
    """Of a browser that goes straight: nothing is asked, nothing is cut."""

    def __init__(self) -> None:
        self.proxy = ProxySettings(server="")

    def when_lost(self, call: object) -> None:
        pass

    def commit_by(self, left_s: object) -> None:
        pass

    async def fresh(self) -> None:
        pass


class NoWays:
    """No ways out (the port ``Ways``)."""

    @asynccontextmanager
    async def open(self, allowed: Allowed) -> AsyncIterator[WayOut]:  # noqa: ARG002 - as the port has it
        yield NoWay()


class Silent:
    """A journal that keeps nothing, and a guard that keeps what the record must show (the core's ports)."""

    wanted: Facts | None = None

    @asynccontextmanager
    async def stage(self, step: Step) -> AsyncIterator[None]:  # noqa: ARG002 - as the port has it
        yield

    async def held(self, hold: Hold) -> None:
        pass

    async def given_back(self) -> None:
        pass

    async def note(self, text: str) -> None:
        raise WrongEnd(text)

    async def ready(self, offer: Offer) -> None:
        pass

    async def __call__(self, offer: Offer, hold: Hold, recap: Recap, wanted: Facts, until: datetime) -> None:  # noqa: ARG002
        self.wanted = wanted


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks egress", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rounds", type=int, default=15, metavar="N", help="bookings each way; one more warms up (15)"
    )
    given = parser.parse_args(arguments)
    if given.rounds < 1:
        parser.error("--rounds must be at least 1")
    try:
        with (
            tempfile.TemporaryDirectory(prefix="readback-bench-") as folder,
            TwinProcess.start("fixtures.osteria_luna", Path(folder) / "twin") as twin,
        ):
            print(json.dumps(asyncio.run(_measure(twin, Path(folder), given.rounds))))
    except (TwinFailed, WrongEnd) as error:
        print(f"failed: {error}", file=sys.stderr)
        return 1
    return 0


async def _measure(twin: TwinProcess, folder: Path, rounds: int) -> dict[str, object]:
    async with AsyncExitStack() as stack:
        home = folder / "guard"
        guarded = GuardedWays(home, lambda: asyncio.to_thread(start_guard, home, "127.0.0.1"))
        stack.callback(guarded.leave)
        await guarded.stay()
        (guard,) = [p.pid for p in psutil.process_iter() if str(home) in _command(p)]
        await stack.enter_async_context(Guard(folder / "inside"))
        inside = GuardedWays(folder / "inside", guarded.stay)
        stack.callback(inside.leave)
        ways: dict[str, Ways] = {"straight": NoWays(), "inside": inside, "guard": guarded}
        playwright = await stack.enter_async_context(async_playwright())
        browser = await by_hand.launch(playwright.chromium)
        taken: list[dict[str, Spent]] = []
        for number in range(rounds + 1):
            one = {}
            for place, name in enumerate(WAYS):
                order = nth_order(number * len(WAYS) + place, datetime.now(UTC).date())
                engine = Contexts(browser, straight=name == "straight")
                one[name] = await _spent(twin, order, engine, ways[name], guard)
            said = "   ".join(f"{name} {s.wall_s:.2f} s ({s.cpu_s:.2f} s CPU)" for name, s in one.items())
            print(f"round {number or 'of warming up'}: {said}", file=sys.stderr, flush=True)
            taken += [one] if number else []
        await browser.close()
    if len(twin.records()) != (rounds + 1) * len(WAYS):
        raise WrongEnd(f"the restaurant has {len(twin.records())} bookings")
    return _figures(taken)


async def _spent(twin: TwinProcess, order: Order, engine: Contexts, ways: Ways, guard: int) -> Spent:
    before, began = _burned_s(guard, twin), time.monotonic()
    await _book_and_read_back(twin, order, engine, ways)
    wall_s = time.monotonic() - began
    return Spent(wall_s, _burned_s(guard, twin) - before)


async def _book_and_read_back(twin: TwinProcess, order: Order, engine: Contexts, ways: Ways) -> None:
    registry = Registry.load([ROOT / "integrations"])
    stock = registry.venue("osteria_luna")
    venue, manifest = stock.model_copy(update={"origin": twin.origin}), registry.manifest(stock)
    partner = Partners.load([ROOT / "profiles" / "partners"]).must_have(stock.partner)
    access = partner.access.model_copy(update={"hosts": (urlsplit(twin.origin).netloc,)})
    partners = Partners({partner.slug: partner.model_copy(update={"access": access})})
    reference = Reference(mint_code(), 1)
    at = wall_clock.fromisoformat(AT)
    wish = Request(
        guest=Guest(name=GUEST, email=order.email, phone=PHONE),
        party=Party(adults=COVERS),
        when=WantedSlot(date=order.day, earliest=wall_clock(19), latest=wall_clock(21, 30), preferred=at),
        venues=(stock.slug,),
        note=order.note,
    )
    planted = plant(wish, reference, manifest.plants)
    ask = Ask(venue, manifest, registry.script(stock), planted, lambda: datetime.now(UTC))
    visits, silent = PartnerVisits(engine, partners, venue, manifest, ask.clock, ways=ways), Silent()
    closing = await book(ask, visits, silent, silent)
    if closing.claim is None or silent.wanted is None:
        raise WrongEnd(f"{closing.kind}: {closing.detail}")
    number = closing.claim.reference
    lookup = Lookup(our_reference=str(reference), guest=planted.guest, when=silent.wanted.when, reference=number)
    measure = Measure(reference.code, silent.wanted, number, manifest.tolerance, venue.zone)
    verdict = (await look(ask, lookup, measure, visits, silent)).verdict
    if verdict.kind is not VerdictKind.MATCHED:
        raise WrongEnd(f"the record is {verdict.kind}: {verdict.reason}")


def _figures(rounds: Sequence[dict[str, Spent]]) -> dict[str, object]:
    def middle(name: str, over: str, what: str) -> float:
        return round(median(float(getattr(one[name], what) / getattr(one[over], what)) for one in rounds), 3)

    ratios = {
        f"{name}_over_straight_{what}": middle(name, "straight", f"{what}_s")
        for name in ("guard", "inside")
        for what in ("wall", "cpu")
    }
    each = {
        f"{name}_{what}": round(median(getattr(one[name], what) for one in rounds), 3)
        for name in WAYS
        for what in ("wall_s", "cpu_s")
    }
    return {**ratios, "rounds": len(rounds), **each}


def _burned_s(guard: int, twin: TwinProcess) -> float:
    return sum(cpu_s([psutil.Process().pid, guard]).values()) - sum(cpu_s([twin.pid]).values())


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
