"""``readback leftovers``: what attempts without a booking have left at venues."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.terminal import AsJson, printer, put

if TYPE_CHECKING:
    from datetime import datetime

    from farm.registry import Registry
    from gateway.answers import LeftoverAnswer
    from ledger.records import AttemptRecord
    from tasks.settings import Settings


def leftovers(
    *,
    days: Annotated[int, typer.Option(metavar="N", min=1, max=365, help="How far back.")] = 30,
    as_json: AsJson = False,
) -> None:
    """List what attempts without a booking have left at venues: accounts, and holds that still run.

    An account is found there by our reference, which its e-mail carries.
    A hold that was not given back ends by itself at its time.
    """
    from gateway.answers import LeftoversAnswer
    from gateway.deployment import registry, settings

    here = settings()
    found = asyncio.run(_found(here, registry(here), days))
    if as_json:
        put(LeftoversAnswer(leftovers=tuple(found)))
        return
    for left in found:
        until = f", until {left.until.astimezone():%d %b %H:%M}" if left.until else ""
        printer().print(f"{left.what} at {left.venue}{until}: {left.our_reference} of {left.booking}")
    if not found:
        printer().print("Nothing is left anywhere.")


async def _found(here: Settings, there: Registry, days: int) -> list[LeftoverAnswer]:
    from gateway.deployment import open_ledger

    async with open_ledger(here) as ledger:
        now = ledger.clock()
        rows = await ledger.overview.left_behind(now - timedelta(days=days))
        return [left for row in rows for left in _of_attempt(row, there, now)]


def _of_attempt(row: AttemptRecord, there: Registry, now: datetime) -> list[LeftoverAnswer]:
    from farm.facts import Hold
    from farm.phases import Step
    from gateway.answers import LeftoverAnswer

    left = []
    venue = there.venues.get(row.venue)
    told = {"venue": row.venue, "our_reference": row.our_reference, "booking": row.booking_id}
    typed = any(stage.stage == Step.ENTER_GUEST for stage in row.stages)
    if venue is not None and there.manifest(venue).made_role is not None and typed:
        left.append(LeftoverAnswer(what="account", until=None, **told))
    hold = Hold.model_validate_json(row.hold or "")
    if hold.expires_at is not None and hold.expires_at > now and not row.given_back:
        left.append(LeftoverAnswer(what="hold", until=hold.expires_at, **told))
    return left
