"""The door of a visit: only to where the agreement says, a plain request alone, fresh when it must be, in time."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from profiles.egress.counting import Count
from profiles.egress.grants import Allowed, Grant, addresses
from profiles.egress.proxy import Door


class Venue:
    """Answers every request with what it read, and keeps the connection open unless it is told to close it."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self.came = asyncio.Event()
        self.broke: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self.now_s = 0.0
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
            if not self.broke.done():
                self.broke.set_result(error)
        writer.close()


@dataclass(frozen=True)
class Way:
    """A door, and the credential for it."""

    door: Door
    grant: Grant
    count: Count

    @property
    def port(self) -> int:
        return int(self.door.server.rpartition(":")[2])

    def signed(self, request: str, credential: str | None = None) -> bytes:
        """The request with the credential in its head; with another one, or (empty) with none."""
        pair = credential if credential is not None else f"visit:{self.grant.password}"
        line = f"Proxy-Authorization: Basic {b64encode(pair.encode()).decode()}\r\n" if pair else ""
        first, _, rest = request.partition("\r\n")
        return f"{first}\r\n{line}{rest}".encode()


@asynccontextmanager
async def world(*hosts: str) -> AsyncIterator[tuple[Venue, Way, str]]:
    """A venue, the way out to it (or to other hosts) for its next minute, and its ``host:port``."""
    venue = Venue()
    async with await asyncio.start_server(venue.serve, "127.0.0.1", 0) as server:
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        allowed = Allowed("luna", addresses(hosts or [host], ["https", "http"]), is_ours=True)
        grant, count = Grant(allowed, 60, lambda: venue.now_s), Count()
        async with Door(grant, count) as door:
            yield venue, Way(door, grant, count), host


async def connect(way: Way) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", way.port)


async def said(way: Way, request: str, credential: str | None = None) -> bytes:
    """Everything until the way out ends the connection."""
    reader, writer = await connect(way)
    writer.write(way.signed(request, credential))
    answer = await reader.read()
    writer.close()
    return answer


async def tunnel(way: Way, host: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await connect(way)
    writer.write(way.signed(f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n"))
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
    async with world() as (venue, way, host):
        request = (
            f"POST http://{host}/book?x=1 HTTP/1.1\r\nHost: {host}\r\nProxy-Connection: keep-alive\r\n"
            "Connection: keep-alive\r\nContent-Length: 3\r\nCookie: a=b\r\n\r\na=1"
        )
        second = f"GET http://{host}/smuggled HTTP/1.1\r\nHost: {host}\r\n\r\n"
        answer = await said(way, request + second)
    assert answer == b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
    (head,) = venue.heads
    assert head.decode() == (
        f"POST /book?x=1 HTTP/1.1\r\nHost: {host}\r\nContent-Length: 3\r\nCookie: a=b\r\nConnection: close\r\n\r\n"
    )
    assert venue.bodies == [b"a=1"]


async def test_a_word_before_the_answer_is_passed_on():
    async with world() as (venue, way, host):
        venue.answer = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + venue.answer
        answer = await said(way, f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\nConnection: close\r\n\r\nok")


@pytest.mark.parametrize("agreed", ["venue.example", "127.0.0.1:1"])
@pytest.mark.parametrize("request_line", ["GET http://{host}/", "CONNECT {host}"])
async def test_nobody_goes_elsewhere(request_line, agreed):
    """Neither to another host nor to another port of the same one."""
    async with world(agreed) as (venue, way, host):
        answer = await said(way, f"{request_line.format(host=host)} HTTP/1.1\r\nHost: venue.example\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert venue.connections == 0


@pytest.mark.parametrize("nonsense", ["GET / HTTP/1.1", "CONNECT [x HTTP/1.1", "GET http://[x/ HTTP/1.1", "\x00"])
async def test_what_is_no_request_is_refused(nonsense):
    async with world() as (venue, way, _):
        answer = await said(way, f"{nonsense}\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert venue.connections == 0


@pytest.mark.parametrize(
    ("request_line", "answer"), [("GET http://{host}/", b""), ("CONNECT {host}", b"HTTP/1.1 502 ")]
)
async def test_a_venue_that_is_not_there(request_line, answer, caplog):
    async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as server:
        gone = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with world(gone) as (_, way, _):
        heard = await said(way, f"{request_line.format(host=gone)} HTTP/1.1\r\nHost: {gone}\r\n\r\n")
    assert heard[: len(answer) or None] == answer
    assert f"{gone} cannot be reached" in caplog.text


async def test_a_tunnel_stays_until_it_must_be_fresh():
    async with world() as (venue, way, host):
        waiting, unused = await connect(way)
        reader, writer = await tunnel(way, host)
        assert [(await ask(reader, writer))[-2:] for _ in range(2)] == [b"ok", b"ok"]
        assert venue.connections == 1
        way.door.fresh()
        for dropped in (reader, waiting):
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await dropped.readexactly(1)
        again = await tunnel(way, host)
        assert (await ask(*again)).endswith(b"ok")
        assert venue.connections == 2
        for one in (writer, unused, again[1]):
            one.close()


async def test_fresh_leaves_a_plain_request_on_its_way_alone():
    async with world() as (venue, way, host):
        reader, writer = await connect(way)
        writer.write(way.signed(f"POST http://{host}/ HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2\r\n\r\na"))
        await venue.came.wait()
        way.door.fresh()
        writer.write(b"b")
        assert (await reader.read()).endswith(b"ok")
        assert venue.bodies == [b"ab"]
        writer.close()


async def test_the_end_of_the_visit_ends_every_connection():
    async with world() as (_, way, host):
        reader, writer = await tunnel(way, host)
        port = way.port
        await way.door.__aexit__(None, None, None)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        writer.close()


async def test_nothing_leaves_past_the_deadline_though_the_gate_had_let_it_out():
    async with world() as (venue, way, host):
        half, inside, later = await connect(way), await tunnel(way, host), await connect(way)
        assert (await ask(*inside)).endswith(b"ok")
        venue.came.clear()
        half[1].write(way.signed(f"POST http://{host}/ HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2\r\n\r\na"))
        await venue.came.wait()
        venue.now_s = 60
        half[1].write(b"b")
        inside[1].write(b"POST /inside HTTP/1.1\r\n\r\n")
        later[1].write(way.signed(f"POST http://{host}/ HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n"))
        assert (await later[0].read()).startswith(b"HTTP/1.1 407 ")
        for reader, writer in (half, inside):
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
            writer.close()
        later[1].close()
        assert (venue.bodies, sum(head.startswith(b"POST") for head in venue.heads)) == ([b""], 1)
        assert isinstance(await venue.broke, ConnectionResetError), "half a request is none"


@pytest.mark.parametrize("credential", ["", "visit:", "visit:wrong", "somebody:else"])
@pytest.mark.parametrize("request_line", ["GET http://{host}/", "CONNECT {host}"])
async def test_nobody_goes_out_without_the_credential_of_the_visit(request_line, credential):
    async with world() as (venue, way, host):
        answer = await said(way, f"{request_line.format(host=host)} HTTP/1.1\r\nHost: x\r\n\r\n", credential)
        assert answer.startswith(b"HTTP/1.1 407 ")
        assert b"Proxy-Authenticate: Basic" in answer
    assert venue.connections == 0


async def test_nor_with_that_of_a_visit_that_is_over():
    async with world() as (venue, way, host):
        venue.now_s = 60
        answer = await said(way, f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 407 ")
    assert venue.connections == 0


async def test_half_a_request_breaks_off_with_the_visit_and_is_no_whole_one():
    async with world() as (venue, way, host):
        _, writer = await connect(way)
        head = f"POST http://{host}/ HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2\r\n\r\na"
        writer.write(way.signed(head))
        await venue.came.wait()
        await way.door.__aexit__(None, None, None)
        assert isinstance(await venue.broke, ConnectionResetError)
        writer.close()


async def test_what_went_through_is_counted():
    async with world() as (venue, way, host):
        answer = await said(way, f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n")
        reader, writer = await tunnel(way, host)
        inside = await ask(reader, writer)
        writer.close()
    up = len(venue.heads[0]) + len(venue.heads[1])
    assert way.count == Count(2, up, len(venue.answer) + len(inside))
    assert len(answer) < len(venue.answer), "headers of the hop are not the browser's"
