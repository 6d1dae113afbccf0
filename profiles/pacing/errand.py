"""What somebody goes to a venue for: how many requests that takes, and who may go first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

ErrandKind = Literal["book", "look", "cancel", "change", "release"]

REQUESTS: dict[ErrandKind, int] = {"book": 12, "look": 4, "cancel": 10, "change": 12, "release": 4}
"""How many requests a visit is taken to need until it has ended: by judgement, nobody has counted. A wrong number
costs a little waiting in the visit or before it, and never a request too many."""
HURRY_S = 10 * 60
"""Who must know within so long may be let in out of turn."""


@dataclass(frozen=True, slots=True)
class Errand:
    """One piece of work at a venue, for one booking.

    Attributes:
        ticket: The same for every time that it is asked for: the booking's id.
        reseller: Whose turn it is.
        know_by: When the guest must know.
    """

    kind: ErrandKind
    ticket: str
    reseller: str
    know_by: datetime | None = None

    @property
    def is_new(self) -> bool:
        """True for what stands in the queue, and not in quiet hours: everything else looks after what was clicked."""
        return self.kind == "book"

    @property
    def rests_in_quiet_hours(self) -> bool:
        """True for what begins something at the venue."""
        return self.kind in {"book", "change"}

    def hurry(self, now: datetime) -> float | None:
        """When the guest must know, for one who must soon."""
        if self.know_by is None or (self.know_by - now).total_seconds() > HURRY_S:
            return None
        return self.know_by.timestamp()
