"""A ground to play on: one twin, and one farm that knows only this venue, under its own agreement."""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from farm.manifest import Manifest
from farm.registry import Integration, Registry
from farm.request import Request
from farm.tier import Tier
from farm.venue import Venue
from fixtures.kit.process import ROOT, TwinProcess
from fixtures.pretix_shop.twin import PretixTwin
from ledger.clock import wall_clock
from ledger.migrate import upgrade
from ledger.store import Ledger
from profiles.partner import Partner, Partners
from profiles.terms.session import AccountTerms, MailboxTerms
from profiles.visiting import Engine
from tasks.runtime import Farm
from tasks.settings import Settings
from tools.conformance.camera import Camera
from tools.conformance.cases import CARD, Cases, TwinAccount

LEASE_S = 60.0
PRETIX = "fixtures.pretix_shop"
"""A real shop and no twin of ours: it is asked, and misbehaves, in its own ways."""


Twin = TwinProcess | PretixTwin


class Clock:
    """The wall clock, which a case may set ahead to the venue's next re-check."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return wall_clock() + self.ahead


@dataclass
class PlayedFarm(Farm):
    """A farm whose browser is watched.

    Attributes:
        watched: Where its contexts come from.
    """

    watched: Engine | None = None

    @property
    def engine(self) -> Engine:
        assert self.watched is not None  # noqa: S101 - a ground gives it
        return self.watched


@dataclass(frozen=True)
class Ground:
    """One twin with a farm of its own.

    Attributes:
        camera: Sees what the last page looked like.
    """

    cases: Cases
    twin: Twin
    farm: PlayedFarm
    clock: Clock
    camera: Camera

    @property
    def venue(self) -> Venue:
        """The venue as it stands here."""
        return self.farm.registry.venue(self.cases.venue)

    @property
    def manifest(self) -> Manifest:
        """What its integration declares, with the origins that it has here."""
        return self.farm.registry.manifest(self.venue)

    def wish(self) -> Request:
        """The request of every run."""
        return self.cases.request.at(self.venue, wall_clock())

    def clear(self) -> None:
        """As if nobody had ever come."""
        self.twin.clear()
        self.clock.ahead = timedelta()

    def at(self, **fingerprint: object) -> PlayedFarm:
        """The same farm under a profile with another fingerprint."""
        partner = self.farm.partners.must_have(self.venue.partner)
        looks = partner.fingerprint.model_copy(update=fingerprint)
        partners = Partners({partner.slug: partner.model_copy(update={"fingerprint": looks})})
        return replace(self.farm, partners=partners)


@asynccontextmanager
async def ground(integration: Integration, cases: Cases, folder: Path, farm: Farm) -> AsyncIterator[Ground]:
    """Start the twin of an integration, and a farm beside it with a ledger and secrets of its own.

    Args:
        integration: What is played.
        cases: What it brings.
        folder: For the twin's database, the ledger and the secrets; emptied of nothing.
        farm: Whose browser is used, and whose registry and profiles the venue is taken from.
    """
    twin = await asyncio.to_thread(_start, integration, cases, folder / "twin")
    try:
        stock = farm.registry.venue(cases.venue)
        venue = _standing(stock, twin)
        partner = _agreeing(farm.partners.must_have(stock.partner), twin, cases, folder)
        settings = Settings(home=folder, lease_s=LEASE_S, vault=f"file:{_vault(folder)}", least_tier=Tier.NONE)
        clock = Clock()
        await upgrade(settings.ledger_url)
        async with await Ledger.open(settings.ledger_url, clock) as ledger:
            registry = Registry({integration.slug: integration}, {venue.slug: venue})
            camera = Camera(farm.browser)
            played = PlayedFarm(
                settings,
                ledger,
                registry,
                Partners({partner.slug: partner}),
                farm.browser,
                farm.ways,
                clock,
                "play",
                watched=camera,
            )
            yield Ground(cases, twin, played, clock, camera)
    finally:
        await asyncio.to_thread(twin.stop)


def _start(integration: Integration, cases: Cases, data: Path) -> Twin:
    if cases.twin.module == PRETIX:
        return PretixTwin.start(data, **{name: str(value) for name, value in cases.twin.options.items()})
    root = ROOT if cases.twin.root is None else (integration.folder / cases.twin.root).resolve()
    return TwinProcess.start(cases.twin.module, data, 0, root, **cases.twin.options)


def _standing(venue: Venue, twin: Twin) -> Venue:
    """The venue at the twin's origins; each further one is the setting that ends in ``_origin``."""
    others = {f"{name}_origin": origin for name, origin in twin.also.items()}
    return venue.model_copy(update={"origin": twin.origin, "settings": {**venue.settings, **others}})


def _agreeing(partner: Partner, twin: Twin, cases: Cases, folder: Path) -> Partner:
    """The partner's profile as it stands, for the hosts, with the accounts and the mail of the twin."""
    hosts = tuple(urlsplit(origin).netloc for origin in (twin.origin, *twin.also.values()))
    access = partner.access.model_copy(update={"hosts": hosts})
    terms = {role: _terms(folder / "secrets" / role, account) for role, account in cases.accounts.items()}
    session = partner.session.model_copy(update={"accounts": terms, "mailbox": _mailbox(twin, cases.mailbox, folder)})
    return partner.model_copy(update={"access": access, "session": session})


def _terms(folder: Path, account: TwinAccount) -> AccountTerms:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "secret").write_text(account.secret.get_secret_value())
    if account.user is None:
        return AccountTerms(secret=f"file:{folder / 'secret'}")
    (folder / "user").write_text(account.user.get_secret_value())
    return AccountTerms(user=f"file:{folder / 'user'}", secret=f"file:{folder / 'secret'}")


def _mailbox(twin: Twin, account: TwinAccount | None, folder: Path) -> MailboxTerms | None:
    if isinstance(twin, PretixTwin) or not twin.mail:
        return None
    if account is None:
        return MailboxTerms(kind="maildir", folder=twin.mail["folder"])
    terms = _terms(folder / "secrets" / "the mailbox", account)
    return MailboxTerms(kind="imap", host=twin.mail["imap"], user=terms.user, secret=terms.secret)


def _vault(folder: Path) -> Path:
    """A vault with one card, whose number nobody wrote down: it passes the check digit and belongs to nobody."""
    file = folder / "cards.toml"
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as vault:
        vault.write(
            f"[{CARD}]\nholder = {json.dumps('Ada Rossi')}\nnumber = {json.dumps(_card_number())}\n"
            f'expires_month = 12\nexpires_year = {wall_clock().year + 3}\ncode = "{random.randint(100, 999)}"\n'  # noqa: S311
        )
    return file


def _card_number() -> str:
    digits = [4, *(random.randint(0, 9) for _ in range(14))]  # noqa: S311 - a made-up number
    doubled = [digit if place % 2 else sum(divmod(digit * 2, 10)) for place, digit in enumerate(digits)]
    return "".join(map(str, digits)) + str(-sum(doubled) % 10)
