"""What the venue puts up with in each stretch of the run, and the clock that all of it is played by."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from farm.tolerance import Bounds

LIMITS_PER_MIN = (60, 36, 80, 45)
"""Hidden: only the twin knows them. The agreement says 10 to 100."""
BOUNDS = Bounds(
    floor_per_min=10,
    ceiling_per_min=100,
    start_per_min=30,
    step_per_min=16,
    back_off=0.85,
    cool_down_s=6,
    challenge_pause_s=600,
)
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Schedule:
    """Stretches of equal length, one for each limit.

    Attributes:
        minutes: How long a stretch is, in minutes of the agreement.
        minute_s: How many seconds of the wall such a minute takes here.
    """

    minutes: float
    minute_s: float

    @property
    def lasts_s(self) -> float:
        """The whole run, in seconds of the wall."""
        return len(LIMITS_PER_MIN) * self.minutes * self.minute_s

    @property
    def best(self) -> float:
        """As many requests as the venue would have served to somebody who knows."""
        return sum(min(limit, BOUNDS.ceiling_per_min) * self.minutes for limit in LIMITS_PER_MIN)

    def limit_at(self, minute: float) -> int | None:
        """The limit at that minute; None once all is over."""
        number = int(minute // self.minutes)
        return LIMITS_PER_MIN[number] if 0 <= number < len(LIMITS_PER_MIN) else None


@dataclass
class Compressed:
    """The ledger's clock of the run: each of its minutes takes ``minute_s`` seconds of the wall."""

    minute_s: float
    _began_s: float = field(default_factory=time.monotonic)

    def __call__(self) -> datetime:
        return _EPOCH + timedelta(minutes=(time.monotonic() - self._began_s) / self.minute_s)

    def wall_s(self, until: datetime) -> float:
        """How many seconds of the wall it is until then."""
        return (until - self()).total_seconds() / 60 * self.minute_s
