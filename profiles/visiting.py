"""Opens the Playwright context of a visit as the partner agreed, and holds every request to the agreement."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ProxySettings

from farm.contract import Account
from farm.entry import AccountAt
from farm.errors import AccessNotAgreed
from farm.gate import CommitGate
from farm.manifest import Manifest
from farm.phases import Step
from farm.request import Clock
from farm.venue import Venue
from farm.visit import Visit
from profiles.egress.grants import Allowed, addresses
from profiles.egress.way_out import Ways
from profiles.fingerprint import Family
from profiles.mailbox import mailbox_at
from profiles.pacing.pace import Pace, Permit
from profiles.pacing.store import Store
from profiles.pacing.tokens import VisitTokens
from profiles.partner import Partner, Partners
from profiles.secrets import is_there, open_account
from profiles.sessions import LogIn, Sessions
from profiles.signed_pages import SignedPages
from profiles.signing import Signer, signer_of
from profiles.terms.fingerprint import Viewport

PAGE_S = 10.0
LEAST_VISIT_S = 30.0


@dataclass(frozen=True)
class Appearance:
    """What a browser context says about itself.

    Attributes:
        scale: Device pixels to a CSS pixel.
        family: What its user agent is drawn from.
        session: Contexts of the same session say the same.
    """

    locale: str
    timezone: str
    viewport: Viewport
    color_scheme: str
    scale: float = 1.0
    family: Family = "chrome"
    session: str = ""


class Engine(Protocol):
    """Where contexts come from: the worker's browser, under its deadlines."""

    async def new_context(self, appearance: Appearance, proxy: ProxySettings) -> BrowserContext:
        """A fresh context, whose every connection runs through the proxy, to loopback too.

        Nothing is in it but, where the engine dresses its pages, the first one.
        """
        ...

    async def close_context(self, context: BrowserContext) -> None:
        """Close a context, whatever state the browser is in."""
        ...


class AgreedAccess:
    """The agreement, as every request of one visit meets it. Nothing goes out in the clear unless the venue does."""

    def __init__(self, partner: Partner, venue: Venue, tokens: VisitTokens, signer: Signer | None = None) -> None:
        self._tokens = tokens
        self._signer = signer
        self._schemes = _schemes(venue)
        self._hosts = frozenset(partner.access.hosts)
        self._skip = frozenset(partner.fingerprint.skip)
        self._gap_ms = partner.pacing.gap_ms
        self._last = float("-inf")

    def covers(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.scheme in {"data", "blob"} or (parts.scheme in self._schemes and parts.netloc in self._hosts)

    def loads(self, resource_type: str) -> bool:
        return resource_type not in self._skip

    def signature(self, method: str, url: str) -> dict[str, str]:
        return self._signer.headers(method, url) if self._signer is not None and self.covers(url) else {}

    async def pace(self) -> None:
        gap_s = random.uniform(*self._gap_ms) / 1000  # noqa: S311 - a gap is no secret
        wait_s = self._last + gap_s - time.monotonic()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        self._last = time.monotonic()

    async def turn(self, *, first: bool) -> None:
        await self._tokens.take(first=first)

    def went_by_itself(self) -> None:
        self._tokens.owe()


class PartnerVisits:
    """Visits of one venue under its partner's profile (the core's port ``Visits``)."""

    def __init__(
        self,
        engine: Engine,
        partners: Partners,
        venue: Venue,
        manifest: Manifest,
        clock: Clock,
        *,
        ways: Ways,
        pace: Pace | None = None,
        permit: Permit | None = None,
        sessions: Sessions | None = None,
        good_until: datetime | None = None,
    ) -> None:
        self._engine = engine
        self._ways = ways
        self._partners = partners
        self._venue = venue
        self._manifest = manifest
        self._clock = clock
        self._pace = pace or Pace(Store(None))  # without one, nobody goes to a partner that has set limits
        self._permit = permit
        self._sessions = sessions
        self._good_until = good_until

    def has_account(self, role: str) -> bool:
        partner = self._partners.by_slug.get(self._venue.partner)
        terms = partner.session.accounts.get(role) if partner is not None else None
        return terms is not None and is_there(terms)

    def has_mailbox(self) -> bool:
        partner = self._partners.by_slug.get(self._venue.partner)
        return partner is not None and mailbox_at(partner.session.mailbox) is not None

    @asynccontextmanager
    async def open(
        self, gate: CommitGate, steps: tuple[Step, ...], role: str | None, made: Account | None = None
    ) -> AsyncIterator[Visit]:
        partner = self._partners.must_have(self._venue.partner)
        partner.must_allow(steps, self._clock(), self._venue.zone, self._venue.origin)
        account, mailbox = made or _account(partner, role), mailbox_at(partner.session.mailbox)
        if self._manifest.mailbox and mailbox is None and Step.ENTER_GUEST in steps:
            raise AccessNotAgreed(
                f"the profile of {partner.slug} names no mailbox, and the venue writes to its guests"
            )
        signer = signer_of(partner.fingerprint, self._clock)
        agreed = addresses(partner.access.hosts, _schemes(self._venue))
        allowed = Allowed(partner.slug, agreed, is_ours=partner.access.is_ours)
        after = not {Step.READ_BACK, Step.CANCEL}.isdisjoint(steps)
        async with (
            self._entering(partner, role, account if made is None else None) as entry,
            self._pace.visit(partner, self._permit, role if made is None else None, first=after) as tokens,
            self._ways.open(allowed) as way,
        ):
            gate.when_open(lambda: way.commit_by(lambda: gate.left_s))
            context = await self._engine.new_context(appearance_of(partner, self._venue, account), way.proxy)
            try:
                if entry is not None:
                    await entry.bring(context)
                async with asyncio.timeout(PAGE_S):
                    page = context.pages[0] if context.pages else await context.new_page()
                    access = AgreedAccess(partner, self._venue, tokens, signer)
                    if signer is not None:
                        await SignedPages(context, signer, access.covers).sign(page)
                visit = Visit(
                    page,
                    self._venue,
                    self._manifest,
                    gate,
                    access,
                    account,
                    line=way,
                    mailbox=mailbox,
                    entry=entry,
                )
                try:
                    yield visit
                finally:
                    if visit.alone_s is not None:
                        await self._pace.heed(partner, visit.alone_s)
            finally:
                await self._engine.close_context(context)

    def _entering(
        self, partner: Partner, role: str | None, account: Account | None
    ) -> AbstractAsyncContextManager[LogIn | None]:
        """The way in under an account of the partner's. A guest's visit neither finds a log-in nor leaves one."""
        if self._sessions is None or role is None or account is None:
            return nullcontext()
        clicks = (rule.deadline_s for rule in (self._manifest.cancel, self._manifest.change) if rule is not None)
        most_s = 2 * max(self._manifest.step_s, *clicks, LEAST_VISIT_S)
        at = AccountAt(partner.slug, role, self._venue.slug)
        return self._sessions.entering(at, partner.session.accounts[role], account, most_s, self._good_until)


def appearance_of(partner: Partner, venue: Venue | None, account: Account | None = None) -> Appearance:
    """How a partner's venue is visited under an account: each retry of a visit looks the same."""
    looks = partner.fingerprint
    of_venue = venue.timezone if venue is not None else "UTC"
    who = f"{account.role}:{account.user}" if account is not None else "guest"
    return Appearance(
        locale=looks.locale,
        timezone=of_venue if looks.timezone == "venue" else looks.timezone,
        viewport=looks.viewport,
        color_scheme=looks.color_scheme,
        scale=looks.scale,
        family=looks.family,
        session=f"{partner.slug}:{who}",
    )


def _schemes(venue: Venue) -> frozenset[str]:
    return frozenset({"https", urlsplit(venue.origin).scheme})


def _account(partner: Partner, role: str | None) -> Account | None:
    if role is None:
        return None
    if role not in partner.session.accounts:
        raise AccessNotAgreed(f"partner {partner.slug} gave no account for the role `{role}`")
    return open_account(role, partner.session.accounts[role])
