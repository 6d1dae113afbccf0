"""The attempt whose record at the venue is looked for, with everything to look and to judge by."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import SecretStr

from farm.booking import Ask
from farm.contract import Account, Lookup
from farm.errors import ContractBroken
from farm.facts import Claim, Facts, Guest
from farm.identity import Reference, made_secret, plant, tagged
from farm.request import Request
from farm.venue import Venue
from farm.verdict import Measure
from ledger.records import AttemptRecord, BookingRecord
from profiles.secrets import farm_key
from profiles.vault import vault_at
from tasks.runtime import Farm


@dataclass(frozen=True)
class Subject:
    """The attempt whose record is looked for, with everything to look and to judge by."""

    booking: BookingRecord
    attempt: AttemptRecord
    ask: Ask
    lookup: Lookup
    measure: Measure


def ask_for(farm: Farm, attempt: AttemptRecord, request: Request) -> Ask:
    """What an attempt asks of its venue: the request with our reference planted."""
    reference = Reference.found_in(attempt.our_reference)
    assert reference is not None  # noqa: S101 - minted in this shape
    return ask_as(reference, farm, farm.registry.venue(attempt.venue), request)


def ask_as(reference: Reference, farm: Farm, venue: Venue, request: Request) -> Ask:
    """What is asked of a venue under this reference of ours."""
    manifest = farm.registry.manifest(venue)
    planted = plant(request, reference, manifest.plants)
    made = _account(farm, manifest.made_role, reference, planted.guest)
    vault = vault_at(farm.settings.vault)
    return Ask(venue, manifest, farm.registry.script(venue), planted, farm.clock, made, vault)


def _account(farm: Farm, role: str | None, reference: Reference, guest: Guest) -> Account | None:
    """The account that the guest gets on the way: minted from our reference, so that any worker can log in again."""
    if role is None:
        return None
    settings = farm.settings
    key = farm_key(settings.key_file, make=settings.account_key_file is None and settings.database_url is None)
    return Account(role=role, user=tagged(guest.email, reference), secret=SecretStr(made_secret(key, reference)))


def subject(farm: Farm, booking: BookingRecord, attempt: AttemptRecord, wish: Request | None = None) -> Subject:
    """Everything that a look at an attempt's record needs; ``wish``: what the record shall become.

    Raises:
        ContractBroken: The attempt never came to its guard, so there is nothing to compare with.
    """
    if attempt.expected is None:
        raise ContractBroken(f"attempt {attempt.number} of {booking.id} has nothing to compare a record with")
    wanted = Facts.model_validate_json(attempt.expected)
    claim = Claim.model_validate_json(attempt.claim) if attempt.claim else Claim()
    ask = ask_for(farm, attempt, wish or booking.wanted())
    lookup = Lookup(
        our_reference=attempt.our_reference,
        guest=ask.request.guest,
        when=wanted.when,
        reference=claim.reference,
        link=claim.link,
    )
    measure = Measure(booking.code, wanted, claim.reference, ask.manifest.tolerance, ask.venue.zone)
    return Subject(booking, attempt, ask, lookup, measure)
