"""The Celery application. Settings from measured facts, each with its reason.

A message holds a booking's id and is a hint: lost, doubled and late messages change nothing, because the ledger row
is the work and the relay sends it again.
"""

from __future__ import annotations

from celery import Celery
from kombu.entity import Exchange, Queue

from tasks.machine.finding import Found
from tasks.machine.private_redis import PrivateRedis
from tasks.machine.redis import find_redis
from tasks.queues import QUEUES
from tasks.settings import Settings

DOOR = "readback.book"
NIGHTLY = "farm.nightly"
WARM = "farm.warm"
NOTIFY = "farm.notify"
TASKS = {
    "book": ("farm.book", "book"),
    "verify": ("farm.verify", "verify"),
    "cancel": ("farm.cancel", "book"),
    "change": ("farm.change", "book"),
    "recheck": ("farm.recheck", "verify"),
}
"""Name and queue, by the kind of wake-up that asks for it."""
HARD_LIMIT_S = 300
SOFT_LIMIT_S = HARD_LIMIT_S - 30
VISIBILITY_S = 900
RESULT_S = 24 * 3600


def broker_url(settings: Settings) -> str:
    """The named broker, else the named Redis, else the private Redis of the state folder."""
    if settings.broker_url or settings.redis_url:
        return settings.broker_url or settings.redis_url or ""
    found = find_redis()
    return PrivateRedis(found.path, settings.home).broker_url if isinstance(found, Found) else ""


def redis_url(settings: Settings) -> str | None:
    """Where the pace of partners is kept: the named Redis, else the broker if it is one, else the private Redis."""
    named = settings.redis_url or settings.broker_url
    if named is not None:
        return named if named.startswith(("redis://", "rediss://", "unix://")) else None
    found = find_redis()
    return PrivateRedis(found.path, settings.home).url if isinstance(found, Found) else None


def make_app(settings: Settings) -> Celery:
    """An application on the deployment's broker."""
    app = Celery("readback", include=["tasks.entry"])
    app.conf.update(
        broker_url=broker_url(settings),
        result_backend=settings.results_url,  # for the door's answers only: status comes from the ledger
        task_ignore_result=True,
        result_expires=RESULT_S,
        task_serializer="json",
        accept_content=["json"],
        task_queues=[Queue(name, Exchange(name), routing_key=name) for name in QUEUES],  # type: ignore[no-untyped-call]  # kombu carries no types
        task_default_queue="book",
        task_create_missing_queues=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_pool_acquire_timeout=5.0,
        broker_connection_timeout=4,
        task_publish_retry_policy={"max_retries": 2, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.5},
        broker_transport_options={
            "visibility_timeout": VISIBILITY_S,  # longer than the hard limit; harmless if wrong: the lease decides
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "socket_timeout": 10,
            "socket_connect_timeout": 3,
            "health_check_interval": 10,
            "global_keyprefix": "readback:",
        },
        visibility_timeout=VISIBILITY_S,
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,  # nothing hoarded: a slot fetches when it is free
        worker_cancel_long_running_tasks_on_connection_loss=False,  # a cut between click and answer makes doubts
        worker_send_task_events=False,
        worker_pool_start_method="fork",  # the driver is only ever started after it
        worker_hijack_root_logger=False,
        worker_soft_shutdown_timeout=10.0,  # only for QUIT; TERM stays warm
    )
    return app


app = make_app(Settings())
