"""The core at the concert on-sale, as a worker runs it, without queue and ledger."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from urllib.parse import urlsplit

from playwright.async_api import Browser

from farm.booking import Ask
from farm.facts import Guest, Party
from farm.identity import Reference, mint_code, plant
from farm.request import Request, WantedSlot
from fixtures.kit.process import ROOT, TwinProcess
from profiles.partner import Partners
from profiles.terms.session import AccountTerms
from profiles.visiting import PartnerVisits
from tests.integrations.luna import REGISTRY, Engine, Farm, Guard, Journal
from tests.ways import OwnWays

PARTNER = Partners.load([ROOT / "profiles" / "partners"]).must_have("lakeshore")
USER, PASSWORD = "boxoffice", "breakwater"
WISH = Request(
    guest=Guest(name="Ada Rossi", email="ada@example.com", phone="+1 312 555 0123"),
    party=Party(adults=4),
    when=WantedSlot(date=date(2029, 12, 5), earliest=time(19), latest=time(21)),
    venues=("lakeshore_onsale",),
    note="two of us come late",
)
AT_EIGHT = datetime(2029, 12, 6, 2, tzinfo=UTC)


class Hall(Farm):
    """One attempt of the core at the hall."""

    def __init__(self, browser: Browser, twin: TwinProcess, wish: Request = WISH) -> None:
        stock = REGISTRY.venue("lakeshore_onsale")
        venue, manifest = stock.model_copy(update={"origin": twin.origin}), REGISTRY.manifest(stock)
        self.reference = Reference(mint_code(), 1)
        planted = plant(wish, self.reference, manifest.plants)
        self.ask = Ask(venue, manifest, REGISTRY.script(stock), planted, lambda: datetime.now(UTC))
        self.visits = PartnerVisits(Engine(browser), _at(twin), venue, manifest, self.ask.clock, ways=OwnWays())
        self.journal = Journal()
        self.guard = Guard()


def _at(twin: TwinProcess) -> Partners:
    access = PARTNER.access.model_copy(update={"hosts": (urlsplit(twin.origin).netloc,)})
    account = AccountTerms(user="env:LAKESHORE_DESK_USER", secret="env:LAKESHORE_DESK_PASSWORD")
    session = PARTNER.session.model_copy(update={"accounts": {"box_office": account}})
    return Partners({PARTNER.slug: PARTNER.model_copy(update={"access": access, "session": session})})
