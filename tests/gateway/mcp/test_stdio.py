"""The tools over real standard input and output, asked by the SDK's own client."""

from __future__ import annotations

import asyncio
import logging
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters, stdio_client

from tests.clients.conftest import KEY
from tests.clients.stand_in import Serving, StandIn, problem
from tests.clients.test_gateway import work
from tests.gateway.api.conftest import new_key
from tests.tasks.house import House

READBACK = str(Path(sys.executable).with_name("readback"))
WISH = {
    "guest": {"name": "Ada Geheim", "email": "ada@example.com", "phone": "+39 051 555 0100"},
    "party": {"adults": 2},
    "when": {"date": "2030-06-14", "earliest": "19:00", "latest": "21:00"},
    "venues": ["luna"],
}
LATER = "2029-12-04"
ORDER = {"idempotency_key": "order-1", "wish": WISH}


@pytest.fixture
def api():
    stand_in = StandIn()
    serving = Serving.start(stand_in)
    yield stand_in
    serving.stop()


@pytest.fixture
def tools(api, tmp_path):
    @asynccontextmanager
    async def tools(key=KEY, url=None):
        log = tmp_path / "errors.log"
        with log.open("w") as errlog:
            server = StdioServerParameters(
                command=READBACK, args=["mcp"], env={"READBACK_API_KEY": key, "READBACK_API_URL": url or api.url}
            )
            async with Client(stdio_client(server, errlog=errlog)) as client:
                yield client
        assert "Geheim" not in log.read_text()

    return tools


async def test_what_a_model_is_told(tools):
    async with tools() as client:
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert "confirmed: true" in client.instructions
    assert set(listed) == {
        "find_venues",
        "last_seen_availability",
        "book",
        "wait_for_booking",
        "show_booking",
        "cancel_booking",
    }
    for tool in listed.values():
        assert tool.description
        assert tool.output_schema["type"] == "object"
        assert "ctx" not in tool.input_schema["properties"]
    assert "idempotency_key" in listed["book"].input_schema["required"]
    assert "NOT a confirmation" in listed["book"].output_schema["properties"]["confirmed"]["description"]
    assert listed["show_booking"].annotations.read_only_hint
    assert listed["cancel_booking"].annotations.destructive_hint


async def test_from_a_wish_to_a_confirmed_booking(tools, api):
    progress: asyncio.Queue[str] = asyncio.Queue()

    async def heard(done, total, message):
        await progress.put(message)

    async with tools() as client:
        venues = (await client.call_tool("find_venues", {"city": "Bologna"})).structured_content["venues"]
        assert [(venue["slug"], venue["city"]) for venue in venues] == [("luna", "Bologna")]
        queued = (await client.call_tool("book", ORDER)).structured_content
        again = (await client.call_tool("book", ORDER)).structured_content
        assert queued["booking_id"] == again["booking_id"]
        assert (queued["confirmed"], queued["status"], queued["settled"]) == (False, "queued", False)
        booking = queued["booking_id"]
        waiting = asyncio.create_task(
            client.call_tool("wait_for_booking", {"booking_id": booking}, progress_callback=heard)
        )
        assert (await progress.get()).startswith("queued: a worker")
        api.tell(booking, "booking.claimed", status="verifying")
        assert (await progress.get()).startswith("verifying")
        claimed = (await client.call_tool("show_booking", {"booking_id": booking})).structured_content
        assert (claimed["confirmed"], claimed["status"]) == (False, "verifying")
        api.confirm(booking)
        settled = (await waiting).structured_content
    assert (settled["confirmed"], settled["status"], settled["settled"]) == (True, "confirmed", True)
    assert (await progress.get()).startswith("confirmed")
    assert api.keys == ["order-1", "order-1"]
    assert api.bookings[booking]["request"] == WISH | {"party": {"adults": 2, "children": 0}}


async def test_a_doubt_is_no_confirmation(tools, api):
    booking = api.queue(status="confirmed", settled=True, verdict=None)
    async with tools() as client:
        shown = (await client.call_tool("show_booking", {"booking_id": booking})).structured_content
    assert shown["confirmed"] is False


async def test_a_wait_that_is_over_is_no_error(tools, api):
    booking = api.queue()
    async with tools() as client:
        waited = await client.call_tool("wait_for_booking", {"booking_id": booking, "at_most_s": 1})
    assert not waited.is_error
    assert (waited.structured_content["settled"], waited.structured_content["confirmed"]) == (False, False)


async def test_what_is_wrong_is_said_to_the_model(tools, api):
    api.next.append(problem(422, "bad-request"))
    async with tools() as client:
        refused = await client.call_tool("book", ORDER)
        missing = await client.call_tool("cancel_booking", {"booking_id": "bk_99"})
        unknown = await client.call_tool(
            "book", ORDER | {"wish": WISH | {"price_capp": {"minor": 1, "currency": "EUR"}}}
        )
    assert refused.is_error
    assert "guest.email: is no e-mail address" in refused.content[0].text
    assert "correct it" in refused.content[0].text
    assert missing.is_error
    assert "404" in missing.content[0].text
    assert unknown.is_error
    assert "price_capp" in unknown.content[0].text
    assert "Geheim" not in unknown.content[0].text
    assert api.bookings == {}


async def test_cancelling(tools, api):
    booking = api.queue()
    async with tools() as client:
        gone = (await client.call_tool("cancel_booking", {"booking_id": booking})).structured_content
    assert (gone["status"], gone["confirmed"]) == ("cancelled", False)


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
async def test_the_real_gateway_from_a_venue_to_a_cancellation(tools, address, ledger, settings, caplog):
    caplog.set_level(logging.INFO, "gateway.api.door")
    house, shown = House(), asyncio.Queue[str]()

    async def heard(done, total, message):
        await shown.put(message)

    async with tools(await new_key(ledger, "local"), address) as client:

        async def call(tool, **given):
            result = await client.call_tool(tool, given, progress_callback=heard)
            assert not result.is_error, result.content
            return result.structured_content

        (luna,) = (await call("find_venues", words="osteria luna"))["venues"]
        assert (luna["slug"], luna["takes"]) == ("osteria_luna", "slot")
        assert not (await call("last_seen_availability", venue=luna["slug"], date=LATER))["looked"]
        wish = WISH | {"venues": [luna["slug"]], "when": {"date": LATER, "earliest": "19:00", "latest": "21:00"}}
        booking = (await call("book", idempotency_key="order-1", wish=wish))["booking_id"]
        waiting = asyncio.create_task(call("wait_for_booking", booking_id=booking))
        assert (await shown.get()).startswith("queued")
        await asyncio.to_thread(work, settings, booking, house)
        done = await waiting
        assert (done["confirmed"], done["venue_reference"]) == (True, "OL-1")
        assert (await call("cancel_booking", booking_id=booking))["status"] != "cancelled"
        await asyncio.to_thread(work, settings, booking, house)
        gone = await call("wait_for_booking", booking_id=booking)
        assert (gone["confirmed"], gone["status"]) == (False, "cancelled")
    assert not house.standing
    assert any("route=/v1/bookings/{booking_id}/events/stream status=200" in line for line in caplog.messages)


def test_without_a_key(run, monkeypatch):
    monkeypatch.delenv("READBACK_API_KEY", raising=False)
    refused = run("mcp")
    assert refused.exit_code == 2
    assert "READBACK_API_KEY" in refused.stderr
