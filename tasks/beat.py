"""The clock: at one time of the night, one message for each integration. One process in a deployment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from celery.schedules import crontab

from tasks.app import NIGHTLY, app
from tasks.settings import Settings

EXPIRES = timedelta(hours=20)
"""A message that no worker took in a day is no longer wanted: the next night has its own."""


def nights(settings: Settings, integrations: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """The schedule: every integration, every night."""
    at = settings.nightly_at
    return {
        f"nightly {name}": {
            "task": NIGHTLY,
            "args": (name,),
            "schedule": crontab(hour=at.hour, minute=at.minute),
            "options": {"queue": "nightly", "expires": EXPIRES.total_seconds()},
        }
        for name in integrations
    }


def beat_until_told(settings: Settings, integrations: Sequence[str]) -> None:
    """Ask for the checks each night, until SIGTERM. A night that was missed is made up at the start."""
    folder = settings.home.absolute() / "beat"
    folder.mkdir(parents=True, exist_ok=True)
    app.conf.beat_schedule = nights(settings, integrations)
    app.Beat(schedule=str(folder / "schedule"), loglevel="WARNING", quiet=True).run()
