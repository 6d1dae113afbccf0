"""The end of the last click: what the gate is told, and what may still leave after it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from farm.booking import Ask, Closing, book
from farm.facts import Claim, Guest, Hold, Offer, Party, Recap, Refusal, Slot
from farm.gate import Ruling
from farm.registry import Registry
from farm.request import Request, WantedSlot
from farm.status import Cause

REGISTRY = Registry.load([Path(__file__).parents[2] / "integrations"])
VENUE = REGISTRY.venue("osteria_luna")
MANIFEST = REGISTRY.manifest(VENUE)
REQUEST = Request(
    guest=Guest(name="Ada Rossi", email="ada@example.com"),
    party=Party(adults=2),
    when=WantedSlot(date=date(2029, 12, 4), earliest=time(19), latest=time(21)),
    venues=("osteria_luna",),
)
WHEN = Slot(starts_at=datetime(2029, 12, 4, 20, tzinfo=VENUE.zone))
OFFER = Offer(when=WHEN, resource="Tavolo 1", key="k")


class Script:
    """Everything before the click goes well; the click does what the test says."""

    def __init__(self, submit) -> None:
        self._submit = submit

    def signed_out(self, page):
        return None

    async def search(self, visit, request):
        return [OFFER]

    async def hold(self, visit, offer):
        return Hold(offer=offer, binding="none")

    async def enter_guest(self, visit, hold, request):
        guest = request.guest
        return Recap(
            when=WHEN, resource="Tavolo 1", party=Party(adults=2), guest_name=guest.name, guest_email=guest.email
        )

    async def submit(self, visit, hold):
        return await self._submit(visit)

    async def release(self, visit, hold):
        raise AssertionError("nothing is released past the guard")


class World:
    """Ports without a browser; the gate is the real one."""

    gate: Any = None

    @asynccontextmanager
    async def open(self, gate, steps, role):
        self.gate = gate

        async def begin(wall):
            return None

        yield SimpleNamespace(page=None, gate=gate, begin=begin, check=lambda: None)

    @asynccontextmanager
    async def stage(self, step):
        yield

    async def note(self, text):
        raise AssertionError(text)

    def click(self) -> Ruling:
        """The request that commits, as the page would send it."""
        ruling: Ruling = self.gate.rule("POST", f"{VENUE.origin}/prenota/conferma", "document", None)
        return ruling


async def ended(submit, deadline_s: float = 5) -> tuple[Closing, World]:
    world = World()
    manifest = MANIFEST.model_copy(update={"commit": MANIFEST.commit.model_copy(update={"deadline_s": deadline_s})})
    script: Any = Script(lambda visit: submit(world))
    ask = Ask(VENUE, manifest, script, REQUEST, lambda: datetime.now(UTC))
    visits: Any = world

    async def guard(offer, hold, recap, wanted):
        assert world.click() is Ruling.BREACH

    return await book(ask, visits, world, guard), world


async def test_a_claim_after_one_request():
    async def submit(world):
        assert world.click() is Ruling.PASS
        return Claim(reference="OL-1")

    closing, world = await ended(submit)
    assert (closing.kind, closing.sent) == ("claimed", "yes")
    assert world.click() is Ruling.STOP


async def test_a_claim_without_a_request_is_a_broken_contract():
    async def submit(world):
        return Claim(reference="OL-1")

    closing, _ = await ended(submit)
    assert (closing.kind, closing.sent, closing.cause) == ("in_doubt", "no", Cause.CONTRACT_BROKEN)


@pytest.mark.parametrize("text", ["Spiacenti, questo tavolo non è più disponibile", "Errore 17"])
async def test_a_refusal_is_one_only_in_known_words(text):
    async def submit(world):
        world.click()
        return Refusal(text=text)

    closing, _ = await ended(submit)
    assert (closing.kind, closing.sent) == ("in_doubt" if "17" in text else "refused", "yes")


@pytest.mark.parametrize("error", [KeyError("Codice"), TimeoutError()])
async def test_an_error_before_anything_left_is_a_sure_no_and_stays_one(error):
    async def submit(world):
        raise error

    closing, world = await ended(submit)
    assert (closing.kind, closing.sent) == ("in_doubt", "no")
    assert world.click() is Ruling.STOP, "the page pressed its button after the answer `no` was written"


async def test_past_its_deadline_nothing_leaves():
    async def submit(world):
        await asyncio.sleep(30)

    closing, world = await ended(submit, deadline_s=0.05)
    assert (closing.kind, closing.sent) == ("in_doubt", "no")
    assert world.click() is Ruling.STOP


async def test_a_cancelled_click_leaves_a_shut_gate():
    reached = asyncio.Event()
    worlds = []

    async def submit(world):
        worlds.append(world)
        reached.set()
        await asyncio.sleep(30)

    task = asyncio.create_task(ended(submit))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert worlds[0].click() is Ruling.STOP
