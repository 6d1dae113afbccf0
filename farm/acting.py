"""A visit for something else than booking: logged in where the role that it needs is one of user and password."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from farm.booking import Ask, log_in_wall
from farm.contract import VenueScript
from farm.errors import ContractBroken
from farm.gate import CommitGate
from farm.phases import Step
from farm.ports import Visits
from farm.visit import Visit


@asynccontextmanager
async def acting(
    ask: Ask, visits: Visits, gate: CommitGate, step: Step, role: str | None, *more: Step
) -> AsyncIterator[Visit]:
    """A visit for these steps, logged in where the role is one of user and password."""
    kind = ask.manifest.accounts[role].kind if role is not None else None
    account = ask.made if kind == "made" else None
    async with visits.open(gate, (step, *more), role, account) as visit:
        if kind in {None, "token"}:
            await visit.begin(log_in_wall(ask.script, visit.page))
            yield visit
            return
        await visit.begin(None)
        await come_in(visit, ask.script)
        visit.watch_for(log_in_wall(ask.script, visit.page))
        yield visit


async def come_in(visit: Visit, script: VenueScript) -> None:
    """Log in, unless the visit has a log-in that was kept. What was kept and is no longer good, a later wait shows.

    Raises:
        NotBooked: The venue does not let us in.
        ContractBroken: The visit has no account.
    """
    if visit.account is None:
        raise ContractBroken(f"a visit of {visit.venue.slug} that has to log in was opened without an account")
    if visit.entry is not None and visit.entry.is_open:
        return
    await script.log_in(visit, visit.account)
    visit.check()
    if visit.entry is not None:
        await visit.entry.opened()
