"""What the core needs from outside: visits, a place to write down where it stands, and the commit guard."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from farm.contract import Account
from farm.evidence import Scene
from farm.facts import Facts, Hold, Offer, Recap, Sighting
from farm.gate import CommitGate
from farm.phases import Step
from farm.request import Request
from farm.visit import Visit


class Visits(Protocol):
    """Opens visits of one venue under its partner's profile."""

    def open(
        self, gate: CommitGate, steps: tuple[Step, ...], role: str | None, made: Account | None = None
    ) -> AbstractAsyncContextManager[Visit]:
        """A visit in a fresh browser context; closed, with its context, on the way out.

        Args:
            gate: Rules on everything that leaves.
            steps: What will be done there; the agreement must allow each.
            role: The account to act under; None for a guest.
            made: The account itself, where the role is one that the attempt makes.

        Raises:
            AccessNotAgreed: Before a single packet, when the agreement does not cover the visit.
        """
        ...

    def has_account(self, role: str) -> bool:
        """True when the partner gave an account for the role."""
        ...

    def has_mailbox(self) -> bool:
        """True when the partner's profile names a mailbox of the farm."""
        ...


class Journal(Protocol):
    """Where an attempt writes down what it does; guest data never goes there."""

    def stage(self, step: Step) -> AbstractAsyncContextManager[None]:
        """Announce a step and time it."""
        ...

    async def held(self, hold: Hold) -> None:
        """Write down what is held, so that somebody can give it back should this worker die."""
        ...

    async def given_back(self) -> None:
        """Write down that the hold was given back."""
        ...

    async def note(self, text: str) -> None:
        """Write down something that went wrong and changes nothing (a hold that could not be given back)."""
        ...


class Witness(Protocol):
    """Sees what an attempt sees, for people who ask later. It changes nothing, and nothing of it ever fails."""

    def listed(self, request: Request, offers: Sequence[Offer]) -> None:
        """The venue was searched, and listed this."""
        ...

    async def saw(
        self, scene: Scene, visit: Visit, ours: Sequence[Sighting] = (), others: Sequence[Sighting] = ()
    ) -> None:
        """The visit's page shows something that may be asked about; it takes a moment.

        Args:
            scene: What it shows.
            visit: Where.
            ours: The records of this booking on it.
            others: What else it has shown, which is nobody's business.
        """
        ...


class Nobody:
    """The witness of attempts that nobody asks about."""

    def listed(self, request: Request, offers: Sequence[Offer]) -> None:
        """It is not written down."""

    async def saw(
        self, scene: Scene, visit: Visit, ours: Sequence[Sighting] = (), others: Sequence[Sighting] = ()
    ) -> None:
        """Nor is this."""


class Guard(Protocol):
    """The commit guard: one conditional, durable write. After it nothing is retried."""

    async def ready(self, offer: Offer) -> None:
        """Everything that may take its time before the guard: called right before it, with all else done.

        Raises:
            NotBooked: An earlier attempt has a record after all, or another booking of ours has the slot.
        """
        ...

    async def __call__(self, offer: Offer, hold: Hold, recap: Recap, wanted: Facts, until: datetime) -> None:
        """Move the attempt to ``committing``.

        Args:
            offer: What will be booked.
            hold: How it is held.
            recap: What the venue repeated.
            wanted: What its record must show.
            until: The submit deadline; no click of this attempt leaves after it.

        Raises:
            CancelledByGuest: The guest took the wish back.
            FarmError: Somebody else owns the booking now, or another attempt is past its commit.
        """
        ...
