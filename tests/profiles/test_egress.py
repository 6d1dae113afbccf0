"""The way out of a visit: only to where the agreement says, a plain request alone, fresh when it must be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from profiles.egress import Egress, addresses


class Venue:
    """Answers every request with what it read, and keeps the connection open unless it is told to close it."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self.came = asyncio.Event()
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
        except (asyncio.IncompleteReadError, OSError):
            pass
        writer.close()


@asynccontextmanager
async def world(*hosts: str) -> AsyncIterator[tuple[Venue, Egress, str]]:
    """A venue, the way out to it (or to other hosts), and its ``host:port``."""
    venue = Venue()
    async with await asyncio.start_server(venue.serve, "127.0.0.1", 0) as server:
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with Egress(addresses(hosts or [host], ["https", "http"])) as egress:
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


@pytest.mark.parametrize("request_line", ["GET http://{host}/", "CONNECT {host}"])
async def test_nobody_goes_elsewhere(request_line):
    async with world("venue.example") as (venue, egress, host):
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
        assert await ask(reader, writer) == await ask(reader, writer)
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
