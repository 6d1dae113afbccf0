"""What went through, by partner."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass
class Count:
    """Of one partner, since the guard has started."""

    connections: int = 0
    bytes_up: int = 0
    bytes_down: int = 0


class Counts:
    """Connections to the venues of each partner, and the bytes that went to them and came back."""

    def __init__(self) -> None:
        self._by_partner: dict[str, Count] = {}

    def of(self, partner: str) -> Count:
        """Where this partner's traffic is counted."""
        return self._by_partner.setdefault(partner, Count())

    def as_json(self) -> dict[str, dict[str, int]]:
        """All counts, by partner."""
        return {partner: asdict(count) for partner, count in sorted(self._by_partner.items())}
