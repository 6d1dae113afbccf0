"""``Retry-After``: how long a venue wants to be left alone (RFC 9110, section 10.2.3)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

SHORTEST_S, LONGEST_S = 1.0, 24 * 3600.0
"""What a header may say at least and at most: clocks differ, and one number must not stop a partner for good."""


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Seconds from now, between a second and a day; None where the header is missing or says nothing.

    Args:
        header: Its value: seconds, or a date.
        now: What a date is counted from: the answer's own ``Date``, or the clock of whoever got it.
    """
    if header is None:
        return None
    value = header.strip()
    if value.isdecimal() and value.isascii():
        wait_s = float(value)
    else:
        try:
            at = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        wait_s = ((at if at.tzinfo is not None else at.replace(tzinfo=UTC)) - now).total_seconds()
    return min(max(float(math.ceil(min(wait_s, LONGEST_S))), SHORTEST_S), LONGEST_S)


def asked_to_wait_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """What an answer says, by its own clock where it shows one."""
    try:
        by_its_clock = parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, OverflowError):
        by_its_clock = now
    return retry_after_s(headers.get("retry-after"), by_its_clock if by_its_clock.tzinfo is not None else now)
