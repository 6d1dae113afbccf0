"""The relay: turns due wake-ups of the ledger into Celery messages, and sends lost ones again. Any number may run."""

from __future__ import annotations

import asyncio
import logging
import math
import signal
import time
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from ledger.store import Ledger
from ledger.written import Written
from tasks.app import TASKS, app
from tasks.clearing import clearing_now_and_then
from tasks.crash_points import crash_point
from tasks.letters import letters_going_out
from tasks.parent import end_with_parent
from tasks.settings import Settings
from tasks.telling import webhooks_told
from tasks.warming import Warming

log = logging.getLogger(__name__)
BATCH = 50
BACK_OFF_S = 1.0
WAIT_S = 0.25
"""How long it waits for a write to the ledger before it asks whether it shall stop."""


async def relay(settings: Settings, stop: asyncio.Event) -> None:
    """Send what is due until ``stop`` is set. A broker or database that is away only delays: the rows stay due.

    Every half of a lease's length it sweeps: what a dead worker held is woken then, not when a message is sent again.
    """
    async with (
        await Ledger.open(settings.ledger_url) as ledger,
        letters_going_out(ledger, settings),
        webhooks_told(ledger, settings),
        clearing_now_and_then(ledger, settings),
    ):
        with Written(settings.ledger_url) as written:
            swept_at, warming = -math.inf, Warming(ledger, settings)
            while not stop.is_set():
                try:
                    if time.monotonic() >= swept_at + settings.lease_s / 2:
                        swept_at = time.monotonic()
                        await ledger.sweep()
                        await warming.round()
                    await _round(ledger, written, settings, stop)
                except Exception as error:  # without a relay the whole farm would stand still
                    bug = not isinstance(error, SQLAlchemyError)
                    log.warning("no look at the ledger (%s): the relay goes on", type(error).__name__, exc_info=bug)
                    await asyncio.sleep(BACK_OFF_S)


async def _round(ledger: Ledger, written: Written, settings: Settings, stop: asyncio.Event) -> None:
    """Send what is due, then wait until there may be more."""
    next_due = await ledger.next_due(settings.resend_s)
    sent = await _send_due(ledger, settings) if _left_s(next_due, ledger) <= 0 else 0
    if sent < BATCH:
        await asyncio.sleep(BACK_OFF_S if sent < 0 else settings.poll_s)
    ends_at = time.monotonic() + settings.lease_s / 2
    while not stop.is_set() and (left_s := _left_s(next_due, ledger)) > 0 and time.monotonic() < ends_at:
        if await asyncio.to_thread(written.wait, min(left_s, WAIT_S)):
            break


def _left_s(moment: datetime | None, ledger: Ledger) -> float:
    return math.inf if moment is None else (moment - ledger.clock()).total_seconds()


async def _send_due(ledger: Ledger, settings: Settings) -> int:
    """How many wake-ups were sent; -1 when the broker is away."""
    due = await ledger.due_wake_ups(BATCH, settings.resend_s)
    await crash_point("relay_after_pick")
    for n, wake_up in enumerate(due):
        if wake_up.kind not in TASKS:
            log.error("%s: nothing here knows the wake-up `%s`", wake_up.booking_id, wake_up.kind)
            continue
        name, queue = TASKS[wake_up.kind]
        try:
            await asyncio.to_thread(app.send_task, name, (wake_up.booking_id,), queue=queue)
        except Exception as error:  # noqa: BLE001 - each broker has errors of its own; kombu does not translate all
            log.warning("the broker is away (%s): what is due stays due", type(error).__name__)
            await ledger.not_sent(due[n:])
            return -1
    await crash_point("relay_after_send")
    return len(due)


async def relay_until_told(settings: Settings) -> None:
    """Relay until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await relay(settings, stop)


if __name__ == "__main__":
    end_with_parent()
    asyncio.run(relay_until_told(Settings()))
