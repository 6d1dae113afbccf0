"""The wake-ups of one booking in memory: one open row per kind, as ``ledger/wake_ups.py`` keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from farm.life.transition import WakeUpKind

RESEND_S = 30.0
_DOUBLINGS = 4


@dataclass(slots=True)
class Wake:
    """One open wake-up.

    Attributes:
        sends: Messages since it was set; one that brought nothing is sent again, each time after twice as long.
    """

    due_at: datetime
    sent_at: datetime | None = None
    sends: int = 0

    @property
    def next_at(self) -> datetime:
        """When its next message goes out."""
        if self.sent_at is None:
            return self.due_at
        return self.sent_at + timedelta(seconds=RESEND_S * 2 ** min(self.sends - 1, _DOUBLINGS))


@dataclass(slots=True)
class Wakes:
    """The open wake-ups of one booking, by kind."""

    open: dict[WakeUpKind, Wake] = field(default_factory=dict)

    def set(self, kind: WakeUpKind, due_at: datetime) -> None:
        """Set the open one, or make one. The earlier time wins until it was sent; then the given one does."""
        known = self.open.get(kind)
        if known is None or known.sent_at is not None or due_at < known.due_at:
            self.open[kind] = Wake(due_at)

    def done(self, kind: WakeUpKind) -> None:
        """Close the open one, if there is one."""
        self.open.pop(kind, None)

    def again(self, kind: WakeUpKind, due_at: datetime) -> None:
        """Set the open one anew if it was sent: its message met another worker."""
        known = self.open.get(kind)
        if known is not None and known.sent_at is not None:
            self.open[kind] = Wake(due_at)

    def first(self) -> tuple[datetime, WakeUpKind] | None:
        """The next message: when it goes out, and for what."""
        return min(((wake.next_at, kind) for kind, wake in self.open.items()), default=None)

    def send(self, kind: WakeUpKind, now: datetime) -> None:
        """Its message goes out; the row stays open until somebody closes it."""
        wake = self.open[kind]
        wake.sent_at, wake.sends = now, wake.sends + 1
