"""When requests left, on the one clock that a machine has, and what that says of an agreed rate."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class Agreed:
    """What was agreed, and for how long everybody asks for more than that.

    Attributes:
        begins_ns: Nobody leaves before, by the machine's clock.
    """

    per_min: int
    burst: int
    seconds: float
    begins_ns: int

    @property
    def ends_ns(self) -> int:
        """Nobody leaves after."""
        return self.begins_ns + int(self.seconds * SECOND_NS)

    def words(self) -> list[str]:
        """For another process's command line."""
        return [str(self.per_min), str(self.burst), str(self.seconds), str(self.begins_ns)]

    @classmethod
    def read(cls, words: Sequence[str]) -> Agreed:
        """What ``words`` wrote."""
        per_min, burst, seconds, begins_ns = words
        return cls(int(per_min), int(burst), float(seconds), int(begins_ns))


def leave(into: list[int]) -> None:
    """A request leaves now."""
    into.append(time.monotonic_ns())


def write(left: Sequence[int], to: Path) -> None:
    """Write down when requests left."""
    to.write_text("".join(f"{at}\n" for at in left), encoding="utf-8")


def read(folder: Path) -> list[int]:
    """When requests left, of all processes that wrote into this folder."""
    return sorted(int(line) for file in folder.iterdir() for line in file.read_text().split())


def figures(left: Sequence[int], agreed: Agreed) -> dict[str, object]:
    """The worst minute, however it is cut, the requests that were one too many in theirs, and how much was used."""
    minute_ns = 60 * SECOND_NS
    # half-open minutes that end with each request: (at - minute, at]
    counts = [number - bisect_right(left, at - minute_ns) for number, at in enumerate(left, start=1)]
    first = left[0] if left else 0
    used = sum(at < first + agreed.seconds * SECOND_NS for at in left)
    return {
        "worst_window": max(counts, default=0),
        "violations": sum(count > agreed.per_min for count in counts),
        "utilisation": round(used / (agreed.per_min * agreed.seconds / 60), 4),
    }
