"""What a partner's profile comes to: its values with where each comes from, and what is still missing for a visit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Literal

from pydantic import BaseModel, JsonValue

from farm.errors import AccessNotAgreed
from farm.facts import Fact
from farm.registry import Registry
from farm.venue import Venue
from gateway.tolerance_answers import ToleranceAnswer
from profiles.partner import Partner
from profiles.secrets import is_there, read_secret
from tools.appearance.rules import Contradiction

Source = Literal["file", "default", "learned"]


class AccountAnswer(Fact):
    """Whether a role's secrets lead to something; what they are is said nowhere."""

    role: str
    there: bool


class PartnerAnswer(Fact):
    """One partner, in short.

    Attributes:
        ends_in_days: Below 0 once the agreement has ended: nothing goes there any more.
        key_there: Whether the key that signs is there; None where nothing is signed.
    """

    slug: str
    name: str
    basis: str
    contact: str
    ends: date
    ends_in_days: int
    steps: tuple[str, ...]
    hosts: tuple[str, ...]
    requests_per_min: int | None
    visits_at_once: int | None
    bookings_per_hour: int | None
    accounts: tuple[AccountAnswer, ...]
    learns_from_per_min: float | None
    identify: str
    key_there: bool | None
    venues: tuple[str, ...]

    @classmethod
    def of(cls, partner: Partner, there: Registry, today: date) -> PartnerAnswer:
        """The answer for a profile."""
        access, pacing, looks = partner.access, partner.pacing, partner.fingerprint
        accounts = partner.session.accounts.items()
        return cls(
            slug=partner.slug,
            name=partner.name,
            basis=access.basis,
            contact=access.contact,
            ends=access.ends,
            ends_in_days=(access.ends - today).days,
            steps=access.steps,
            hosts=access.hosts,
            requests_per_min=pacing.requests_per_min,
            visits_at_once=pacing.visits_at_once,
            bookings_per_hour=pacing.bookings_per_hour,
            accounts=tuple(AccountAnswer(role=role, there=is_there(terms)) for role, terms in accounts),
            learns_from_per_min=partner.tolerance.floor_per_min if partner.tolerance is not None else None,
            identify=looks.identify,
            key_there=_is_there(looks.key) if looks.identify != "nothing" and looks.key is not None else None,
            venues=tuple(venue.slug for venue in venues_of(partner, there)),
        )


class PartnersAnswer(Fact):
    """Every partner."""

    partners: tuple[PartnerAnswer, ...]


class ValueAnswer(Fact):
    """One value that holds for a partner.

    Attributes:
        source: ``file``: its profile says so. ``default``: it says nothing, and this is what holds then. ``learned``:
            what the ledger knows of its tolerance, of the partner as a whole and of each account.
    """

    key: str
    value: JsonValue
    source: Source


class ProfileAnswer(Fact):
    """A whole profile."""

    partner: PartnerAnswer
    file: str
    values: tuple[ValueAnswer, ...]


class LooksAnswer(Fact):
    """What a browser said under a profile.

    Attributes:
        engine: The full version of the browser that ran.
        webgl: What its graphics call themselves; nothing is compared with it.
    """

    partner: str
    engine: str
    user_agent: str
    locale: str
    timezone: str
    webgl: str | None
    requests: tuple[str, ...]
    places: tuple[str, ...]
    contradictions: tuple[Contradiction, ...]


def venues_of(partner: Partner, there: Registry) -> tuple[Venue, ...]:
    """The venues that are visited under a profile, by slug."""
    return tuple(venue for _, venue in sorted(there.venues.items()) if venue.partner == partner.slug)


def learned_of(known: Iterable[ToleranceAnswer]) -> Iterator[ValueAnswer]:
    """What was learned of a partner, by the keys that its profile would have."""
    for one in known:
        under = f"session.accounts.{one.account}.tolerance" if one.account else "tolerance"
        yield ValueAnswer(key=f"{under}.rate_per_min", value=one.rate_per_min, source="learned")
        if one.until is not None:
            yield ValueAnswer(key=f"{under}.left_alone_until", value=one.until.isoformat(), source="learned")


def values_of(fact: BaseModel, under: str = "") -> Iterator[ValueAnswer]:
    """Every value of a profile by its key, tables first to last as its file has them."""
    said = fact.model_dump(mode="json")
    for name in type(fact).model_fields:
        value = getattr(fact, name)
        if isinstance(value, BaseModel):
            yield from values_of(value, f"{under}{name}.")
        elif isinstance(value, dict) and value:
            for key, one in value.items():
                yield from values_of(one, f"{under}{name}.{key}.")
        elif f"{under}{name}" != "slug":
            source: Source = "file" if name in fact.model_fields_set else "default"
            yield ValueAnswer(key=f"{under}{name}", value=said[name], source=source)


def _is_there(reference: str) -> bool:
    try:
        read_secret(reference)
    except AccessNotAgreed:
        return False
    return True
