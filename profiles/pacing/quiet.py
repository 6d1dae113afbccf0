"""Quiet hours: when nothing new is begun at a venue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from profiles.terms.access import Hours


def quiet_until(quiet: Sequence[Hours], now: datetime, zone: ZoneInfo) -> datetime | None:
    """When it is no longer quiet; None when it is not quiet now. Hours that meet are one stretch."""
    at = now
    for _ in range(len(quiet) + 1):
        local = at.astimezone(zone)
        ends = [_next(local, hours.until.hour, hours.until.minute) for hours in quiet if hours.hold(local.time())]
        if not ends:
            return at if at > now else None
        at = max(ends)
    return at  # round the clock: asked again at the end of each stretch


def _next(local: datetime, hour: int, minute: int) -> datetime:
    """The next time that the clock of that place shows this."""
    at = local.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
    if at <= local:
        at = (local.replace(tzinfo=None) + timedelta(days=1)).replace(
            hour=hour, minute=minute, second=0, microsecond=0, tzinfo=local.tzinfo
        )
    return at.astimezone(UTC)
