"""What a demo is made of: scenarios, and the stage of real venues on this machine that they are played on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from farm.request import Request
from farm.status import BookingStatus
from ledger.records import AttemptRecord, BookingRecord, EventRecord
from tasks.settings import Settings
from tools.demo.books import Entry, Says, differences, ledger_says


@dataclass(frozen=True)
class Scenario:
    """One request, the trouble that waits for it, and how it must end for the demo to pass.

    Attributes:
        words: What happens, for a person who sees it for the first time.
        short: The same in at most 26 characters, for the live table.
        at: Where it must stand in the end (or have stood); None: nowhere.
        tries: How many venues it must have taken.
        differing: The fields that the farm must find to differ, where it must end in doubt.
        cancel: The guest calls it off as soon as it is confirmed.
    """

    words: str
    short: str
    request: Request
    ends: BookingStatus
    at: str | None
    tries: int = 1
    differing: tuple[str, ...] = ()
    cancel: bool = False

    @property
    def feasible(self) -> bool:
        """Somebody could have booked it."""
        return self.ends is not BookingStatus.UNAVAILABLE


@dataclass(frozen=True)
class Row:
    """A scenario that was played, as the ledger has it."""

    scenario: Scenario
    booking: BookingRecord
    attempts: Sequence[AttemptRecord]
    events: Sequence[EventRecord]

    @property
    def says(self) -> Says:
        """What the ledger says."""
        return ledger_says(self.booking, self.attempts)

    @property
    def was_confirmed(self) -> bool:
        """Also true when it was cancelled after that."""
        return any(event.kind == "booking.confirmed" for event in self.events)


def faults_of(row: Row, entries: Sequence[Entry]) -> list[str]:
    """Everything about a row that is not as it must be: against the venues' books, and against its scenario."""
    scenario, says = row.scenario, row.says
    found = differences(says, entries)
    for what, got, must in (
        ("it ended as", says.status, scenario.ends),
        ("it ended at", says.venue, scenario.at),
        ("venues tried:", len(row.attempts), scenario.tries),
        ("fields that differ:", says.differing if says.status is BookingStatus.IN_DOUBT else (), scenario.differing),
    ):
        if got != must:
            found.append(f"{what} {got or 'none'}, and the scenario must give {must or 'none'}")
    return found


class Stage(Protocol):
    """Real venues, running on this machine, that have been told what to do wrong.

    Attributes:
        title: What is wanted, in one line.
        about: What stands here and what will be shown, for somebody who sees it for the first time.
        books: What the ledger is held against, as in "agrees with ...".
        names: What the venues are called, by slug.
        faults: How many were set.
    """

    title: str
    about: str
    books: str
    zone: ZoneInfo
    scenarios: Sequence[Scenario]
    names: Mapping[str, str]
    faults: int

    def settings(self, settings: Settings) -> Settings:
        """The settings that know these venues."""
        ...

    def entries(self) -> list[Entry]:
        """What all venues' own databases have."""
        ...

    def missed(self) -> list[str]:
        """The faults that were set and never struck: their scenarios prove nothing."""
        ...
