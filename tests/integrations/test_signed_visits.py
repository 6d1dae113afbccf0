"""A venue that lets in signed requests only: ours are recognised, one by one, and nobody else's ever are."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser

from farm.errors import AccessNotAgreed, AccessRefused
from farm.gate import CommitGate
from farm.phases import Step
from fixtures.kit.process import TwinProcess
from fixtures.kit.signed_only import SignedOnly, Stranger
from profiles.partner import Partners
from profiles.signed_pages import SignedPages
from profiles.signing import Signer
from profiles.signing_key import directory, new_key, read_key
from profiles.visiting import PartnerVisits
from tests.browsers import browser
from tests.integrations.luna import Engine
from tests.integrations.ribera import PARTNER, VISIT, Ribera
from tests.ways import OwnWays

__all__ = ["browser"]
AGENT = "https://bot.example.org"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    new_key(folder / "ribera.pem")
    published = directory([read_key(f"file:{folder / 'ribera.pem'}").public_key()])
    (folder / "bot.example.org.json").write_text(json.dumps(published))
    return folder


@pytest.fixture(scope="module")
def running(keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwinProcess]:
    folder = tmp_path_factory.mktemp("signed")
    with TwinProcess.start("fixtures.museo_ribera", folder, signed_only=str(keys)) as twin:
        yield twin


def signing(farm: Ribera, browser: Browser, twin: TwinProcess, key: Path, *more_hosts: str) -> Ribera:
    """The attempt under a profile that signs."""
    looks = PARTNER.fingerprint.model_copy(
        update={"identify": "web-bot-auth", "key": f"file:{key}", "directory": AGENT, "skip": ()}
    )
    hosts = (urlsplit(twin.origin).netloc, *more_hosts)
    access = PARTNER.access.model_copy(update={"hosts": hosts})
    agreed = PARTNER.model_copy(update={"fingerprint": looks, "access": access})
    ask = farm.ask
    farm.visits = PartnerVisits(
        Engine(browser), Partners({PARTNER.slug: agreed}), ask.venue, ask.manifest, ask.clock, ways=OwnWays()
    )
    return farm


@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="module")
class TestVisits:
    async def test_signed_books_and_is_read_back(self, browser: Browser, twin: TwinProcess, keys: Path) -> None:
        farm = signing(Ribera(browser, twin, VISIT), browser, twin, keys / "ribera.pem")
        closing = await farm.book()
        (record,) = twin.records()
        assert (await farm.look(closing)).verdict.venue_reference == record.code

    async def test_unsigned_is_turned_away_before_anything(self, browser: Browser, twin: TwinProcess) -> None:
        with pytest.raises(AccessRefused, match="403"):
            await Ribera(browser, twin, VISIT).book()
        assert (twin.records(), twin.holds(), twin.arrivals("search")) == ([], [], 0)

    async def test_another_key_is_turned_away(self, browser: Browser, twin: TwinProcess, tmp_path: Path) -> None:
        new_key(tmp_path / "mine.pem")
        with pytest.raises(AccessRefused, match="403"):
            await signing(Ribera(browser, twin, VISIT), browser, twin, tmp_path / "mine.pem").book()
        assert twin.arrivals("search") == 0

    async def test_without_its_key_nothing_goes_there(
        self, browser: Browser, twin: TwinProcess, tmp_path: Path
    ) -> None:
        farm = signing(Ribera(browser, twin, VISIT), browser, twin, tmp_path / "none.pem")
        with pytest.raises(AccessNotAgreed, match="nothing is behind"):
            async with farm.visits.open(CommitGate(None, (), twin.origin), (Step.SEARCH,), None):
                pass

    async def test_each_request_is_signed_for_where_it_goes(
        self, browser: Browser, twin: TwinProcess, keys: Path
    ) -> None:
        """A page, its frame, worker, redirects and popup: each with a signature of its own; a stranger gets none."""
        async with Counter() as ours, Counter() as other:
            farm = signing(Ribera(browser, twin, VISIT), browser, twin, keys / "ribera.pem", ours.host)
            door = SignedOnly(_nothing, keys)
            async with farm.visit() as visit:
                page = visit.page
                await page.goto(f"http://{ours.host}/redirect-to/landed")
                await page.evaluate("fetch('/redirect-to/data')")
                await page.evaluate(
                    "new Promise((done) => { const one = document.createElement('iframe');"
                    " one.onload = done; one.src = '/frame'; document.body.append(one) }).then(() => 0)"
                )
                await page.evaluate(
                    "new Promise((done) => { const one = new Worker('/worker.js'); one.onmessage = done })"
                    ".then(() => 0)"
                )
                async with page.expect_popup():
                    await page.evaluate("() => { open('/popup') }")
                await visit.call("GET", f"http://{ours.host}/redirect-to/wire")
                with pytest.raises(Exception, match="ERR_BLOCKED"):
                    await page.goto(f"http://{other.host}/")
            asked = {line.split()[1] for line, _ in ours.asked}
            assert asked >= {
                *("/redirect-to/landed", "/landed", "/redirect-to/data", "/data", "/frame", "/worker.js"),
                *("/from-worker", "/popup", "/redirect-to/wire", "/wire"),
            }
            for line, headers in ours.asked:
                method, path, _ = line.split()
                door.recognise(method, path, headers, time.time())
            assert other.asked == []

    async def test_a_redirect_to_a_stranger_takes_no_signature_along(self, browser: Browser, keys: Path) -> None:
        """In a visit the way out stops it; here it is open, so that what would go along can be seen."""
        signer = Signer(read_key(f"file:{keys / 'ribera.pem'}"), AGENT, lambda: datetime.now(UTC))
        async with Counter() as ours, Counter() as other:
            context = await browser.new_context()
            page = await context.new_page()
            await SignedPages(context, signer, lambda url: ours.host in url.split("/")[2]).sign(page)
            await page.goto(f"http://{ours.host}/redirect-to-other/{other.host}")
            await context.close()
        assert "signature" in ours.asked[0][1]
        assert other.asked
        assert [name for _, headers in other.asked for name in headers if name.startswith("signature")] == []


class TestTheDoorman:
    """The same request twice, late, elsewhere, or by halves."""

    NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)

    @pytest.fixture
    def signed(self, keys: Path) -> dict[str, str]:
        headers = Signer(read_key(f"file:{keys / 'ribera.pem'}"), AGENT, lambda: self.NOW).headers(
            "GET", "http://museo.example:8451/api/v1/horas?dia=1"
        )
        return {name.lower(): value for name, value in headers.items()} | {"host": "museo.example:8451"}

    def enter(self, keys: Path, fields: dict[str, str], method: str = "GET", late_s: float = 0) -> SignedOnly:
        door = SignedOnly(_nothing, keys)
        door.recognise(method, "/api/v1/horas?dia=1", fields, self.NOW.timestamp() + late_s)
        return door

    def test_a_signature_is_good_once(self, keys: Path, signed: dict[str, str]) -> None:
        door = self.enter(keys, signed)
        with pytest.raises(Stranger, match="used before"):
            door.recognise("GET", "/api/v1/horas?dia=1", signed, self.NOW.timestamp())

    def test_and_for_a_minute(self, keys: Path, signed: dict[str, str]) -> None:
        self.enter(keys, signed, late_s=60)
        with pytest.raises(Stranger, match="not of now"):
            self.enter(keys, signed, late_s=66)

    @pytest.mark.parametrize(
        "changed",
        [{"host": "evil.example"}, {"signature-agent": 'readback="https://evil.example"'}, {"signature": ""}],
    )
    def test_and_as_it_is(self, keys: Path, signed: dict[str, str], changed: dict[str, str]) -> None:
        with pytest.raises(Stranger):
            self.enter(keys, signed | changed)

    def test_and_for_its_method(self, keys: Path, signed: dict[str, str]) -> None:
        with pytest.raises(Stranger, match="not this key's"):
            self.enter(keys, signed, method="POST")

    def test_what_it_says(self, keys: Path, signed: dict[str, str]) -> None:
        key = json.loads((keys / "bot.example.org.json").read_text())["keys"][0]
        said = signed["signature-input"]
        created = int(self.NOW.timestamp())
        assert {f"created={created}", f"expires={created + 60}", f'keyid="{key["kid"]}"'} <= set(said.split(";"))
        assert said.endswith(';tag="web-bot-auth"')
        assert '("@method" "@authority" "@path" "signature-agent";key="readback")' in said

    def test_two_keys_stand_in_the_directory_while_one_follows_the_other(
        self, keys: Path, signed: dict[str, str], tmp_path: Path
    ) -> None:
        new_key(tmp_path / "next.pem")
        both = [read_key(f"file:{path}").public_key() for path in (tmp_path / "next.pem", keys / "ribera.pem")]
        (tmp_path / "bot.example.org.json").write_text(json.dumps(directory(both)))
        self.enter(tmp_path, signed)
        (tmp_path / "bot.example.org.json").write_text(json.dumps(directory(both[:1])))
        with pytest.raises(Stranger, match="no such key"):
            self.enter(tmp_path, signed)


async def _nothing(scope: object, receive: object, send: object) -> None:
    raise AssertionError("nobody is let in here")


class Counter:
    """A site that keeps what it was asked, and redirects where its path says."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []

    async def __aenter__(self) -> Counter:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.host = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            writer.close()
            return
        line, *fields = head.decode().strip().split("\r\n")
        pairs = (one.partition(": ") for one in fields)
        self.asked.append((line, {name.lower(): value for name, _, value in pairs}))
        path, more, body = line.split()[1], "", b"<!doctype html><title>here</title>"
        media = "text/html"
        if path == "/worker.js":
            media, body = "text/javascript", b"fetch('/from-worker').then(() => postMessage(1))"
        if path.startswith("/redirect-to/"):
            more = f"Location: /{path.removeprefix('/redirect-to/')}\r\n"
        if path.startswith("/redirect-to-other/"):
            more = f"Location: http://{path.removeprefix('/redirect-to-other/')}/\r\n"
        status = "302 Found" if more else "200 OK"
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Type: {media}\r\n{more}Content-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n".encode()
            + body
        )
        await writer.drain()
        writer.close()
