"""What is too old goes: evidence after the deployment's days, lists of venues when their day is over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, time, timedelta

from ledger.store import Ledger
from tasks.evidence import EvidenceStore
from tasks.settings import Settings

log = logging.getLogger(__name__)
FIRST_S, EVERY_S = 60.0, 3600.0


@asynccontextmanager
async def clearing_now_and_then(ledger: Ledger, settings: Settings) -> AsyncIterator[None]:
    """Clear every hour, beside the work of whoever runs this. Several may: what is gone is gone."""
    clearing = asyncio.create_task(_for_ever(ledger, settings))
    try:
        yield
    finally:
        clearing.cancel()
        with suppress(asyncio.CancelledError):
            await clearing


async def _for_ever(ledger: Ledger, settings: Settings) -> None:
    await asyncio.sleep(FIRST_S)
    while True:
        try:
            await clear(ledger, settings)
        except Exception as error:  # noqa: BLE001 - each kind of store has errors of its own
            log.warning("what is too old was not deleted (%s): in an hour again", type(error).__name__)
        await asyncio.sleep(EVERY_S)


async def clear(ledger: Ledger, settings: Settings) -> None:
    """Delete what is too old: the bytes first, then the rows that name them."""
    today = ledger.clock().astimezone(UTC).date()
    first_kept = today - timedelta(days=settings.evidence_days)
    days = await EvidenceStore.of(settings).forget_days(first_kept)
    rows = await ledger.evidence.clear(datetime.combine(first_kept, time(), UTC))
    await ledger.availability.clear(today - timedelta(days=1))  # it is still yesterday somewhere
    if days or rows:
        log.info("evidence from before %s was deleted: %d days, %d items", first_kept, days, rows)
