"""What a demo is made of: scenarios, and the stage of real venues on this machine that they are played on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from farm.request import Request
from farm.status import AttemptState, BookingStatus, Cause
from ledger.records import AttemptRecord, BookingRecord, EventRecord
from tasks.settings import Settings
from tools.demo.books import Entry, Says, differences, ledger_says

LEFT = frozenset({AttemptState.NOT_BOOKED, AttemptState.REFUSED, AttemptState.ABSENT})


@dataclass(frozen=True)
class Scenario:
    """One request, the trouble that waits for it, and how it must end for the demo to pass.

    Attributes:
        words: What happens, for a person who sees it for the first time.
        request: Its ``reseller_reference`` is what the live table calls it, in at most 26 characters.
        at: Where it must stand in the end (or have stood); None: nowhere.
        left: Why it must have left venues on the way, in order.
        differing: The fields that the farm must find to differ, where it must end in doubt.
        cancel: The guest calls it off as soon as it is confirmed.
    """

    words: str
    request: Request
    ends: BookingStatus
    at: str | None
    left: tuple[Cause, ...] = ()
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
        ("it left venues for", _left(row), scenario.left),
        ("fields that differ:", says.differing if says.status is BookingStatus.IN_DOUBT else (), scenario.differing),
    ):
        if got != must:
            found.append(f"{what} {_spoken(got)}, and its scenario must give {_spoken(must)}")
    return found


def _spoken(what: str | tuple[str | None, ...] | None) -> str:
    return (what if isinstance(what, str) else ", ".join(map(str, what or ()))) or "none"


def _left(row: Row) -> tuple[Cause | None, ...]:
    return tuple(attempt.cause for attempt in row.attempts if attempt.state in LEFT)


class Stage(Protocol):
    """Real venues, running on this machine, that have been told what to do wrong.

    Attributes:
        title: What is wanted, in one line.
        about: What stands here and what will be shown, for somebody who sees it for the first time.
        books: What the ledger is held against, as in "agrees with ...".
        counted: How ``{count}`` and ``{resource}`` are said.
        names: What the venues are called, by slug.
    """

    title: str
    about: str
    books: str
    counted: str
    zone: ZoneInfo
    scenarios: Sequence[Scenario]
    names: Mapping[str, str]

    def settings(self, settings: Settings) -> Settings:
        """The settings that know these venues."""
        ...

    def entries(self) -> list[Entry]:
        """What all venues' own databases have."""
        ...

    def missed(self) -> list[str]:
        """The faults that were set and never struck: their scenarios prove nothing."""
        ...
