"""Three restaurants on this machine, each with its own site and its own book, told what to do wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from farm.facts import Guest, Party
from farm.identity import Reference
from farm.request import Request, WantedSlot
from farm.status import BookingStatus, Cause
from fixtures.kit.process import TwinProcess
from tasks.settings import Settings
from tools.demo.books import Entry
from tools.demo.scene import Scenario
from tools.overlay import Overlay, Standing

GROUP = "demo_bologna"
FIRST_DAY_IN = timedelta(days=30)


@dataclass(frozen=True)
class House:
    """One restaurant, and the stock venue that it is like."""

    slug: str
    like: str
    name: str
    address: str
    accent: str


LUNA = House("luna", "osteria_luna/osteria_luna", "Osteria Luna", "Via del Pratello 14", "#8c2f39")
SOLE = House("sole", "osteria_luna/trattoria_sole", "Trattoria Sole", "Via delle Moline 3", "#8a5a00")
NORD = House("nord", "osteria_luna/cantina_nord", "Cantina Nord", "Via Mascarella 8", "#1f4e79")
HOUSES = (LUNA, SOLE, NORD)


@dataclass(frozen=True)
class Plot:
    """A scenario before it has a date: who asks, in which order, and which houses do what wrong."""

    words: str
    short: str
    guest: str
    houses: tuple[House, ...]
    ends: BookingStatus
    at: House | None
    faults: tuple[tuple[House, str], ...] = ()
    left: tuple[Cause, ...] = ()
    differing: tuple[str, ...] = ()
    cancel: bool = False


PLOTS = (
    Plot(
        words="Nothing goes wrong",
        short="1 nothing goes wrong",
        guest="Ada Rossi",
        houses=HOUSES,
        ends=BookingStatus.CONFIRMED,
        at=LUNA,
    ),
    Plot(
        words="The first house is full",
        short="2 first house is full",
        guest="Bruno Conti",
        houses=HOUSES,
        ends=BookingStatus.CONFIRMED,
        at=SOLE,
        faults=((LUNA, "full"),),
        left=(Cause.SLOT_UNAVAILABLE,),
    ),
    Plot(
        words="The thank-you page lies: nothing was written",
        short="3 thank-you page lies",
        guest="Carla Bianchi",
        houses=(SOLE, NORD, LUNA),
        ends=BookingStatus.CONFIRMED,
        at=NORD,
        faults=((SOLE, "lying_thanks"),),
        left=(Cause.RECORD_MISSING,),
    ),
    Plot(
        words="Cut off after the click: the house has it",
        short="4 cut after the click",
        guest="Dario Greco",
        houses=(NORD, LUNA, SOLE),
        ends=BookingStatus.CONFIRMED,
        at=NORD,
        faults=((NORD, "dropped_after"),),
    ),
    Plot(
        words="Cut off before it arrives: the house has none",
        short="5 cut before it arrives",
        guest="Elena Fontana",
        houses=(NORD, LUNA, SOLE),
        ends=BookingStatus.CONFIRMED,
        at=LUNA,
        faults=((NORD, "dropped_before"),),
        left=(Cause.RECORD_MISSING,),
    ),
    Plot(
        words="All three houses are full",
        short="6 nothing free anywhere",
        guest="Fabio Marini",
        houses=HOUSES,
        ends=BookingStatus.UNAVAILABLE,
        at=None,
        faults=tuple((house, "full") for house in HOUSES),
        left=(Cause.SLOT_UNAVAILABLE,) * len(HOUSES),
    ),
    Plot(
        words="Called off by the guest once it is confirmed",
        short="7 called off afterwards",
        guest="Giulia Ricci",
        houses=(SOLE, NORD, LUNA),
        ends=BookingStatus.CANCELLED,
        at=SOLE,
        cancel=True,
    ),
    Plot(
        words="The house writes another hour into its book",
        short="8 another hour in the book",
        guest="Ivo Serra",
        houses=(LUNA, SOLE, NORD),
        ends=BookingStatus.IN_DOUBT,
        at=LUNA,
        faults=((LUNA, "shifted_time"),),
        differing=("when",),
    ),
)


class Bologna:
    """The stage of the three houses (a ``Stage``)."""

    title = "Eight guests want a table for two in Bologna"
    about = (
        "Three restaurants run on this machine, each with its own web site and its own reservation book. They have"
        " been told to misbehave. The farm books on their sites with a browser, then reads every booking back on"
        " another path. At the end each row is held against the restaurants' own databases."
    )
    books = "the restaurants' own databases"
    counted = "for {count}, {resource}"
    zone = ZoneInfo("Europe/Rome")
    names: Mapping[str, str] = {house.slug: house.name for house in HOUSES}

    def __init__(self, folder: Path, twins: Mapping[str, TwinProcess]) -> None:
        self._twins = twins
        self._overlay = Overlay(folder / "venues")
        self._set: Counter[tuple[str, str]] = Counter()
        for house in HOUSES:
            self._overlay.add(Standing(house.like, house.slug, twins[house.slug].origin, GROUP))
        first_day = datetime.now(UTC).date() + FIRST_DAY_IN
        self.scenarios: Sequence[Scenario] = [
            self._prepared(plot, first_day + timedelta(days=number)) for number, plot in enumerate(PLOTS)
        ]

    def settings(self, settings: Settings) -> Settings:
        return self._overlay.settings(settings)

    def entries(self) -> list[Entry]:
        return [
            Entry(
                venue=slug,
                reference=record.code,
                planted=Reference.found_in(record.email) or Reference.found_in(record.note),
                starts_at=record.starts_at,
                resource=record.resource,
                count=record.people,
                stands=record.status == "confirmed",
            )
            for slug, twin in self._twins.items()
            for record in twin.records()
        ]

    def missed(self) -> list[str]:
        # each was set to strike once, so that the counts are equal only if all have struck
        struck = {(slug, fault): self._twins[slug].fault_hits(fault) for slug, fault in self._set}
        return [
            f"{self.names[slug]}: `{fault}` was set {times} times and struck {struck[slug, fault]}"
            for (slug, fault), times in self._set.items()
            if struck[slug, fault] != times
        ]

    def _prepared(self, plot: Plot, day: date) -> Scenario:
        """Each plot has a day of its own, so that they do not meet although they run at the same time."""
        for house, fault in plot.faults:
            self._twins[house.slug].set_fault(fault, day=day.isoformat())
            self._set[house.slug, fault] += 1
        email = f"{plot.guest.lower().replace(' ', '.')}@example.com"
        return Scenario(
            words=plot.words,
            request=Request(
                reseller="demo",
                reseller_reference=plot.short,
                guest=Guest(name=plot.guest, email=email, phone="+39 051 555 0100"),
                party=Party(adults=2),
                when=WantedSlot(date=day, earliest=time(19), latest=time(21)),
                venues=tuple(house.slug for house in plot.houses),
            ),
            ends=plot.ends,
            at=plot.at.slug if plot.at is not None else None,
            left=plot.left,
            differing=plot.differing,
            cancel=plot.cancel,
        )


@contextmanager
def bologna(folder: Path) -> Iterator[Bologna]:
    """Start the three houses, and end them.

    Raises:
        TwinFailed: One did not start.
    """

    def start(house: House) -> TwinProcess:
        twin = TwinProcess.start(
            "fixtures.osteria_luna",
            folder / house.slug,
            name=house.name,
            address=house.address,
            accent=house.accent,
        )
        running.enter_context(twin)
        return twin

    with ExitStack() as running:
        with ThreadPoolExecutor(len(HOUSES)) as starters:
            twins = dict(zip([house.slug for house in HOUSES], starters.map(start, HOUSES), strict=True))
        yield Bologna(folder, twins)
