"""The world of one booking under one policy: its venues, its clock, and the places where a worker can die."""

from __future__ import annotations

from datetime import timedelta

from benchmarks.simulate.fate import Fate
from benchmarks.simulate.house import House, Record
from benchmarks.simulate.stock import BEGINS

LEASE_S = 20.0
"""A worker that is silent for so long has lost its booking."""


class Killed(Exception):
    """The worker is gone: nothing of it is written any more."""


class World:
    """Time passes only here.

    Attributes:
        at_s: Seconds since the booking was queued.
        now: The same moment, as protocol and ledger know it.
        points: Places passed where a worker can die, over all workers of the booking.
    """

    def __init__(self, fate: Fate) -> None:
        self.fate = fate
        self.at_s = 0.0
        self.now = BEGINS
        self.points = 0
        self.kills = 0
        self.hits: list[str] = []
        self.houses = {slug: House(slug, fortune, self.hits) for slug, fortune in fate.fortunes.items()}

    def passes(self, seconds: float) -> None:
        """So much time goes by."""
        self.until(self.at_s + seconds)

    def until(self, at_s: float) -> None:
        """Time goes by until then; never backwards."""
        if at_s > self.at_s:
            self.at_s = at_s
            self.now = BEGINS + timedelta(seconds=at_s)

    def point(self) -> None:
        """A worker may die here."""
        self.points += 1
        if self.points in self.fate.kills:
            self.kills += 1
            raise Killed

    def standing(self, at_s: float) -> list[tuple[str, Record]]:
        """The truth: every record that stands then, with its venue."""
        return [(slug, r) for slug, house in self.houses.items() for r in house.records if r.stands(at_s)]
