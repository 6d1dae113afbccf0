"""What one visit may reach, and until when. A grant that is over never lives again."""

from __future__ import annotations

import base64
import hmac
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

Address = tuple[str, int]
HostClock = Callable[[], float]

_PORTS = {"http": 80, "https": 443}
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
USER = "visit"
"""The name that goes with every credential; what counts is the password."""


def host_clock() -> float:
    """Seconds that no correction of the wall clock moves, and that go on while the whole machine sleeps."""
    return time.clock_gettime(_CLOCK)


def addresses(hosts: Iterable[str], schemes: Iterable[str]) -> frozenset[Address]:
    """Where agreed hosts (``host`` or ``host:port``) may be reached; without a port, at those of the schemes."""
    parts = [urlsplit(f"//{host}") for host in hosts]
    defaults = [_PORTS[scheme] for scheme in schemes]
    return frozenset(
        (part.hostname or "", port) for part in parts for port in ([part.port] if part.port is not None else defaults)
    )


def address(written: bytes, scheme: str) -> Address | None:
    """The host and port that a request names; None when it names none."""
    try:
        parts = urlsplit(f"//{written.decode('ascii')}")
        return parts.hostname or "", parts.port or _PORTS[scheme]
    except ValueError:
        return None


@dataclass(frozen=True)
class Allowed:
    """What a visit may reach.

    Attributes:
        partner: Whose agreement it is; what goes through is counted for it.
        agreed: The only addresses that are reached.
        is_ours: The basis is an installation of our own: a loopback address that the agreement names is reached.
    """

    partner: str
    agreed: frozenset[Address]
    is_ours: bool = False


class Grant:
    """The right of one visit to reach what it may, for a time, under a credential of its own.

    Args:
        allowed: What may be reached.
        until_s: When it is over, on the clock: the end of the booking's lease, or a plain limit.
        clock: Of the process that holds the grants.
    """

    def __init__(self, allowed: Allowed, until_s: float, clock: HostClock = host_clock) -> None:
        self.allowed = allowed
        self.password = secrets.token_urlsafe(24)
        self._until_s = until_s
        self._deadline_s = float("inf")
        self._clock = clock
        self._has_ended = False

    @property
    def left_s(self) -> float:
        """For how long it still lives, at most; 0 once it is over."""
        if not self._has_ended:
            left_s = min(self._until_s, self._deadline_s) - self._clock()
            self._has_ended = left_s <= 0
            if left_s > 0:
                return left_s
        return 0.0

    @property
    def is_over(self) -> bool:
        """True once nothing may leave any more. Asked before every write to a venue."""
        return self.left_s <= 0

    def extend(self, until_s: float) -> None:
        """The lease goes on until then. Too late, this changes nothing."""
        if not self.is_over:
            self._until_s = until_s

    def commit_by(self, deadline_s: float) -> None:
        """Nothing leaves past the submit deadline, whatever the lease does; the earliest one stays."""
        self._deadline_s = min(self._deadline_s, deadline_s)

    def end(self) -> None:
        """The visit is over."""
        self._has_ended = True

    def is_named_by(self, credentials: bytes | None) -> bool:
        """True when a ``Proxy-Authorization`` carries this grant's credential."""
        if credentials is None:
            return False
        wanted = base64.b64encode(f"{USER}:{self.password}".encode())
        return hmac.compare_digest(credentials, b"Basic " + wanted)
