"""How a visit comes in under an account: with a log-in that an earlier visit left, or with one of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class AccountAt:
    """An account of a partner at one of its venues: what a log-in is good for."""

    partner: str
    role: str
    venue: str


@dataclass(frozen=True, slots=True)
class KeptLogIn:
    """A log-in as the ledger has it.

    Attributes:
        number: Each log-in of an account at a venue has its own.
        sealed: The browser's state after it; only a worker with the key can read it.
        account: A mark of the user and secret that logged in: others' state is of no use.
        since: When it was done.
    """

    number: int
    sealed: bytes = field(repr=False)
    account: str
    since: datetime


class Entry(Protocol):
    """The way in of one visit; profiles/ implements it."""

    @property
    def is_open(self) -> bool:
        """True when the visit's context is logged in already."""
        ...

    async def opened(self) -> None:
        """The script has logged in: keep that for later visits. Nothing but the log-in was done in this context."""
        ...
