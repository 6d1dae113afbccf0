"""The tools at the gateway's own address: every caller with its own key."""

from __future__ import annotations

import asyncio
import socket

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from farm.life.transition import AttemptChange, BookingChange, NewEvent, Transition
from farm.status import AttemptState, BookingStatus
from gateway.mcp.http import LARGEST_BYTES, security
from tasks.settings import Settings
from tests.gateway.api.conftest import new_key
from tests.ledger.lives import PROOF, claimed, queued

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a test", "version": "1"}},
}
ASKS = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


@pytest.fixture
def tools(address, ledger):
    """The SDK's client with a new key of a reseller."""

    async def call(
        tool, arguments, reseller="local", scopes=("bookings:read", "bookings:write"), mode="auto", **more
    ):
        headers = {"Authorization": f"Bearer {await new_key(ledger, reseller, scopes)}"}
        async with httpx2.AsyncClient(headers=headers, timeout=30) as http:
            transport = streamable_http_client(f"{address}/mcp", http_client=http)
            async with Client(transport, mode=mode) as client:
                return await client.call_tool(tool, arguments, **more)

    return call


async def confirm(ledger, life) -> None:
    await ledger.conclude(
        life.lease,
        Transition(
            attempts=[AttemptChange(id=life.attempt.id, state=AttemptState.CONFIRMED)],
            booking=BookingChange(status=BookingStatus.CONFIRMED, verdict=PROOF),
            events=[NewEvent("booking.confirmed", 1, "osteria_luna")],
        ),
    )


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_claim_and_a_confirmation(tools, ledger, mode):
    life = await claimed(ledger)
    shown = (await tools("show_booking", {"booking_id": life.id}, mode=mode)).structured_content
    assert (shown["status"], shown["confirmed"]) == ("verifying", False)
    assert shown["tell_the_guest"].startswith("We have asked Osteria Luna, and are reading in its own record")
    assert shown["waits_for"] == "The record of Osteria Luna is being read."
    assert shown["waits_until"] < shown["know_by"]
    await confirm(ledger, life)
    shown = (await tools("show_booking", {"booking_id": life.id}, mode=mode)).structured_content
    assert (shown["status"], shown["confirmed"]) == ("confirmed", True)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_waiting_reports_what_happens(tools, ledger, mode):
    life = await claimed(ledger)
    progress: asyncio.Queue[str] = asyncio.Queue()

    async def heard(done, total, message):
        await progress.put(message)

    waiting = asyncio.create_task(
        tools("wait_for_booking", {"booking_id": life.id}, mode=mode, progress_callback=heard)
    )
    assert (await asyncio.wait_for(progress.get(), 10)).startswith("verifying")
    await confirm(ledger, life)
    assert (await asyncio.wait_for(waiting, 10)).structured_content["confirmed"]
    assert (await progress.get()).startswith("confirmed")


async def test_the_callers_key_is_what_counts(tools, ledger):
    booking = await queued(ledger)
    assert not (await tools("show_booking", {"booking_id": booking})).is_error
    hidden = await tools("show_booking", {"booking_id": booking}, reseller="theirs")
    missing = await tools("show_booking", {"booking_id": "bk_none"})
    assert hidden.is_error
    assert hidden.content == missing.content
    unscoped = await tools("show_booking", {"booking_id": booking}, scopes=("webhooks:write",))
    assert unscoped.is_error
    assert "bookings:read" in unscoped.content[0].text


@pytest.mark.parametrize("key", [None, "Bearer rb_abcdefghijkl_" + "x" * 43, "Bearer none"])
async def test_without_a_key_nothing_is_said(address, key):
    headers = ASKS | ({"Authorization": key} if key else {})
    async with httpx.AsyncClient(timeout=30) as http:
        answer = await http.post(f"{address}/mcp", json=HELLO, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.fixture
async def post(address, ledger):
    key = await new_key(ledger, "local")
    async with httpx.AsyncClient(timeout=30, headers=ASKS | {"Authorization": f"Bearer {key}"}) as http:

        async def post(body=HELLO, **headers):
            named = {name.title().replace("_", "-"): value for name, value in headers.items()}
            return await http.post(f"{address}/mcp", json=body, headers=named)

        yield post


async def test_a_page_of_somebody_else_does_not_reach_it(post):
    assert (await post()).status_code == 200
    assert (await post(origin="http://localhost:3000")).status_code == 200
    assert (await post(origin="https://evil.example")).status_code == 403
    assert (await post(host="evil.example")).status_code == 421


async def test_a_body_has_an_end(post):
    assert (await post({"jsonrpc": "2.0", "x": "y" * LARGEST_BYTES})).status_code == 413


def test_names_that_it_is_called_by(tmp_path):
    rules = security(Settings(home=tmp_path, mcp_hosts="readback.example.com,b.example:8443"))
    assert rules.enable_dns_rebinding_protection
    assert {"readback.example.com", "b.example:8443", "localhost:*"} <= set(rules.allowed_hosts)
    assert "https://readback.example.com" in rules.allowed_origins
    assert not any(socket.gethostname() in host for host in security(Settings(home=tmp_path)).allowed_hosts)
