"""`python -m benchmarks gateway`: the API on ledgers of every size, with many listeners, and under kills."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import secrets
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.arguments import positive
from benchmarks.gateway import growing
from benchmarks.gateway.asking import Aim, asker
from benchmarks.gateway.following import Audience, Followed, over_kills, steadily
from benchmarks.gateway.growing import Courses
from benchmarks.gateway.lives import moulds, request
from benchmarks.gateway.serving import BARE, GATEWAY, NotServed, Served
from benchmarks.gateway.stock import fill, resellers
from benchmarks.postgresql import PostgreSQL
from farm.identity import mint_code
from farm.request import Request
from gateway.api.caller import SCOPES
from ledger.migrate import upgrade
from ledger.store import Ledger
from tools.environment import embedded

PURPOSE = "the API: requests a second on ledgers of every size, a thousand listeners, and a gateway that is killed"
HELP = """\
The real gateway, each a process of its own, on ledgers in one PostgreSQL (without fsync: what is measured is the
software, not the disk). Their bookings were lived through once and multiplied by COPY: 60 % confirmed, 39 %
unavailable, 1 % queued, of a hundred resellers of very different size, over 400 days, with all their events, attempts
and wake-ups. Beside them stands what one would write instead: FastAPI, psycopg, one table with an idempotency key,
and no keys, checks, events or anything else.

Each round asks all of them in turn, request by request (the p50 and p99 of a size), then each by itself over eight
connections (`_per_s`, `_loaded_p99_ms`). It watches 500 bookings of each ledger, of any age: each is asked for once
(`first_get`), then at random. The smallest ledger has two gateways: what their p50 differ by is the `noise`. Trust
the ratios of one run:

  growth        p50 of create or of get, whichever grew more, on the largest ledger by that on the smallest
  list_growth   the same of the first page of a reseller's bookings
  first_get_growth
                the same of a booking that nobody has asked for before: its rows come from the disk once the ledger
                is larger than the memory
  over_bare     p50 of create by that of what one would write instead
  stream_...    from an event's commit until each listener has it
  events_lost, events_repeated
                the gateway was killed (`kills`) while bookings were made and a hundred listeners followed; what each
                of them heard, against the ledger's own rows
  bookings_lost bookings that were answered for meanwhile and are not in the ledger, or not once

The last line is JSON. Exit status 0: a growth of at most 1.3, nothing lost, nothing repeated, no wrong answer.
"""
SIZES = (10_000, 1_000_000, 10_000_000)
MOST_GROWTH = 1.3
POSTGRESQL = (
    "shared_buffers=2GB",
    "maintenance_work_mem=1GB",
    "max_wal_size=8GB",
    "wal_level=minimal",  # rows that are written by COPY into an emptied table need no log
    "max_wal_senders=0",
)
EVENTS_PER_S = 20.0
UNLIMITED = "1000000000"
SEED = 7
FILES = 16_384
INTERRUPTED = 130
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark."""
    given = _parser().parse_args(arguments)
    sizes = given.sizes or (SIZES[:2] if given.quick else SIZES)
    _allow_many_files()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started must end, too
    with tempfile.TemporaryDirectory(prefix="rb-gw-") as folder, embedded():
        server = PostgreSQL(*POSTGRESQL)
        try:
            figures = _measure(server, Path(folder), sizes, given)
        except NotServed as error:
            print(f"failed: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return INTERRUPTED
        finally:
            server.stop()
    print(json.dumps(figures))
    wrong = ("events_lost", "events_repeated", "bookings_lost", "wrong_answers")
    return 0 if figures["growth"] <= MOST_GROWTH and not any(figures[name] for name in wrong) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks gateway", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="stops at a million bookings")
    parser.add_argument(
        "--sizes", type=_sizes, metavar="N,N", help="bookings of each ledger (10000,1000000,10000000)"
    )
    parser.add_argument("--rounds", type=positive, default=8, metavar="N", help="of all servers (8)")
    parser.add_argument("--seconds", type=float, default=2.0, metavar="S", help="of each server and kind a round (2)")
    parser.add_argument("--listeners", type=positive, default=1000, metavar="N", help="on event streams (1000)")
    parser.add_argument("--kills", type=positive, default=20, metavar="N", help="of the gateway (20)")
    return parser


def _sizes(text: str) -> tuple[int, ...]:
    sizes = tuple(positive(part) for part in text.split(","))
    if list(sizes) != sorted(set(sizes)):
        raise argparse.ArgumentTypeError("must grow")
    return sizes


def _allow_many_files() -> None:
    """A listener is a file at both ends."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, most), most))


def _measure(server: PostgreSQL, folder: Path, sizes: Sequence[int], given: argparse.Namespace) -> dict[str, Any]:
    empty = server.new_database()
    asyncio.run(upgrade(empty))
    shapes = asyncio.run(moulds(server.new_database(server.name(empty))))
    with ExitStack() as running:
        servers: list[Served] = []

        def served(command: Sequence[str], name: str, url: str) -> Served:
            servers.append(Served(command, folder / name, _environ(url)))
            running.callback(servers[-1].stop)
            return servers[-1]

        aims, audiences = [], []
        for size in sizes:
            stock = fill(server.new_database(server.name(empty)), size, shapes, _say)
            keys, bookings = asyncio.run(_resellers(stock.url))
            gateway = served(GATEWAY, str(size), stock.url)
            aims.append(Aim(str(size), gateway.address, keys, stock.known))
            audiences.append(Audience(gateway, stock.url, keys, bookings, given.listeners))
        again = served(GATEWAY, growing.AGAIN, audiences[0].url)
        bare = served(BARE, growing.BARE, server.new_database())
        for one in servers:
            one.ready()
        beside = (
            Aim(growing.AGAIN, again.address, aims[0].keys, aims[0].known),
            Aim(growing.BARE, bare.address, aims[0].keys, ()),
        )
        with asker() as asking:
            courses = growing.run(aims, *beside, asking, given.rounds, given.seconds, _say)
        steady = asyncio.run(steadily(audiences[-1], given.seconds * 10, EVENTS_PER_S))
        _say(f"{steady.listeners} listeners heard {steady.events} events, {len(steady.late_ms)} times in all")
        dice = random.Random(SEED)  # noqa: S311 - luck, not secrets
        killed = asyncio.run(over_kills(audiences[-1], given.kills, dice))
        _say(f"{killed.kills} kills cut {killed.cut} streams; {killed.asked_again} requests were sent again")
    return figures_of(sizes, courses, steady, killed)


def figures_of(sizes: Sequence[int], courses: Courses, steady: Followed, killed: Followed) -> dict[str, Any]:
    """The last line."""
    first, last = str(sizes[0]), str(sizes[-1])
    at_last = courses.of[last].figures()
    grown = {kind: round(courses.ratio(kind, last, first), 3) for kind in growing.KINDS}
    noise = max(
        max(ratio, 1 / ratio) for ratio in (courses.ratio(kind, growing.AGAIN, first) for kind in growing.KINDS)
    )
    return {
        "creates_per_s": at_last["creates_per_s"],
        "gets_per_s": at_last["gets_per_s"],
        "p99_ms": max(at_last["create_p99_ms"], at_last["get_p99_ms"]),
        "growth": max(grown["create"], grown["get"]),
        "events_lost": steady.lost + killed.lost,
        "events_repeated": steady.repeated + killed.repeated,
        "bookings_lost": killed.unmade,
        "wrong_answers": courses.wrong.total(),
        "kills": killed.kills,
        "streams_cut": killed.cut,
        "asked_again": killed.asked_again,
        "events_heard": (steady.events + killed.events),
        "listeners": steady.listeners,
        "stream_p50_ms": round(median(steady.late_ms), 1),
        "stream_p99_ms": round(growing.p99(steady.late_ms), 1),
        "streams_opened_in_s": round(steady.opened_in_s, 2),
        **{f"{kind}_growth": grown[kind] for kind in growing.KINDS},
        "over_bare": round(courses.ratio("create", last, growing.BARE), 2),
        "bare_creates_per_s": courses.of[growing.BARE].figures()["creates_per_s"],
        "noise": round(noise, 3),
        "sizes": {str(size): courses.of[str(size)].figures() for size in sizes},
    }


async def _resellers(url: str) -> tuple[dict[str, str], dict[str, str]]:
    """A key of each reseller, and the id of a booking that goes on."""
    keys, bookings = {}, {}
    async with await Ledger.open(url) as ledger:
        for number, name in enumerate(resellers()):
            key_id, secret = f"bench{_LETTERS[number // 32]}{_LETTERS[number % 32]}aaaaa", secrets.token_urlsafe(32)
            await ledger.keys.add(key_id, secret, name, "benchmark", tuple(SCOPES))
            keys[name] = f"rb_{key_id}_{secret}"
            wanted = Request.model_validate(request(name, "goes on"))
            bookings[name] = (await ledger.accept(wanted, mint_code(), "goes on")).booking.id
    return keys, bookings


def _environ(url: str) -> dict[str, str]:
    return {"READBACK_DATABASE_URL": url} | {f"READBACK_{of}_PER_MIN": UNLIMITED for of in ("REQUESTS", "CREATES")}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
