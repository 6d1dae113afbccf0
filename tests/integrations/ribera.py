"""The core at the museum twin, as a worker runs it, without queue and ledger."""

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

PARTNER = Partners.load([ROOT / "profiles" / "partners"]).must_have("ribera")
VISIT = Request(
    guest=Guest(name="Ada Rossi", email="ada@example.com", phone="+39 051 123456"),
    party=Party(adults=2, children=1),
    when=WantedSlot(date=date(2029, 12, 4), earliest=time(10), latest=time(13), preferred=time(11)),
    venues=("museo_ribera",),
)
AT_ELEVEN = datetime(2029, 12, 4, 10, tzinfo=UTC)


class Ribera(Farm):
    """One attempt of the core at the museum."""

    def __init__(
        self, browser: Browser, twin: TwinProcess, wish: Request, office: str | None = None, zone: str = "venue"
    ) -> None:
        stock = REGISTRY.venue("museo_ribera")
        venue = stock.model_copy(update={"origin": twin.origin})
        manifest = REGISTRY.manifest(stock)
        self.reference = Reference(mint_code(), 1)
        planted = plant(wish, self.reference, manifest.plants)
        self.ask = Ask(venue, manifest, REGISTRY.script(stock), planted, lambda: datetime.now(UTC))
        self.visits = PartnerVisits(
            Engine(browser), _at(twin, office, zone), venue, manifest, self.ask.clock, ways=OwnWays()
        )
        self.journal = Journal()
        self.guard = Guard()


def _at(twin: TwinProcess, office: str | None, zone: str) -> Partners:
    access = PARTNER.access.model_copy(update={"hosts": (urlsplit(twin.origin).netloc,)})
    accounts = {"taquilla": AccountTerms(user=f"{office}_USER", secret=f"{office}_SECRET")} if office else {}
    session = PARTNER.session.model_copy(update={"accounts": accounts})
    looks = PARTNER.fingerprint.model_copy(update={"timezone": zone})
    agreed = PARTNER.model_copy(update={"access": access, "session": session, "fingerprint": looks})
    return Partners({PARTNER.slug: agreed})
