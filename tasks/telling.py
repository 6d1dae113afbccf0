"""The relay's part in webhooks: what is new in the feeds becomes deliveries, what is due a message to a sender."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy.exc import SQLAlchemyError

from ledger.store import Ledger
from tasks.app import NOTIFY, app
from tasks.queues import NOTIFY_QUEUE
from tasks.settings import Settings

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
FORGET_EVERY_S = 3600.0
BATCH = 50


@asynccontextmanager
async def webhooks_told(ledger: Ledger, settings: Settings) -> AsyncIterator[None]:
    """Plan and tell beside the work of whoever runs this; any number of relays may."""
    telling = asyncio.create_task(_tell_all(ledger, settings))
    try:
        yield
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling


async def _tell_all(ledger: Ledger, settings: Settings) -> None:
    forgot_at = -math.inf
    while True:
        try:
            if time.monotonic() >= forgot_at + FORGET_EVERY_S:
                forgot_at = time.monotonic()
                await ledger.deliveries.forget_old()
            await ledger.deliveries.plan()
            await tell(ledger, settings)
        except SQLAlchemyError as error:
            log.warning("no look at the webhooks (%s): they wait", type(error).__name__)
        except Exception:  # the relay goes on without it, and it goes on after a rest
            log.exception("no look at the webhooks")
        await asyncio.sleep(LOOK_EVERY_S)


async def tell(ledger: Ledger, settings: Settings) -> None:
    """Send a message for each endpoint to which something is due. A broker that is away only delays."""
    due = await ledger.deliveries.to_tell(BATCH, settings.resend_s)
    for n, webhook_id in enumerate(due):
        try:
            await asyncio.to_thread(app.send_task, NOTIFY, (webhook_id,), queue=NOTIFY_QUEUE)
        except Exception as error:  # noqa: BLE001 - each broker has errors of its own; kombu does not translate all
            log.warning("the broker is away (%s): webhooks wait", type(error).__name__)
            await ledger.deliveries.not_told(due[n:])
            return
