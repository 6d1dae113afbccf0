"""Nothing leaves a browser of the farm besides what goes through its visit's way out."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, async_playwright
from playwright.async_api import Error as PlaywrightError

from profiles.egress.grants import Allowed
from tasks.machine.chromium import find_chromium, launch
from tasks.machine.finding import Found
from tests.ways import OwnWays

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

GATHER = """async (urls) => {
  const peer = new RTCPeerConnection({iceServers: [{urls, username: "a", credential: "b"}]});
  const seen = [];
  const over = new Promise((end) => {
    peer.onicegatheringstatechange = () => peer.iceGatheringState == "complete" && end();
  });
  peer.onicecandidate = (event) => event.candidate && seen.push(event.candidate.candidate);
  peer.createDataChannel("any");
  await peer.setLocalDescription(await peer.createOffer());
  await over;
  return seen;
}"""


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    found = find_chromium()
    assert isinstance(found, Found)
    async with async_playwright() as playwright:
        browser = await launch(playwright, found.path, sandbox=True)
        yield browser
        await browser.close()


async def test_a_peer_connection_finds_no_way_and_sends_nothing():
    """Neither by UDP to a STUN server, nor by TCP to a TURN server that the agreement does not name."""
    came: list[str] = []

    async def took(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append("TCP")
        writer.close()

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stun:
        stun.bind(("127.0.0.1", 0))
        stun.setblocking(False)
        async with (
            await asyncio.start_server(took, "127.0.0.1", 0) as turn,
            OwnWays().open(Allowed("luna", frozenset())) as way,
            launched() as browser,
        ):
            context = await browser.new_context(proxy=way.proxy)
            page = await context.new_page()
            ports = stun.getsockname()[1], turn.sockets[0].getsockname()[1]
            urls = [f"stun:127.0.0.1:{ports[0]}", f"turn:127.0.0.1:{ports[1]}?transport=tcp"]
            async with asyncio.timeout(20):
                assert await page.evaluate(GATHER, urls) == []
            await context.close()
        with pytest.raises(BlockingIOError):
            stun.recv(1)
    assert came == []


async def test_a_context_that_was_given_no_way_out_has_none():
    came = asyncio.Event()

    async def took(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.set()
        writer.close()

    async with await asyncio.start_server(took, "127.0.0.1", 0) as server, launched() as browser:
        page = await browser.new_page()
        with pytest.raises(PlaywrightError, match="ERR_PROXY_CONNECTION_FAILED"):
            await page.goto(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        assert not came.is_set()
