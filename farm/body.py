"""What the last click will send, held against what was asked: the only recap on the wire. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from farm.compare import digits, fold, name_words
from farm.facts import Facts, Slot, Stay
from farm.rules import BodyFact, BodyFields


def differing(fields: BodyFields, mapped: Mapping[str, BodyFact], asked: Facts) -> tuple[str, ...]:
    """The facts in which the body is not what was asked; a mapped field that is missing or unclear differs.

    Args:
        fields: The body's; None where it cannot be read, and then every mapped fact differs.
        mapped: Which field carries which fact, as the manifest says.
        asked: What the record shall show. A fact that was not asked for is not compared.
    """
    wrong = []
    for field, fact in mapped.items():
        wanted = _spoken(fact, asked)
        if wanted is None:
            continue
        said = fields.get(field, ()) if fields is not None else ()
        if len(said) != 1 or _comparable(fact, said[0]) not in {_comparable(fact, each) for each in wanted}:
            wrong.append(fact)
    return tuple(dict.fromkeys(wrong))


def _spoken(fact: BodyFact, asked: Facts) -> tuple[str, ...] | None:
    """How a fact may be written in a body; None where it was not asked for."""
    when, party = asked.when, asked.party
    written: Mapping[BodyFact, tuple[str | int | None, ...]] = {
        "date": (when.starts_at.date().isoformat(),) if isinstance(when, Slot) else (None,),
        "time": (f"{when.starts_at:%H:%M}", f"{when.starts_at:%H:%M:%S}") if isinstance(when, Slot) else (None,),
        "starts_at": (when.starts_at.isoformat(), when.starts_at.isoformat(timespec="minutes"))
        if isinstance(when, Slot)
        else (None,),
        "check_in": (when.check_in.isoformat(),) if isinstance(when, Stay) else (None,),
        "check_out": (when.check_out.isoformat(),) if isinstance(when, Stay) else (None,),
        "people": (party.people,) if party is not None and party.people else (None,),
        "adults": (party.adults,) if party is not None else (None,),
        "children": (party.children,) if party is not None else (None,),
        "units": (party.units,) if party is not None else (None,),
        "resource": (asked.resource,),
        "service": (asked.service,),
        "guest_name": (asked.guest_name,),
        "guest_email": (asked.guest_email,),
        "guest_phone": (asked.guest_phone,),
        "price_minor": (asked.price.minor if asked.price is not None else None,),
    }
    known = tuple(str(each) for each in written[fact] if each is not None)
    return known or None


def _comparable(fact: BodyFact, text: str) -> str | None:
    if fact == "guest_name":
        return name_words(text)
    return digits(text) if fact == "guest_phone" else fold(text)
