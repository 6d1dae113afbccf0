"""The guard and its workers: a grant dies with its visit, its worker, its lease and its deadline."""

from __future__ import annotations

import asyncio
import json
import stat
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from farm.errors import WayOutLost
from profiles.egress.control import LONGEST_PATH, AlreadyGuarded, Guard, socket_of
from profiles.egress.grants import Allowed, Grant, addresses, host_clock
from profiles.egress.way_out import GuardedWays, Term, WayOut, counts_at
from tests.ways import nobody

LEASE_S = 0.4
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]


class Venue:
    """Takes connections and keeps them; says when one has broken off."""

    def __init__(self) -> None:
        self.came = asyncio.Event()
        self.heard = b""
        self.ended = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.came.set()
        try:
            while block := await reader.read(1000):
                self.heard += block
                writer.write(b"ok")
        except ConnectionError:
            pass
        self.ended.set()
        writer.close()


@asynccontextmanager
async def standing(home: Path) -> AsyncIterator[tuple[Venue, Guard, GuardedWays, Allowed]]:
    venue = Venue()
    async with await asyncio.start_server(venue.serve, "127.0.0.1", 0) as server, Guard(home) as guard:
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ways = GuardedWays(home, nobody)
        yield venue, guard, ways, Allowed("luna", addresses([host], ["http"]), is_ours=True)
        ways.leave()


async def asked(way: WayOut, allowed: Allowed, password: str | None = None) -> Line:
    """A connection to the door that has asked for a tunnel, and the head of the answer."""
    ((host, port),) = allowed.agreed
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(way.proxy["server"]).port)
    pair = f"{way.proxy.get('username')}:{password or way.proxy.get('password')}".encode()
    signed = f"Proxy-Authorization: Basic {b64encode(pair).decode()}"
    writer.write(f"CONNECT {host}:{port} HTTP/1.1\r\n{signed}\r\n\r\n".encode())
    return reader, writer, await reader.readuntil(b"\r\n\r\n")


async def tunnel(way: WayOut, allowed: Allowed) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer, answer = await asked(way, allowed)
    assert b" 200 " in answer
    writer.write(b"hello")
    assert await reader.readexactly(2) == b"ok"
    return reader, writer


async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.close()


async def refused(way: WayOut) -> None:
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", urlsplit(way.proxy["server"]).port)


async def test_leaving_the_visit_takes_the_grant_back(tmp_path):
    async with standing(tmp_path) as (venue, _, ways, allowed):
        async with ways.open(allowed) as way:
            line = await tunnel(way, allowed)
        await broken(*line)
        await venue.ended.wait()
        await refused(way)


async def test_the_end_of_the_lease_cuts_what_is_open_and_the_visit_hears_of_it(tmp_path):
    async with standing(tmp_path) as (venue, _, ways, allowed):
        lost = asyncio.Event()
        with Term(host_clock() + LEASE_S):
            async with ways.open(allowed) as way:
                way.when_lost(lost.set)
                line = await tunnel(way, allowed)
                await broken(*line)
                await venue.ended.wait()
                await refused(way)
                await lost.wait()
                with pytest.raises(WayOutLost):
                    await way.fresh()


async def test_a_lease_that_is_prolonged_prolongs_the_grant_and_one_that_is_over_is_over(tmp_path):
    async with standing(tmp_path) as (_, _, ways, allowed):
        until_s = host_clock() + LEASE_S
        with Term(until_s) as term:
            async with ways.open(allowed) as way:
                reader, writer = await tunnel(way, allowed)
                term.extend(until_s + LEASE_S)
                await asyncio.sleep(until_s + LEASE_S / 4 - host_clock())
                writer.write(b"still")
                assert await reader.readexactly(2) == b"ok"
                await broken(reader, writer)
                term.extend(until_s + 60)
                await refused(way)


async def test_a_grant_that_is_asked_for_after_its_lease_is_dead_when_it_comes(tmp_path):
    """The worker stood still between the lease and the visit."""
    async with standing(tmp_path) as (_, _, ways, allowed):
        with Term(host_clock() - 0.001):
            async with ways.open(allowed) as way:
                lost = asyncio.Event()
                way.when_lost(lost.set)
                await lost.wait()
                await refused(way)


async def test_nothing_leaves_past_the_submit_deadline_however_long_the_lease_is(tmp_path):
    async with standing(tmp_path) as (venue, _, ways, allowed), ways.open(allowed) as way:
        line = await tunnel(way, allowed)
        way.commit_by(lambda: LEASE_S)
        way.commit_by(lambda: 60.0)
        await broken(*line)
        assert venue.heard == b"hello"
        await refused(way)


async def test_a_deadline_that_is_told_too_late_is_no_later(tmp_path):
    """What the worker stands still between reading its clocks only shortens what is left."""
    async with standing(tmp_path) as (_, _, ways, allowed), ways.open(allowed) as way:
        line = await tunnel(way, allowed)

        def stood_still() -> float:
            ends_at = host_clock() + LEASE_S
            while host_clock() < ends_at:
                pass
            return 0.0

        way.commit_by(stood_still)
        await broken(*line)


async def test_fresh_has_happened_when_it_returns(tmp_path):
    async with standing(tmp_path) as (_, _, ways, allowed), ways.open(allowed) as way:
        line = await tunnel(way, allowed)
        await way.fresh()
        await broken(*line)
        _, writer = await tunnel(way, allowed)
        writer.close()


async def test_one_visit_is_not_the_other_one(tmp_path):
    async with standing(tmp_path) as (_, _, ways, allowed), ways.open(allowed) as first, ways.open(allowed) as second:
        reader, writer = await tunnel(second, allowed)
        await first.fresh()
        writer.write(b"more")
        assert await reader.readexactly(2) == b"ok"
        writer.close()
        _, crossed, answer = await asked(second, allowed, first.proxy.get("password"))
        assert b" 407 " in answer, "a browser that comes to the port that another visit has"
        crossed.close()


async def test_a_guard_that_dies_is_noticed_and_the_next_visit_starts_another(tmp_path):
    guards: list[Guard] = []

    async def start() -> None:
        guards.append(await Guard(tmp_path).__aenter__())

    ways = GuardedWays(tmp_path, start)
    for _ in range(2):
        async with ways.open(Allowed("luna", frozenset())) as way:
            lost = asyncio.Event()
            way.when_lost(lost.set)
            await guards[-1].__aexit__(None, None, None)
            await lost.wait()
            with pytest.raises(WayOutLost):
                await way.fresh()
    assert len(guards) == 2
    ways.leave()


async def test_where_no_guard_can_be_started_nothing_leaves(tmp_path):
    async def start() -> None:
        """It does not come up."""

    with pytest.raises(WayOutLost, match="no egress guard answers"):
        async with GuardedWays(tmp_path, start).open(Allowed("luna", frozenset())):
            raise AssertionError("a visit was opened")


async def test_one_guard_to_a_state_folder_which_its_owner_alone_may_speak_to(tmp_path):
    async with Guard(tmp_path):
        with pytest.raises(AlreadyGuarded):
            await Guard(tmp_path).__aenter__()
        socket = socket_of(tmp_path)
        assert stat.S_IMODE(socket.stat().st_mode) == 0o600
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    async with Guard(tmp_path):
        pass  # the folder is free again


def test_a_long_path_has_its_socket_elsewhere(tmp_path):
    long = tmp_path / ("x" * LONGEST_PATH)
    assert len(bytes(socket_of(long))) <= LONGEST_PATH
    assert socket_of(long) != socket_of(long / "y")


async def test_it_ends_by_itself_only_when_nobody_is_there(tmp_path):
    async with standing(tmp_path) as (_, guard, ways, allowed):
        async with ways.open(allowed):
            idle = asyncio.create_task(guard.idle(0.05))
            await asyncio.sleep(0.2)
            assert not idle.done()
        assert not idle.done(), "the worker is still there"
        ways.leave()
        await idle


@pytest.mark.parametrize(
    "said",
    [b"nonsense\n", b"[]\n", b"{}\n", b'{"ask": "grant"}\n', b'{"ask": "all"}\n', b"\xff\n", b'{"a'],
)
async def test_whoever_says_something_else_is_not_listened_to(tmp_path, said, caplog):
    async with Guard(tmp_path):
        reader, writer = await asyncio.open_unix_connection(socket_of(tmp_path))
        assert "clock" in json.loads(await reader.readline())
        writer.write(said)
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
    assert caplog.text == ""


async def test_counts_are_kept_by_partner_over_all_visits(tmp_path):
    async with standing(tmp_path) as (_, _, ways, allowed):
        for _ in range(2):
            async with ways.open(allowed) as way:
                _, writer = await tunnel(way, allowed)
                writer.close()
        assert await counts_at(tmp_path) == {"luna": {"connections": 2, "bytes_up": 10, "bytes_down": 4}}


def test_a_grant_that_was_over_once_stays_so():
    now = [0.0]
    grant = Grant(Allowed("luna", frozenset()), 10, lambda: now[0])
    now[0] = 10
    assert grant.is_over
    grant.extend(100)
    assert grant.is_over
    now[0] = 0
    assert grant.is_over
