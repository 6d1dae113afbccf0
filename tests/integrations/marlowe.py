"""The core at the theatre twin, as a worker runs it, without queue and ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time
from urllib.parse import urlsplit

from playwright.async_api import Browser
from pydantic import SecretStr

from farm.booking import Ask, book
from farm.closing import Closing
from farm.contract import Card
from farm.facts import Guest, Party
from farm.gate import CommitGate
from farm.identity import Reference, mint_code, plant
from farm.phases import Step
from farm.request import Request, WantedSlot
from farm.visit import Visit
from fixtures.kit.process import ROOT, TwinProcess
from profiles.partner import Partners
from profiles.terms.session import AccountTerms
from profiles.visiting import PartnerVisits
from tests.integrations.luna import REGISTRY, Engine, Guard, Journal
from tests.ways import OwnWays

PARTNER = Partners.load([ROOT / "profiles" / "partners"]).must_have("marlowe")
STOCK = REGISTRY.venue("marlowe_theatre")
PASSWORD = "quill"
WISH = Request(
    guest=Guest(name="Ada Rossi", email="ada@example.com", phone="+44 20 7946 0000"),
    party=Party(adults=2),
    when=WantedSlot(date=date(2029, 12, 4), earliest=time(19), latest=time(21), preferred=time(19, 30)),
    venues=("marlowe_theatre",),
    card="ada",
    note="aisle, please",
)


def a_number() -> str:
    """A card number that no bank has given out and that passes its check digit: written nowhere."""
    digits = [4, *[0] * 14]
    odd = sum(sum(divmod(2 * digit, 10)) for digit in digits[::-2])
    return "".join(map(str, [*digits, -(odd + sum(digits[-2::-2])) % 10]))


class Cards:
    """A vault with one card."""

    def open(self, token: str) -> Card:
        return Card(
            token=token,
            holder="Ada Rossi",
            number=SecretStr(a_number()),
            expires_month=12,
            expires_year=2099,
            code=SecretStr("123"),
        )


class Evening:
    """One attempt of the core at the twin."""

    def __init__(self, browser: Browser, twin: TwinProcess, wish: Request = WISH, secret: str | None = None) -> None:
        settings = {"card_origin": twin.also["card"]}
        venue = STOCK.model_copy(update={"origin": twin.origin, "settings": settings})
        manifest = REGISTRY.manifest(venue)
        self.reference = Reference(mint_code(), 1)
        planted = plant(wish, self.reference, manifest.plants)
        self.ask = Ask(venue, manifest, REGISTRY.script(STOCK), planted, lambda: datetime.now(UTC), vault=Cards())
        self.visits = PartnerVisits(
            Engine(browser), _at(twin, secret), venue, manifest, self.ask.clock, ways=OwnWays()
        )

    async def book(self) -> Closing:
        return await book(self.ask, self.visits, Journal(), Guard())

    @asynccontextmanager
    async def visit(self, role: str | None = None) -> AsyncIterator[Visit]:
        """A blank page of a fresh context; it books nothing."""
        gate = CommitGate(None, self.ask.manifest.safe, self.ask.venue.origin)
        async with self.visits.open(gate, (Step.SEARCH, Step.HOLD, Step.ENTER_GUEST, Step.PAY), role) as visit:
            await visit.begin(None)
            yield visit


def _at(twin: TwinProcess, secret: str | None) -> Partners:
    hosts = tuple(urlsplit(origin).netloc for origin in (twin.origin, *twin.also.values()))
    accounts = {"box_office": AccountTerms(user="env:READBACK_MARLOWE_USER", secret=secret)} if secret else {}
    access = PARTNER.access.model_copy(update={"hosts": hosts})
    session = PARTNER.session.model_copy(update={"accounts": accounts})
    return Partners({PARTNER.slug: PARTNER.model_copy(update={"access": access, "session": session})})
