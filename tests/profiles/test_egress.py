"""The way out of a visit: only to where the agreement says, a plain request alone, fresh when it must be."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from farm.gate import CommitGate
from farm.phases import Step
from fixtures.kit.process import ROOT
from profiles.egress import Egress, addresses
from profiles.partner import Partners
from profiles.visiting import PartnerVisits
from tests.farm.small_site import REGISTRY


class Venue:
    """Answers every request with what it read, and keeps the connection open unless it is told to close it."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self.came = asyncio.Event()
        self.ends: asyncio.Queue[type[Exception]] = asyncio.Queue()
        self.late = False
        self.answer = (
            b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nok"
        )

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.came.set()
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
                self.bodies.append(await reader.readexactly(length))
                writer.write(self.answer)
                if b"Connection: close" in head:
                    break
        except (asyncio.IncompleteReadError, OSError) as error:
            self.ends.put_nowait(type(error))
        writer.close()


@asynccontextmanager
async def world(*hosts: str) -> AsyncIterator[tuple[Venue, Egress, str]]:
    """A venue, the way out to it (or to other hosts), and its ``host:port``."""
    venue = Venue()
    async with await asyncio.start_server(venue.serve, "127.0.0.1", 0) as server:
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with Egress(addresses(hosts or [host], ["https", "http"]), lambda: venue.late) as egress:
            yield venue, egress, host


async def connect(egress: Egress) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", int(egress.server.rpartition(":")[2]))


async def said(egress: Egress, request: str) -> bytes:
    """Everything until the way out ends the connection."""
    reader, writer = await connect(egress)
    writer.write(request.encode())
    answer = await reader.read()
    writer.close()
    return answer


async def tunnel(egress: Egress, host: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await connect(egress)
    writer.write(f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(b"GET /inside HTTP/1.1\r\n\r\n")
    return (await reader.readuntil(b"\r\n\r\n")) + await reader.readexactly(2)


def test_an_agreed_host_is_reached_at_the_ports_of_its_schemes_unless_it_names_one():
    assert addresses(["Venue.example", "shop.example:8443", "[::1]:80"], ["https"]) == {
        ("venue.example", 443),
        ("shop.example", 8443),
        ("::1", 80),
    }
    assert addresses(["venue.example"], ["https", "http"]) == {("venue.example", 443), ("venue.example", 80)}


async def test_a_plain_request_arrives_as_it_was_and_alone():
    async with world() as (venue, egress, host):
        request = (
            f"POST http://{host}/book?x=1 HTTP/1.1\r\nHost: {host}\r\nProxy-Connection: keep-alive\r\n"
            "Proxy-Authorization: Basic eA==\r\nConnection: keep-alive\r\nContent-Length: 3\r\nCookie: a=b\r\n\r\na=1"
        )
        second = f"GET http://{host}/smuggled HTTP/1.1\r\nHost: {host}\r\n\r\n"
        answer = await said(egress, request + second)
    assert answer == b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
    (head,) = venue.heads
    assert head.decode() == (
        f"POST /book?x=1 HTTP/1.1\r\nHost: {host}\r\nContent-Length: 3\r\nCookie: a=b\r\nConnection: close\r\n\r\n"
    )
    assert venue.bodies == [b"a=1"]


async def test_a_word_before_the_answer_is_passed_on():
    async with world() as (venue, egress, host):
        venue.answer = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + venue.answer
        answer = await said(egress, f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\nConnection: close\r\n\r\nok")


@pytest.mark.parametrize("agreed", ["venue.example", "127.0.0.1:1"])
@pytest.mark.parametrize("request_line", ["GET http://{host}/", "CONNECT {host}"])
async def test_nobody_goes_elsewhere(request_line, agreed):
    """Neither to another host nor to another port of the same one."""
    async with world(agreed) as (venue, egress, host):
        answer = await said(egress, f"{request_line.format(host=host)} HTTP/1.1\r\nHost: venue.example\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert venue.connections == 0


@pytest.mark.parametrize("nonsense", ["GET / HTTP/1.1", "CONNECT [x HTTP/1.1", "GET http://[x/ HTTP/1.1", "\x00"])
async def test_what_is_no_request_is_refused(nonsense):
    async with world() as (venue, egress, _):
        answer = await said(egress, f"{nonsense}\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert venue.connections == 0


@pytest.mark.parametrize(
    ("request_line", "answer"), [("GET http://{host}/", b""), ("CONNECT {host}", b"HTTP/1.1 502 ")]
)
async def test_a_venue_that_is_not_there(request_line, answer, caplog):
    async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as server:
        gone = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with world(gone) as (_, egress, _):
        heard = await said(egress, f"{request_line.format(host=gone)} HTTP/1.1\r\nHost: {gone}\r\n\r\n")
    assert heard[: len(answer) or None] == answer
    assert f"{gone} cannot be reached" in caplog.text


async def test_a_tunnel_stays_until_it_must_be_fresh():
    async with world() as (venue, egress, host):
        waiting, unused = await connect(egress)
        reader, writer = await tunnel(egress, host)
        assert [(await ask(reader, writer))[-2:] for _ in range(2)] == [b"ok", b"ok"]
        assert venue.connections == 1
        egress.fresh()
        for dropped in (reader, waiting):
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await dropped.readexactly(1)
        again = await tunnel(egress, host)
        assert (await ask(*again)).endswith(b"ok")
        assert venue.connections == 2
        for one in (writer, unused, again[1]):
            one.close()


async def test_fresh_leaves_a_plain_request_on_its_way_alone():
    async with world() as (venue, egress, host):
        reader, writer = await connect(egress)
        writer.write(f"POST http://{host}/ HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2\r\n\r\na".encode())
        await venue.came.wait()
        egress.fresh()
        writer.write(b"b")
        assert (await reader.read()).endswith(b"ok")
        assert venue.bodies == [b"ab"]
        writer.close()


async def test_the_end_of_the_visit_ends_every_connection():
    async with world() as (_, egress, host):
        reader, writer = await tunnel(egress, host)
        server = egress.server
        await egress.__aexit__(None, None, None)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", int(server.rpartition(":")[2]))
        writer.close()


async def test_nothing_leaves_past_the_deadline_though_the_gate_had_let_it_out():
    async with world() as (venue, egress, host):
        half, inside, later = await connect(egress), await tunnel(egress, host), await connect(egress)
        assert (await ask(*inside)).endswith(b"ok")
        venue.came.clear()
        half[1].write(f"POST http://{host}/ HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2\r\n\r\na".encode())
        await venue.came.wait()
        venue.late = True
        half[1].write(b"b")
        inside[1].write(b"POST /inside HTTP/1.1\r\n\r\n")
        later[1].write(f"POST http://{host}/ HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n".encode())
        for reader, writer in (half, inside, later):
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
            writer.close()
        assert (venue.bodies, sum(head.startswith(b"POST") for head in venue.heads)) == ([b""], 1)
        assert [await venue.ends.get() for _ in range(2)] == [ConnectionResetError] * 2, "half a request is none"


WAY_OUT = """
import asyncio, sys, time
from profiles.egress import Egress, addresses

async def main(host, lasts_s):
    until = time.time() + float(lasts_s)
    async with Egress(addresses([host], ["http"]), lambda: time.time() >= until) as egress:
        print(egress.server, until, flush=True)
        await asyncio.sleep(60)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize(("lasts_s", "arrived"), [(1, 0), (60, 1)])
async def test_a_worker_that_is_stopped_with_the_commit_in_its_hands_wakes_up_too_late(lasts_s, arrived):
    """What the browser has written lies with the stopped process: only the clock can tell that it must stay there."""
    async with world() as (venue, _, host):
        words = ["-c", WAY_OUT, host, str(lasts_s)]
        worker = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=subprocess.PIPE, cwd=ROOT)
        assert worker.stdout
        try:
            server, until = (await worker.stdout.readline()).split()
            reader, writer = await asyncio.open_connection("127.0.0.1", int(server.rpartition(b":")[2]))
            worker.send_signal(signal.SIGSTOP)
            await asyncio.to_thread(os.waitid, os.P_PID, worker.pid, os.WSTOPPED | os.WNOWAIT)
            writer.write(f"POST http://{host}/ HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
            if not arrived:
                await asyncio.sleep(max(0, float(until) - time.time()))
            worker.send_signal(signal.SIGCONT)
            answer = b""
            with suppress(ConnectionError):
                answer = await reader.read()
            writer.close()
        finally:
            worker.kill()
            await worker.wait()
        assert (len(venue.heads), answer.endswith(b"ok")) == (arrived, bool(arrived))


class Engine:
    """Contexts of no browser, which keep the proxy that they were given."""

    def __init__(self) -> None:
        self.proxy = ""

    async def new_context(self, appearance, proxy):
        self.proxy = proxy
        return self

    async def close_context(self, context):
        assert context is self

    async def new_page(self):
        return SimpleNamespace(context=SimpleNamespace(request=None))


async def test_a_visit_goes_out_until_the_deadline_of_its_gate():
    async with world() as (venue, _, host):
        stock, now = REGISTRY.venue("osteria_luna"), datetime(2026, 11, 27, 12, tzinfo=UTC)
        place = stock.model_copy(update={"origin": f"http://{host}"})
        partner = Partners.load([ROOT / "profiles" / "partners"]).must_have(stock.partner)
        access = partner.access.model_copy(update={"hosts": (host,)})
        partners = Partners({partner.slug: partner.model_copy(update={"access": access})})
        engine: Any = Engine()
        manifest = REGISTRY.manifest(stock)
        visits = PartnerVisits(engine, partners, place, manifest, lambda: now)
        gate = CommitGate(manifest.commit, manifest.safe, place.origin)
        request = f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n"
        async with visits.open(gate, (Step.SEARCH,), None):
            out: Any = SimpleNamespace(server=engine.proxy)
            assert (await said(out, request)).endswith(b"ok")
            clock = [now]
            gate.open_once(now + timedelta(seconds=5), lambda: clock[0])
            assert (await said(out, request)).endswith(b"ok")
            clock[0] += timedelta(seconds=5)
            with suppress(ConnectionError):
                assert await said(out, request) == b""
        assert len(venue.heads) == 2
