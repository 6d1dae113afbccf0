"""What the agreement does not cover is refused before a single packet: a venue that counts connections has none."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time
from typing import Any

import pytest
from playwright.async_api import Browser

from farm.errors import AccessNotAgreed
from farm.gate import CommitGate
from farm.phases import Step
from profiles.partner import Partners
from profiles.terms.access import Hours
from profiles.visiting import PartnerVisits
from tests.browsers import browser
from tests.integrations.luna import PARTNER, REGISTRY, Engine
from tests.ways import OwnWays

__all__ = ["browser"]
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
NOON = datetime(2026, 12, 1, 11, tzinfo=UTC)
STOCK = REGISTRY.venue("osteria_luna")


class Doorbell:
    """A venue that does nothing but count who comes."""

    def __init__(self) -> None:
        self.rung = 0

    async def __aenter__(self) -> Doorbell:
        self._server = await asyncio.start_server(self._ring, "127.0.0.1", 0)
        self.host = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _ring(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.rung += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\nConnection: close\r\n\r\nhere"
        )
        await writer.drain()
        writer.close()


async def visited(browser: Browser, door: Doorbell, slug: str = PARTNER.slug, **access: Any) -> None:
    """A visit that opens a page and calls on the wire, under an agreement that was changed so."""
    agreed = PARTNER.access.model_copy(update={"hosts": (door.host,), **access})
    partners = Partners({slug: PARTNER.model_copy(update={"access": agreed})})
    venue = STOCK.model_copy(update={"origin": f"http://{door.host}"})
    manifest = REGISTRY.manifest(STOCK)
    visits = PartnerVisits(Engine(browser), partners, venue, manifest, lambda: NOON, ways=OwnWays())
    async with visits.open(CommitGate(None, (), venue.origin), (Step.SEARCH, Step.HOLD), None) as visit:
        await visit.begin(None)
        await visit.open("/", sign=visit.page.get_by_text("here"))


async def test_who_is_agreed_with_is_visited(browser: Browser) -> None:
    async with Doorbell() as door:
        await visited(browser, door)
        assert door.rung == 1


@pytest.mark.parametrize(
    ("access", "said"),
    [
        ({"ends": datetime(2026, 11, 30, tzinfo=UTC).date()}, "ended on 2026-11-30"),
        ({"hours": Hours(start=time(22), until=time(6))}, "does not cover 12:00"),
        ({"steps": ("search",)}, "does not allow hold"),
        ({"hosts": ("127.0.0.1:9",)}, "does not name"),
    ],
    ids=["ended", "wrong hour", "step", "host"],
)
async def test_what_is_not_agreed_costs_no_connection(browser: Browser, access: dict[str, Any], said: str) -> None:
    async with Doorbell() as door:
        with pytest.raises(AccessNotAgreed, match=said):
            await visited(browser, door, **access)
        assert door.rung == 0


async def test_nor_does_a_partner_without_a_profile(browser: Browser) -> None:
    async with Doorbell() as door:
        with pytest.raises(AccessNotAgreed, match="no profile of partner"):
            await visited(browser, door, slug="somebody_else")
        assert door.rung == 0


async def test_nor_does_another_host_that_a_script_asks_for(browser: Browser) -> None:
    async with Doorbell() as door, Doorbell() as other:
        partners = Partners(
            {
                PARTNER.slug: PARTNER.model_copy(
                    update={"access": PARTNER.access.model_copy(update={"hosts": (door.host,)})}
                )
            }
        )
        venue = STOCK.model_copy(update={"origin": f"http://{door.host}"})
        visits = PartnerVisits(
            Engine(browser), partners, venue, REGISTRY.manifest(STOCK), lambda: NOON, ways=OwnWays()
        )
        async with visits.open(CommitGate(None, (), venue.origin), (Step.SEARCH,), None) as visit:
            await visit.begin(None)
            for asked in (
                visit.open(f"http://{other.host}/", sign=visit.page.get_by_text("here")),
                visit.call("GET", f"http://{other.host}/"),
            ):
                with pytest.raises(AccessNotAgreed, match="does not name this host"):
                    await asked
            await visit.open("/", sign=visit.page.get_by_text("here"))
            await visit.page.evaluate(f"fetch('http://{other.host}/').catch(() => 0)")
        assert other.rung == 0
