"""The farm's mailbox: where what a venue writes to a guest can be read, when a booking needs it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from pydantic import AwareDatetime, Field

from farm.facts import Fact


class Mail(Fact):
    """One e-mail. It is about a guest: never in logs, error texts or artefacts.

    Attributes:
        to: Every address that it was for, as its headers say.
        text: What a person reads: the plain text, or that of the HTML.
        links: The addresses that it leads to, in their order, each once.
        received_at: When the mailbox got it, by the mailbox's own clock, to the second.
    """

    subject: str = Field(repr=False)
    sender: str = Field(repr=False)
    to: tuple[str, ...] = Field(repr=False)
    text: str = Field(repr=False)
    links: tuple[str, ...] = Field(repr=False)
    received_at: AwareDatetime


class Mailbox(Protocol):
    """Reads, and neither deletes nor marks. Guests' tagged addresses must lead there; ``profiles/`` implements it."""

    async def wait(self, to: str, since: datetime, words: str, wait_s: float) -> Mail:
        """The newest e-mail to an address that came since then, with these words in its subject or text.

        Raises:
            VenueDown: None came in time, or the mailbox does not answer.
        """
        ...

    async def all(self, to: str) -> list[Mail]:
        """Every e-mail to an address that is there now, oldest first.

        Raises:
            VenueDown: The mailbox does not answer.
        """
        ...


class CountedMailbox:
    """A mailbox whose looks are counted: a read-back that asked nobody is no proof."""

    def __init__(self, mailbox: Mailbox, looked: Callable[[], None]) -> None:
        self._mailbox = mailbox
        self._looked = looked

    async def wait(self, to: str, since: datetime, words: str, wait_s: float) -> Mail:
        self._looked()
        return await self._mailbox.wait(to, since, words, wait_s)

    async def all(self, to: str) -> list[Mail]:
        self._looked()
        return await self._mailbox.all(to)
