"""What each candidate is told to book; the same for all, but for the day and the e-mail."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date, timedelta

GUEST = "Ada Rossi"
PHONE = "+39 051 123456"
COVERS = 2
AT = "20:30"
DAYS_AHEAD = 30


@dataclass(frozen=True)
class Order:
    """One table for two at half past eight, on a day that nobody else has."""

    day: date
    email: str

    @property
    def note(self) -> str:
        """Words of the guest for the house."""
        return "alla finestra"

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, line: str) -> Order:
        """The order in a line of ``to_json``."""
        read = json.loads(line)
        return cls(date.fromisoformat(read["day"]), read["email"])


def nth_order(number: int, today: date) -> Order:
    """Another day and another e-mail for each number."""
    return Order(today + timedelta(days=DAYS_AHEAD + number), f"ada{number}@example.com")
