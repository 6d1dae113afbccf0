"""The four kinds of sites that a new integration may begin from: their words, and what they sell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Kind:
    """One kind of site, as its first twin is.

    Attributes:
        kind: The venue's, in its file.
        what: What one books, in words for a page: ``a table``.
        noun: The resource's name on the pages.
        resources: What there is, and how many people or bookings each takes.
        times: When things begin; empty for nights.
        minutes: How long one takes.
        shared: Several bookings share a resource at a time: its number counts places.
        people: How many come in the request of the cases.
    """

    name: str
    kind: str
    what: str
    noun: str
    resources: Mapping[str, int]
    times: tuple[str, ...]
    minutes: int
    shared: bool = False
    people: int = 2

    @property
    def nights(self) -> bool:
        """True where stays are sold."""
        return not self.times


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            Kind(
                "tables",
                "restaurant",
                "a table",
                "Table",
                {"Window table": 2, "Garden table": 2, "Round table": 4},
                ("18:30", "19:00", "19:30", "20:00", "20:30", "21:00"),
                120,
            ),
            Kind(
                "tickets", "theatre", "tickets", "Seats", {"Stalls": 40, "Balcony": 20}, ("19:30",), 150, shared=True
            ),
            Kind(
                "rooms",
                "hotel",
                "a room",
                "Room",
                {"Double room 11": 2, "Double room 12": 2, "Family room 21": 4},
                (),
                0,
            ),
            Kind(
                "appointments",
                "barber",
                "an appointment",
                "With",
                {"Lena": 1, "Marek": 1},
                ("09:00", "09:30", "10:00", "10:30", "11:00", "14:00", "14:30", "15:00"),
                30,
                people=1,
            ),
        )
    }
)
