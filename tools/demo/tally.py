"""What a demo comes to: the one number, those that keep it honest, and everything that is not as it must be. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from farm.status import BookingStatus
from tools.demo.books import Entry, differences, of_booking, strangers
from tools.demo.scene import Row, faults_of


@dataclass(frozen=True)
class Tally:
    """The rows held against the venues' own books.

    Attributes:
        faults: By row, in the order of the rows: what is wrong with it.
        missed: Faults that were set and never struck.
        strangers: Records that no request of ours explains.
    """

    rows: Sequence[Row]
    entries: Sequence[Entry]
    missed: Sequence[str]
    faults: Sequence[Sequence[str]]
    strangers: Sequence[Entry]

    @classmethod
    def of(cls, rows: Sequence[Row], entries: Sequence[Entry], missed: Sequence[str]) -> Tally:
        """Hold every row against the books."""
        return cls(
            rows=rows,
            entries=entries,
            missed=missed,
            faults=[faults_of(row, entries) for row in rows],
            strangers=strangers([row.booking.code for row in rows], entries),
        )

    @property
    def passed(self) -> bool:
        """Every row ended as it must, the books say the same, and every trouble was really met."""
        return not (any(self.faults) or self.missed or self.strangers)

    @property
    def feasible(self) -> int:
        """Requests that somebody could have booked."""
        return sum(row.scenario.feasible for row in self.rows)

    @property
    def confirmed(self) -> int:
        """Requests that were confirmed, also those that were called off after that."""
        return sum(row.was_confirmed for row in self.rows)

    @property
    def false_confirmations(self) -> int:
        """Confirmed by the ledger, and another way or not at all in the books."""
        sure = [row.says for row in self.rows if row.booking.status is BookingStatus.CONFIRMED]
        return sum(bool(differences(says, self.entries)) for says in sure)

    @property
    def double_bookings(self) -> int:
        """Requests for which more than one record stands."""
        standing = [entry for entry in self.entries if entry.stands]
        return sum(len(of_booking(row.booking.code, standing)) > 1 for row in self.rows)

    @property
    def lost(self) -> int:
        """Requests that never came to an end."""
        return sum(not row.booking.status.settled for row in self.rows)

    @property
    def in_doubt(self) -> int:
        """Requests that are left to a person."""
        return sum(row.booking.status is BookingStatus.IN_DOUBT for row in self.rows)
