"""A visit for something else than booking: logged in where the role that it needs is one of user and password."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from farm.booking import Ask, log_in_wall
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
        if visit.account is None:
            raise ContractBroken(f"the visit as `{role}` was opened without its account")
        await visit.begin(None)
        await ask.script.log_in(visit, visit.account)
        visit.watch_for(log_in_wall(ask.script, visit.page))
        yield visit
