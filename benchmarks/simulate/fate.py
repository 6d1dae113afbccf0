"""What befalls one booking: drawn once from the seed, and the same for whoever makes the booking."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

from benchmarks.simulate.stock import ASKS_FIRST, PLACES, WISHES, Wish
from farm.status import Cause

ClickKind = Literal[
    "fine",
    "lies",
    "never_left",
    "lost_before",
    "lost_after",
    "arrives_late",
    "shifted",
    "doubled",
    "refused",
    "refused_unclear",
    "refused_but_booked",
]
CancelKind = Literal["fine", "not_done", "no_reply"]
DAYS_LEFT_S = (3 * 24 + 10) * 3600.0
"""From the first moment to the dinner, 20:00 in Rome; three hours before, the last venue drops a booking."""
LAST_DROP_S = DAYS_LEFT_S - 3 * 3600
_CLICKS: tuple[tuple[ClickKind, float], ...] = (
    ("lies", 0.05),
    ("never_left", 0.01),
    ("lost_before", 0.04),
    ("lost_after", 0.05),
    ("arrives_late", 0.01),
    ("shifted", 0.03),
    ("doubled", 0.02),
    ("refused", 0.04),
    ("refused_unclear", 0.01),
    ("refused_but_booked", 0.01),
)


@dataclass(frozen=True, slots=True)
class Click:
    """How one last click ends, and how long its record takes to show."""

    kind: ClickKind = "fine"
    lag_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Fortune:
    """One venue's mood towards one booking.

    Attributes:
        turns_away: Why no attempt gets as far as a click here, whoever makes it.
        holds_lost: So many holds are lost before the click.
        down_s: From when to when nothing answers.
        blind: Which looks at the records fail, counted from 1.
        clicks: One after the other; those after the last are fine.
        answers_s: How long after a request that is pending the venue answers, and whether it accepts.
        drops_s: How long after its making the record is dropped; ``vanishes``: deleted, not marked as cancelled.
        sold_twice_s: So long somebody else stands on the same table.
        cancels: One after the other; those after the last are fine.
        paced_s: From when to when the farm's own pace lets nobody in.
    """

    turns_away: Cause | None = None
    holds_lost: int = 0
    down_s: tuple[float, float] = (-1.0, -1.0)
    blind: frozenset[int] = frozenset()
    clicks: tuple[Click, ...] = ()
    answers_s: float = 0.0
    accepts: bool = True
    drops_s: float | None = None
    vanishes: bool = False
    sold_twice_s: float = 0.0
    cancels: tuple[CancelKind, ...] = ()
    paced_s: tuple[float, float] = (-1.0, -1.0)

    @property
    def can_serve(self) -> bool:
        """A table is there, and stays there."""
        return self.turns_away is None and self.accepts and self.drops_s is None


@dataclass(frozen=True, slots=True)
class Fate:
    """Everything that is drawn for one booking.

    Attributes:
        kills: At which of its points the worker dies, counted from 1 over all its workers.
        pauses: Of those: it only stands still, and its click goes out when others have its booking.
        no_browser: So many attempts find no browser.
        called_off_s: When the guest calls it off.
    """

    wish: Wish
    fortunes: dict[str, Fortune]
    kills: frozenset[int] = frozenset()
    pauses: bool = False
    no_browser: int = 0
    called_off_s: float | None = None

    @property
    def feasible(self) -> bool:
        """By what was drawn, never by what anybody made of it."""
        served = any(self.fortunes[place.venue.slug].can_serve for place in self.wish.places)
        return served and self.called_off_s is None


_NOBODY: frozenset[int] = frozenset()
_TURNS_AWAY = (
    Cause.SLOT_UNAVAILABLE,
    Cause.SLOT_UNAVAILABLE,
    Cause.SLOT_UNAVAILABLE,
    Cause.PRICE_OVER_CAP,
    Cause.RECAP_MISMATCH,
    Cause.CHALLENGE_PRESENTED,
)


def draw(random: Random) -> Fate:
    """One booking's fate."""
    wish = WISHES[int(random.random() * len(WISHES))]
    fortunes = {place.venue.slug: _fortune(random, place.venue.slug) for place in wish.places}
    kills, pauses = _NOBODY, False
    if random.random() < 0.2:
        kills = frozenset(int(1 + random.random() * 14) for _ in range(1 + (random.random() < 0.3)))
        pauses = random.random() < 0.3
    off = random.random()
    called_off_s = None
    if off < 0.02:
        called_off_s = random.random() * 40
    elif off < 0.04:
        called_off_s = random.random() * LAST_DROP_S
    return Fate(wish, fortunes, kills, pauses, 1 if random.random() < 0.01 else 0, called_off_s)


def _fortune(random: Random, slug: str) -> Fortune:
    roll = random.random
    turns_away = _TURNS_AWAY[int(roll() * len(_TURNS_AWAY))] if roll() < 0.12 else None
    asks = slug in ASKS_FIRST
    answers_s, accepts = (roll() * 5400, roll() > 0.15) if asks else (0.0, True)
    drops_s, vanishes = (300 + roll() * (LAST_DROP_S - 7200), roll() < 0.5) if roll() < 0.015 else (None, False)
    sold_twice_s = 0.0
    if PLACES[slug].manifest.occupants and roll() < 0.01:
        sold_twice_s = 60 + roll() * 3600
        drops_s = sold_twice_s if roll() < 0.5 else drops_s
    down_s = (-1.0, -1.0)
    if roll() < 0.05:
        began = roll() * 120 - 60 if roll() < 0.7 else roll() * DAYS_LEFT_S
        down_s = (began, began + random.expovariate(1 / 240))
    return Fortune(
        turns_away=turns_away,
        holds_lost=int(roll() * 3) + 1 if roll() < 0.04 else 0,
        down_s=down_s,
        blind=frozenset({int(roll() * 6) + 1}) if roll() < 0.03 else _NOBODY,
        clicks=tuple(_click(random, slug) for _ in range(3)),
        answers_s=answers_s,
        accepts=accepts,
        drops_s=drops_s,
        vanishes=vanishes,
        sold_twice_s=sold_twice_s,
        cancels=(_cancel(random), _cancel(random)),
        paced_s=_paced_s(random),
    )


def _paced_s(random: Random) -> tuple[float, float]:
    """Most waits are over in a minute; a few are quiet hours."""
    if random.random() > 0.06:
        return (-1.0, -1.0)
    began = random.random() * 60 - 30 if random.random() < 0.8 else random.random() * DAYS_LEFT_S
    ends = began + random.expovariate(1 / (60 if random.random() < 0.9 else 8 * 3600))
    return (began, round(ends, 3))  # a moment that a wake-up can name


_FINE = Click()


def _click(random: Random, slug: str) -> Click:
    roll, kind = random.random(), "fine"
    for kind, share in _CLICKS:
        if roll < share:
            return Click(kind, _lag_s(random, slug))
        roll -= share
    lag_s = _lag_s(random, slug)
    return Click("fine", lag_s) if lag_s else _FINE


def _lag_s(random: Random, slug: str) -> float:
    """Most records show at once, many within what the manifest says, a few long after it."""
    roll, settle_s = random.random(), PLACES[slug].manifest.settle.settle_s
    if roll < 0.80:
        return 0.0
    if roll < 0.995:
        return random.random() * settle_s
    return settle_s + random.random() * 480


def _cancel(random: Random) -> CancelKind:
    roll = random.random()
    return "fine" if roll > 0.08 else "not_done" if roll > 0.04 else "no_reply"
