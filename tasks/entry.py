"""The tasks that Celery knows: each hands one booking to the loop of its worker process; a check gets a process."""

from __future__ import annotations

import logging
import time

from celery import Task
from celery.exceptions import Reject, SoftTimeLimitExceeded
from sqlalchemy.exc import DBAPIError

from tasks.app import DOOR, HARD_LIMIT_S, NIGHTLY, NOTIFY, SOFT_LIMIT_S, WARM, app
from tasks.door import taken_in
from tasks.driving import drive
from tasks.nightly import check_tonight
from tasks.queues import DOOR_QUEUE, NOTIFY_QUEUE
from tasks.runtime import runtime
from tasks.settings import Settings
from tasks.warming import warm as have_a_log_in

log = logging.getLogger(__name__)

AWAY_S = 1.0
"""How long a message rests before it goes back to the broker."""
LIMITS = {"soft_time_limit": SOFT_LIMIT_S, "time_limit": HARD_LIMIT_S, "max_retries": 0}


@app.task(name="farm.book", queue="book", acks_late=False, **LIMITS)
def book(booking_id: str) -> None:
    """Drive a booking until it is booked and looked at, or until nothing is left to try. Early ack: a hint only."""
    runtime().run(lambda farm: drive(farm, booking_id, "book"))


@app.task(name="farm.cancel", queue="book", acks_late=False, **LIMITS)
def cancel(booking_id: str) -> None:
    """Cancel a booking, at the venue where it stands there, and prove it."""
    runtime().run(lambda farm: drive(farm, booking_id, "cancel"))


@app.task(name="farm.verify", queue="verify", acks_late=True, reject_on_worker_lost=True, **LIMITS)
def verify(booking_id: str) -> None:
    """Look at the venue's record once more. Idempotent, so it is acknowledged late."""
    runtime().run(lambda farm: drive(farm, booking_id, "verify"))


@app.task(name="farm.change", queue="book", acks_late=False, **LIMITS)
def change(booking_id: str) -> None:
    """Change a booking, new before old."""
    runtime().run(lambda farm: drive(farm, booking_id, "change"))


@app.task(name="farm.recheck", queue="verify", acks_late=True, reject_on_worker_lost=True, **LIMITS)
def recheck(booking_id: str) -> None:
    """Look whether the venue still has what it confirmed, and whether a record came late elsewhere."""
    runtime().run(lambda farm: drive(farm, booking_id, "recheck"))


@app.task(name=WARM, queue="verify", acks_late=True, reject_on_worker_lost=True, **LIMITS)
def warm(warm_up_id: str) -> None:
    """Log in ahead of an opening. Idempotent, as a look is."""
    runtime().run(lambda farm: have_a_log_in(farm, warm_up_id))


@app.task(
    name=DOOR,
    queue=DOOR_QUEUE,
    bind=True,
    acks_late=True,
    reject_on_worker_lost=True,
    ignore_result=app.conf.result_backend is None,
    **LIMITS,
)
def door(task: Task, request: object = None, idempotency_key: str | None = None) -> dict[str, object]:
    """Queue the request of a platform that shares the broker. The key is the message's own id unless one is given."""
    key = task.request.id if idempotency_key is None else idempotency_key
    try:
        return runtime().run(lambda farm: taken_in(farm, request, key)).model_dump(mode="json", exclude_none=True)
    except (DBAPIError, TimeoutError, SoftTimeLimitExceeded) as error:
        log.warning("a request goes back to the door, for the ledger is away (%s)", type(error).__name__)
        time.sleep(AWAY_S)
        raise Reject("the ledger is away", requeue=True) from None


@app.task(name=NOTIFY, queue=NOTIFY_QUEUE, acks_late=False, **LIMITS)
def notify(webhook_id: str) -> None:
    """Begin to send what is due to an endpoint; the slot is free at once, however long the other side takes."""
    runtime().run(lambda farm: farm.sendings.begin(webhook_id))


@app.task(name=NIGHTLY, queue="nightly", acks_late=False, max_retries=0)
def nightly(integration: str) -> None:
    """Check one integration. It may take long, so it is acknowledged early: the next night makes up for it."""
    check_tonight(Settings(), integration)
