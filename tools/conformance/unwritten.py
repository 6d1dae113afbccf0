"""Somebody who books without a ledger: nothing is written down, and nobody else is there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from farm.facts import Facts, Hold, Offer, Recap
from farm.phases import Step


class Unwritten:
    """The core's ports ``Journal`` and ``Guard`` in their simplest form.

    Attributes:
        wanted: What the venue's record must show; None before the guard.
    """

    wanted: Facts | None = None

    @asynccontextmanager
    async def stage(self, step: Step) -> AsyncIterator[None]:  # noqa: ARG002 - nobody times it
        yield

    async def held(self, hold: Hold) -> None:
        """The hold ends by itself."""

    async def given_back(self) -> None:
        """Nobody asks."""

    async def note(self, text: str) -> None:
        """What could not be given back ends by itself."""

    async def ready(self, offer: Offer) -> None:
        """Nobody else is here."""

    async def __call__(self, offer: Offer, hold: Hold, recap: Recap, wanted: Facts, until: datetime) -> None:
        del offer, hold, recap, until
        self.wanted = wanted
