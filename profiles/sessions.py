"""Log in once: the first visit under a kept account leaves its log-in, sealed in the ledger, for all later ones.

Only the partner's own accounts are kept, never a guest's. The state of the browser is read right after the log-in, in
a context that did nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from playwright.async_api import BrowserContext, StorageState

from farm.contract import Account
from farm.entry import AccountAt, KeptLogIn
from farm.errors import AccountBusy, KeptLogInLost, SessionLost, VenueChanged
from farm.request import Clock
from profiles.sealing import CannotOpen, KeyRing
from profiles.terms.session import AccountTerms

log = logging.getLogger(__name__)

LOG_IN = 0
"""The place of who logs in, beside those of the visits."""
PATIENCE_S = 5.0
POLL_S = 0.1
"""So long a visit waits for a place, or for somebody else's log-in; then the booking comes again."""
STATE_S = 10.0


class SessionStore(Protocol):
    """Where log-ins are kept and accounts are leased; ledger/ implements it."""

    async def kept(self, at: AccountAt) -> KeptLogIn | None:
        """The last log-in, unless it was dropped."""
        ...

    async def keep(self, at: AccountAt, account: str, seal: Callable[[int], bytes]) -> int:
        """Keep a log-in; its number."""
        ...

    async def drop(self, at: AccountAt, number: int) -> None:
        """Forget this one."""
        ...

    async def take(self, partner: str, role: str, places: Iterable[int], lasts_s: float) -> Any:  # noqa: ANN401
        """A free place of the account, or None."""
        ...

    async def give_back(self, place: Any) -> None:  # noqa: ANN401 - only the store knows what it is
        """Free it."""
        ...


@dataclass
class LogIn:
    """The way in of one visit (the core's port ``Entry``): with a state that was kept, or as whoever makes one."""

    sessions: Sessions
    at: AccountAt
    mark: str
    kept: KeptLogIn | None = None
    state: StorageState | None = field(default=None, repr=False)
    place: Any = None
    context: BrowserContext | None = None

    @property
    def is_open(self) -> bool:
        return self.state is not None

    async def bring(self, context: BrowserContext) -> None:
        """Put the kept state into a fresh context."""
        self.context = context
        if self.state is not None:
            async with asyncio.timeout(STATE_S):
                await context.set_storage_state(self.state)

    async def opened(self) -> None:
        assert self.context is not None  # noqa: S101 - a visit has a context
        async with asyncio.timeout(STATE_S):
            state = await self.context.storage_state()
        await self.sessions.keep(self, state)


@dataclass(frozen=True)
class Sessions:
    """The kept log-ins of a deployment.

    Attributes:
        keys: Read when the first account is kept, so that who keeps none needs no key.
    """

    store: SessionStore
    keys: Callable[[], KeyRing]
    clock: Clock

    @asynccontextmanager
    async def entering(
        self, at: AccountAt, terms: AccountTerms, account: Account, most_s: float, good_until: datetime | None = None
    ) -> AsyncIterator[LogIn | None]:
        """One visit under an account of the partner's: its place, and its way in; None where no log-in is kept.

        Args:
            at: Which account, at which venue.
            terms: What was agreed.
            account: With the secret, so that a log-in of an older password is not used.
            most_s: What the visit may take; after it the place could be another's, so it is cut.
            good_until: A log-in that gets too old before this moment is renewed.

        Raises:
            AccountBusy: Before a packet.
            KeptLogInLost: The venue showed its wall to a log-in that was kept.
        """
        async with self._place(at, terms, most_s):
            if not terms.keep:
                yield None
                return
            entry = await self._entry(at, terms, account, most_s, good_until)
            try:
                async with asyncio.timeout(most_s):
                    yield entry
            except SessionLost as error:
                if entry.kept is None:
                    raise
                await self.store.drop(at, entry.kept.number)
                log.info("%s: the kept log-in %d as %s has ended", at.venue, entry.kept.number, at.role)
                raise KeptLogInLost from error
            except VenueChanged:
                if entry.kept is not None:  # perhaps a wall that the script does not know
                    await self.store.drop(at, entry.kept.number)
                raise
            finally:
                await self._give_back(entry)

    async def keep(self, entry: LogIn, state: StorageState) -> None:
        """Seal what a log-in left, for later visits; the next one may log in."""
        keys, clear = self.keys(), json.dumps(state).encode()
        number = await self.store.keep(
            entry.at, entry.mark, lambda number: keys.seal(clear, _belongs_to(entry.at, number))
        )
        log.info("%s: log-in %d as %s is kept", entry.at.venue, number, entry.at.role)
        await self._give_back(entry)

    @asynccontextmanager
    async def _place(self, at: AccountAt, terms: AccountTerms, most_s: float) -> AsyncIterator[None]:
        if terms.visits_at_once is None:
            yield
            return
        places = range(LOG_IN + 1, LOG_IN + 1 + terms.visits_at_once)
        ends_at = asyncio.get_running_loop().time() + PATIENCE_S
        while (place := await self.store.take(at.partner, at.role, places, most_s)) is None:
            await _wait(ends_at, f"{terms.visits_at_once} visit(s) with the account {at.role} are under way")
        try:
            async with asyncio.timeout(most_s):
                yield
        finally:
            await self.store.give_back(place)

    async def _entry(
        self, at: AccountAt, terms: AccountTerms, account: Account, most_s: float, good_until: datetime | None
    ) -> LogIn:
        mark = self.keys().mark(json.dumps([account.user, account.secret.get_secret_value()]))
        ends_at = asyncio.get_running_loop().time() + most_s / 2
        while True:
            entry = await self._kept(at, terms, mark)
            if entry is not None and not self._is_due(entry, terms, good_until):
                return entry
            place = await self.store.take(at.partner, at.role, [LOG_IN], most_s)
            if place is not None:
                now_kept = await self._kept(at, terms, mark)  # who had the place may have just logged in
                if now_kept is not None and not self._is_due(now_kept, terms, good_until):
                    await self.store.give_back(place)
                    return now_kept
                return LogIn(self, at, mark, place=place)
            if entry is not None:
                return entry  # somebody else renews it
            await _wait(ends_at, f"somebody else logs in as {at.role}")

    async def _kept(self, at: AccountAt, terms: AccountTerms, mark: str) -> LogIn | None:
        """The kept log-in, if it can be opened, is of this account, and is not too old."""
        kept = await self.store.kept(at)
        oldest = timedelta(minutes=terms.oldest_min)
        if kept is None or kept.account != mark or self.clock() - kept.since >= oldest:
            return None
        try:
            clear = self.keys().open(kept.sealed, _belongs_to(at, kept.number))
        except CannotOpen as error:
            log.warning("%s: the kept log-in as %s is of no use: %s", at.venue, at.role, error)
            return None
        return LogIn(self, at, mark, kept, json.loads(clear))

    def _is_due(self, entry: LogIn, terms: AccountTerms, good_until: datetime | None) -> bool:
        """True when it gets too old within the agreed time, or before it is needed."""
        if entry.kept is None:
            return False
        too_old = entry.kept.since + timedelta(minutes=terms.oldest_min)
        needed = max(filter(None, (self.clock(), good_until)))
        return too_old - timedelta(minutes=terms.renew_before_min) <= needed

    async def _give_back(self, entry: LogIn) -> None:
        place, entry.place = entry.place, None
        if place is not None:
            with contextlib.suppress(Exception):  # it ends by itself
                await self.store.give_back(place)


async def _wait(ends_at: float, why: str) -> None:
    if asyncio.get_running_loop().time() >= ends_at:
        raise AccountBusy(why)
    await asyncio.sleep(POLL_S)


def _belongs_to(at: AccountAt, number: int) -> tuple[str, str, str, int]:
    return at.partner, at.role, at.venue, number
