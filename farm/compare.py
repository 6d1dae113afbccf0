"""Request, recap and record held against each other, field by field, in the venue's zone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from farm.facts import Fact, Facts, Money, Offer, Party, Slot, Stay, When
from farm.manifest import Tolerance
from farm.request import Request

ESSENTIAL = ("when", "resource")
"""Without these (and one identity) nothing counts as matched."""

Same = Literal["same", "within_tolerance", "differs"]


class FieldResult(Fact):
    """One compared field. For the guest's own fields the values are left out."""

    field: str
    result: Same
    wanted: str | None = None
    seen: str | None = None


class Comparison(Fact):
    """What a page or record shows, held against what was asked."""

    fields: tuple[FieldResult, ...]
    not_compared: tuple[str, ...]

    @property
    def differing(self) -> tuple[str, ...]:
        """The fields that differ."""
        return tuple(field.field for field in self.fields if field.result == "differs")

    @property
    def essential_missing(self) -> tuple[str, ...]:
        """The essential facts that were not compared at all."""
        return tuple(name for name in ESSENTIAL if name in self.not_compared)


def expected(request: Request, offer: Offer) -> Facts:
    """What recap and record must show: the chosen offer, for the (planted) guest and the party that was asked for.

    Of the offer's own party only the units count: a table may have more places than people come.
    """
    units = offer.party.units if offer.party is not None else None
    return Facts(
        when=offer.when,
        resource=offer.resource,
        service=offer.service,
        party=request.party.model_copy(update={"units": units or request.party.units}),
        guest_name=request.guest.name,
        guest_email=request.guest.email,
        guest_phone=request.guest.phone,
        price=offer.price if offer.price_stage == "final" else None,
    )


def compare(wanted: Facts, seen: Facts, tolerance: Tolerance, zone: ZoneInfo) -> Comparison:
    """Every field that both sides know; the others are listed as not compared."""
    results = list(_results(wanted, seen, tolerance, zone))
    return Comparison(
        fields=tuple(result for _, result in results if result is not None),
        not_compared=tuple(name for name, result in results if result is None),
    )


def _results(
    wanted: Facts, seen: Facts, tolerance: Tolerance, zone: ZoneInfo
) -> Iterator[tuple[str, FieldResult | None]]:
    yield "when", _when(wanted.when, seen.when, tolerance, zone)
    yield "ends_at", _ends_at(wanted.when, seen.when, tolerance, zone)
    yield "resource", _text("resource", wanted.resource, seen.resource)
    yield "service", _text("service", wanted.service, seen.service)
    yield "party", _party(wanted.party, seen.party)
    yield (
        "guest_name",
        _guest("guest_name", name_words(wanted.guest_name), name_words(seen.guest_name), tolerance.guest_name),
    )
    yield "guest_email", _guest("guest_email", fold(wanted.guest_email), fold(seen.guest_email))
    yield "guest_phone", _guest("guest_phone", digits(wanted.guest_phone), digits(seen.guest_phone))
    yield "price", _price(wanted.price, seen.price, tolerance)


def _when(wanted: When | None, seen: When | None, tolerance: Tolerance, zone: ZoneInfo) -> FieldResult | None:
    if wanted is None or seen is None:
        return None
    if isinstance(wanted, Slot) and isinstance(seen, Slot):
        apart = abs(wanted.starts_at - seen.starts_at)
        return FieldResult(
            field="when",
            result=_within(apart, timedelta(minutes=tolerance.starts_at_min)),
            wanted=wanted.starts_at.astimezone(zone).isoformat(timespec="minutes"),
            seen=seen.starts_at.astimezone(zone).isoformat(timespec="minutes"),
        )
    return FieldResult(
        field="when", result="same" if wanted == seen else "differs", wanted=_nights(wanted), seen=_nights(seen)
    )


def _ends_at(wanted: When | None, seen: When | None, tolerance: Tolerance, zone: ZoneInfo) -> FieldResult | None:
    if not (isinstance(wanted, Slot) and isinstance(seen, Slot)) or wanted.ends_at is None or seen.ends_at is None:
        return None
    return FieldResult(
        field="ends_at",
        result=_within(abs(wanted.ends_at - seen.ends_at), timedelta(minutes=tolerance.ends_at_min)),
        wanted=wanted.ends_at.astimezone(zone).isoformat(timespec="minutes"),
        seen=seen.ends_at.astimezone(zone).isoformat(timespec="minutes"),
    )


def _within(apart: timedelta, allowed: timedelta) -> Same:
    if not apart:
        return "same"
    return "within_tolerance" if apart <= allowed else "differs"


def _nights(when: When) -> str:
    if isinstance(when, Stay):
        return f"{when.check_in}..{when.check_out}"
    return when.starts_at.isoformat(timespec="minutes")


def _text(name: str, wanted: str | None, seen: str | None) -> FieldResult | None:
    if wanted is None or seen is None:
        return None
    same = fold(wanted) == fold(seen)
    return FieldResult(field=name, result="same" if same else "differs", wanted=wanted, seen=seen)


def _party(wanted: Party | None, seen: Party | None) -> FieldResult | None:
    """People and units, each where both sides show it: "2 tickets" says nothing of children."""
    if wanted is None or seen is None:
        return None
    pairs = [(wanted.people or None, seen.people or None), (wanted.units, seen.units)]
    if seen.children:
        pairs.append((wanted.children, seen.children))
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    if not known:
        return None
    same = all(a == b for a, b in known)
    return FieldResult(
        field="party", result="same" if same else "differs", wanted=_spoken(wanted), seen=_spoken(seen)
    )


def _spoken(party: Party) -> str:
    counts = {"adults": party.adults, "children": party.children, "units": party.units}
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def _guest(name: str, wanted: str | None, seen: str | None, rule: str = "exact") -> FieldResult | None:
    if not wanted or not seen:
        return None
    if wanted == seen:
        return FieldResult(field=name, result="same")
    words, shown = wanted.split(), seen.split()
    close = (rule == "any_order" and sorted(words) == sorted(shown)) or (
        rule == "contains" and set(words) <= set(shown)
    )
    return FieldResult(field=name, result="within_tolerance" if close else "differs")


def _price(wanted: Money | None, seen: Money | None, tolerance: Tolerance) -> FieldResult | None:
    if wanted is None or seen is None:
        return None
    result: Same = "differs"
    if wanted == seen:
        result = "same"
    elif wanted.currency == seen.currency and abs(wanted.minor - seen.minor) <= tolerance.price_minor:
        result = "within_tolerance"
    return FieldResult(field="price", result=result, wanted=str(wanted), seen=str(seen))


def fold(text: str | None) -> str | None:
    """Text without case and spaces around it."""
    return None if text is None else " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def name_words(text: str | None) -> str | None:
    """Names without accents, case and punctuation: venues strip them."""
    if text is None:
        return None
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^\w]+", " ", bare).split())


def digits(text: str | None) -> str | None:
    """The last nine digits of a phone number: prefixes are written in many ways."""
    return None if text is None else re.sub(r"\D", "", text)[-9:] or None
