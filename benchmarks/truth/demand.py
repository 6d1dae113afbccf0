"""What is asked of the farm, and what the venues were told to do wrong about it: drawn from a seed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import cycle
from random import Random
from typing import Literal

from farm.request import Request
from fixtures.kit.faults import FaultParam

HOUSES = ("luna", "sole", "nord")
SHOPS = ("concert", "late")
FIRST_DAY = date(2029, 1, 1)
SHOW_DAY = date(2030, 6, 14)
TABLE_TIMES = ("19:00", "19:30", "20:00", "20:30", "21:00")
GIVEN = ("Ada", "Bruno", "Carla", "Dario", "Elena", "Fabio", "Giulia", "Ivo", "Lidia", "Marco")
FAMILY = ("Rossi", "Conti", "Bianchi", "Greco", "Fontana", "Marini", "Ricci", "Serra", "Gallo", "Villa")

TROUBLED = 0.41
HOPELESS = 0.04
AT_A_SHOP = 0.14
RIVALS = 0.10
JUST_BEFORE = 5
ONE_PLACE_ONLY = 0.4
"""Of guests whose venues do nothing wrong: they want that one, and nothing that breaks at ours may cost them it."""
CALLED_OFF = 0.12
SENT_TWICE = 0.15
MOST_BALCONIES = 5
"""The balcony of the first concert is sold out, and that of the second one small."""

CallsOff = Literal["never", "running", "confirmed"]


@dataclass(frozen=True)
class Trouble:
    """One way in which a booking's first venue goes wrong.

    Attributes:
        fault: As the twin knows it.
        params: What the fault takes.
        by: What it is matched by: the guest's e-mail, or the day (a search names no guest).
        times: How often it strikes; None: always.
        on_mismatch: What such a request says about a record that differs.
        trap: Struck only if the farm (or a browser) clicks twice: never to be hit is good.
    """

    fault: str
    params: Mapping[str, FaultParam] = field(default_factory=dict)
    by: Literal["guest", "day"] = "guest"
    times: int | None = 1
    on_mismatch: str = "ask"
    trap: bool = False


FULL = Trouble("full", by="day", times=None)
TROUBLES = (
    Trouble("lying_thanks"),
    Trouble("dropped_after"),
    Trouble("shifted_time", on_mismatch="cancel_and_fall_back"),
    Trouble("late_record", {"seconds": 2}),
    Trouble("dropped_before"),
    Trouble("slot_lost"),
    Trouble("hold_expired"),
    FULL,
    Trouble("wrong_party", on_mismatch="cancel_and_fall_back"),
    Trouble("error_says_thank_you"),
    Trouble("no_reference_shown"),
    Trouble("refusal_as_500"),
    Trouble("needs_approval", {"seconds": 5, "answer": "accept"}),
    Trouble("needs_approval", {"seconds": 5, "answer": "decline"}),
    Trouble("double_submit_makes_two", times=None, trap=True),
)
"""A row is all that a further fault of the twins needs; those that a twin does not know are left out."""


@dataclass(frozen=True)
class Planned:
    """A fault that is set at a venue before the first request comes."""

    venue: str
    trouble: Trouble
    match: str | None
    day: str | None


@dataclass(frozen=True)
class Wish:
    """One request, and what will be done about it.

    Attributes:
        key: Its idempotency key.
        can_be_had: A venue that can serve it stands, by what was set up.
        calls_off: When its guest calls it off.
        calls_off_after_s: So long after it was accepted, where that is while it runs.
        sent_twice: The reseller sends it again, as if it had not heard the answer.
    """

    number: int
    request: Request
    key: str
    faults: tuple[Planned, ...] = ()
    can_be_had: bool = True
    calls_off: CallsOff = "never"
    calls_off_after_s: float = 0.0
    sent_twice: bool = False


def draw(seed: int, bookings: int, known_faults: frozenset[str], *, pretix: bool) -> list[Wish]:
    """The same wishes for the same seed.

    Args:
        seed: Of everything that is drawn here.
        bookings: How many.
        known_faults: What the twins can do wrong.
        pretix: A share of the wishes is for the ticket shop.
    """
    rng = Random(seed)  # noqa: S311 - a benchmark that can be run again, not a secret
    troubles = [trouble for trouble in TROUBLES if trouble.fault in known_faults]
    rng.shuffle(troubles)
    turn, balconies = cycle(troubles), 0
    wishes: list[Wish] = []
    for number, kind in enumerate(_kinds(rng, bookings, pretix=pretix)):
        if kind == "shop":
            wish = _at_a_shop(rng, number, balcony=balconies < MOST_BALCONIES and rng.random() < 0.3)
            balconies += wish.request.service == "Balcony"
        else:
            rival = _rival(wishes) if kind == "rival" else None
            wish = _at_a_table(rng, number, next(turn) if kind == "troubled" else None, rival, kind == "hopeless")
        wishes.append(_with_manners(rng, wish))
    return wishes


def _kinds(rng: Random, bookings: int, *, pretix: bool) -> list[str]:
    """Dealt like cards, so that also a short run has some of each."""
    shares = {"troubled": TROUBLED, "shop": AT_A_SHOP * pretix, "rival": RIVALS, "hopeless": HOPELESS}
    kinds = [kind for kind, share in shares.items() for _ in range(round(share * bookings))]
    kinds += ["plain"] * (bookings - len(kinds))
    rng.shuffle(kinds)
    return kinds[:bookings]


def _rival(wishes: Sequence[Wish]) -> Wish | None:
    """One that came just before, at whose first house nothing goes wrong."""
    just_before = reversed(wishes[-JUST_BEFORE:])
    return next((wish for wish in just_before if wish.request.venues[0] in HOUSES and not wish.faults), None)


def _at_a_table(rng: Random, number: int, trouble: Trouble | None, rival: Wish | None, hopeless: bool) -> Wish:
    houses = rng.sample(HOUSES, k=len(HOUSES))
    day, preferred, adults = FIRST_DAY + timedelta(days=number), rng.choice(TABLE_TIMES), rng.choice((2, 2, 3, 4))
    when = {"date": day.isoformat(), "earliest": "19:00", "latest": "21:00", "preferred": preferred}
    if rival is not None:  # both want the same table of the same house
        when, houses = rival.request.when.model_dump(mode="json"), list(rival.request.venues)
        adults = rival.request.party.adults
    if trouble is None and not hopeless and rng.random() < ONE_PLACE_ONLY:
        houses = houses[:1]
    troubles = [(house, FULL) for house in houses] if hopeless else [(houses[0], trouble)] if trouble else []
    written = _guest(number) | {
        "party": {"adults": adults},
        "when": when,
        "venues": houses,
        "on_mismatch": trouble.on_mismatch if trouble else "ask",
    }
    faults = tuple(_planned(house, each, number, day) for house, each in troubles)
    return Wish(number, Request.model_validate(written), _key(number), faults, can_be_had=not hopeless)


def _at_a_shop(rng: Random, number: int, *, balcony: bool) -> Wish:
    """Two concerts of one evening; the first one has no balcony left."""
    shops = list(SHOPS) if balcony else rng.sample(SHOPS, k=len(SHOPS))
    written = _guest(number) | {
        "party": {"adults": 1 if balcony else rng.choice((1, 2))},
        "when": {"date": SHOW_DAY.isoformat(), "earliest": "19:00", "latest": "23:00"},
        "venues": shops,
        "service": "Balcony" if balcony else rng.choice(("Standing", "Guest list")),
    }
    return Wish(number, Request.model_validate(written), _key(number))


def _with_manners(rng: Random, wish: Wish) -> Wish:
    """Some guests call off, some resellers ask twice."""
    calls_off: CallsOff = "never"
    if wish.can_be_had and rng.random() < CALLED_OFF:
        # called off while it runs, it might never come to its fault
        calls_off = "confirmed" if wish.faults or rng.random() < 0.5 else "running"
    return Wish(
        wish.number,
        wish.request,
        wish.key,
        wish.faults,
        wish.can_be_had,
        calls_off,
        rng.uniform(0.0, 4.0),
        rng.random() < SENT_TWICE,
    )


def _guest(number: int) -> dict[str, object]:
    name = f"{GIVEN[number % len(GIVEN)]} {FAMILY[number // len(GIVEN) % len(FAMILY)]}"
    email = f"{_mailbox(number)}@example.com"
    return {
        "reseller_reference": f"wish {number}",
        "guest": {"name": name, "email": email, "phone": f"+39 051 {number:06d}"},
    }


def _planned(venue: str, trouble: Trouble, number: int, day: date) -> Planned:
    if trouble.by == "day":
        return Planned(venue, trouble, None, day.isoformat())
    return Planned(venue, trouble, f"{_mailbox(number)}+", None)


def _mailbox(number: int) -> str:
    return f"guest{number:05d}"


def _key(number: int) -> str:
    return f"truth-{number:05d}"
