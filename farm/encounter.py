"""What a visit meets at the venue: how much it asked, how quickly it was answered, and what turned it away."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

from playwright.async_api import Request

from farm.errors import AccessRefused
from farm.rebuff import Rebuff, rebuff


def refusal(status: int, headers: dict[str, str], what: str) -> AccessRefused | None:
    """The refusal that an answer means: 403, 429, or a challenge by its header."""
    found = rebuff(status, headers, what)
    return AccessRefused(str(found), rebuff=found) if found is not None else None


class Encounter:
    """What a visit meets: how much it asked, how quickly it was answered, and what turned it away.

    Attributes:
        asked: Pages, and the calls that they make; pictures and the like are not counted.
        latencies_s: How long each of the answers took to begin, by the browser's own clock.
        rebuff: The first answer that turned it away.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.latencies_s: list[float] = []
        self.rebuff: Rebuff | None = None

    def answered(self, latency_s: float | None, error: AccessRefused | None) -> None:
        """An answer came."""
        self.asked += 1
        if latency_s is not None:
            self.latencies_s.append(latency_s)
        if self.rebuff is None and error is not None:
            self.rebuff = error.rebuff

    def asked_as(self, user_agent: str | None) -> None:
        """As whom the request that was turned away was made."""
        if self.rebuff is not None and self.rebuff.user_agent is None:
            self.rebuff = replace(self.rebuff, user_agent=user_agent)

    @property
    def latency_s(self) -> float | None:
        """What was usual; None where nothing was measured."""
        return median(self.latencies_s) if self.latencies_s else None


def latency_s(request: Request) -> float | None:
    """From the request's leaving to the answer's first byte: a worker under load makes no venue slow."""
    began_ms, answered_ms = request.timing["requestStart"], request.timing["responseStart"]
    return (answered_ms - began_ms) / 1000 if 0 <= began_ms <= answered_ms else None
