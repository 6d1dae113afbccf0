"""What a visit asks its partner's agreement."""

from __future__ import annotations

from typing import Protocol


class Access(Protocol):
    """What the partner's agreement says of one visit; profiles/ implements it."""

    def covers(self, url: str) -> bool:
        """True when the agreement names this address's host."""
        ...

    def loads(self, resource_type: str) -> bool:
        """False for resources that the profile leaves out (images, fonts)."""
        ...

    def signature(self, method: str, url: str) -> dict[str, str]:
        """The headers by which the partner recognises one request on the wire; pages are signed without us."""
        ...

    async def pace(self) -> None:
        """Wait for the agreed gap between two actions."""
        ...

    async def turn(self, *, first: bool) -> None:
        """Wait until one more request that asks the venue something may leave.

        Args:
            first: It belongs to a commit, which part of the agreed pace is kept for.

        Raises:
            PacingDeferred: Not soon.
        """
        ...

    def went_by_itself(self) -> None:
        """One more has left whose turn nobody could wait for: a redirect."""
        ...
