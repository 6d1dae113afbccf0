"""What an integration has earned by its checks: words in their order. ``tools/tier.py`` computes them."""

from __future__ import annotations

from enum import StrEnum


class Tier(StrEnum):
    """How far an integration may be trusted; each holds what those before it hold.

    ``BRONZE`` may be merged, ``SILVER`` may take real bookings, ``GOLD`` finds out what became of a lost answer
    without the venue's reference. ``NONE`` has not even earned bronze, or broke since.
    """

    NONE = "none"
    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"

    @property
    def rank(self) -> int:
        """Its place in the order, from 0."""
        return list(Tier).index(self)

    def holds(self, least: Tier) -> bool:
        """True when it is ``least`` or better."""
        return self.rank >= least.rank
