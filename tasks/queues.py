"""The queues, by kind of work; known without any setting, so that a command need not load Celery to name one."""

from __future__ import annotations

BOOKING_QUEUES = ("book", "verify")
DOOR_QUEUE = "door"
NOTIFY_QUEUE = "notify"
DEFAULT_QUEUES = (*BOOKING_QUEUES, DOOR_QUEUE, NOTIFY_QUEUE)
"""What a worker takes unless it is told otherwise."""
QUEUES = (*DEFAULT_QUEUES, "nightly")
