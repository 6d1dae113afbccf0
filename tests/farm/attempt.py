"""An attempt of the core without a browser: the gate is the real one, everything before the click goes well."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from farm.booking import Ask, book
from farm.closing import Closing
from farm.facts import Guest, Hold, Offer, Party, Recap, Slot
from farm.gate import Ruling
from farm.registry import Registry
from farm.request import Request, WantedSlot

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
FORM = "application/x-www-form-urlencoded"


def now() -> datetime:
    return datetime.now(UTC)


class Script:
    """Everything before the click goes well; the click does what the test says."""

    def __init__(self, submit) -> None:
        self._submit = submit
        self.released = False

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
        self.released = True


class World:
    """Ports without a browser; the gate is the real one."""

    gate: Any = None
    steps: Any = None
    ready: Any = None
    wanted: Any = None
    until: Any = None

    def __init__(self) -> None:
        self.poison: Exception | None = None

    def check(self):
        if self.poison is not None:
            raise self.poison

    def has_account(self, role: str) -> bool:
        return False

    def has_mailbox(self) -> bool:
        return False

    @asynccontextmanager
    async def open(self, gate, steps, role, made=None):
        self.gate, self.steps = gate, steps

        async def begin(wall):
            return None

        yield SimpleNamespace(page=None, gate=gate, begin=begin, check=self.check)

    @asynccontextmanager
    async def stage(self, step):
        yield

    async def held(self, hold):
        pass

    async def given_back(self):
        pass

    async def note(self, text):
        raise AssertionError(text)

    def click(self, body: str | None = None) -> Ruling:
        """The request that commits, as the page would send it."""
        ruling: Ruling = self.gate.rule("POST", f"{VENUE.origin}/prenota/conferma", "document", body, FORM)
        return ruling


async def ended(
    submit=None,
    *,
    deadline_s: float = 5,
    script: Any = None,
    request=REQUEST,
    world=None,
    at_guard=None,
    vault: Any = None,
    clock=now,
    body: dict[str, str] | None = None,
    **says: Any,
) -> tuple[Closing, World]:
    """How an attempt ends; ``body`` maps the fields of its click, ``says`` changes its manifest."""
    world = world or World()
    commit = MANIFEST.commit.model_copy(update={"deadline_s": deadline_s, "body": body or {}})
    manifest = MANIFEST.model_copy(update={"commit": commit, **says})
    script = script or Script(lambda visit: submit(world))
    ask = Ask(VENUE, manifest, script, request, clock, vault=vault)
    visits: Any = world

    class Guard:
        async def ready(self, offer):
            world.ready = offer

        async def __call__(self, offer, hold, recap, wanted, until):
            world.wanted, world.until = wanted, until
            assert world.ready == offer, "whoever else wants the slot was asked before"
            assert world.click() is Ruling.BREACH
            if at_guard is not None:
                at_guard()

    closing = await book(ask, visits, world, Guard())
    assert not script.released, "nothing is released past the guard"
    return closing, world
