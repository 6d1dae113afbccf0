"""The attempt whose record at the venue is looked for, with everything to look and to judge by."""

from __future__ import annotations

from dataclasses import dataclass

from farm.booking import Ask
from farm.contract import Lookup
from farm.errors import ContractBroken
from farm.facts import Claim, Facts
from farm.identity import Reference, plant
from farm.status import AttemptState
from farm.verdict import Measure
from ledger.records import AttemptRecord, BookingRecord
from tasks.runtime import Farm

OPEN_STATES = frozenset(
    {AttemptState.COMMITTING, AttemptState.CLAIMED, AttemptState.IN_DOUBT, AttemptState.PENDING_VENUE}
)
"""Past the commit, and the venue's record has not settled it yet."""


@dataclass(frozen=True)
class Subject:
    """The attempt whose record is looked for, with everything to look and to judge by."""

    booking: BookingRecord
    attempt: AttemptRecord
    ask: Ask
    lookup: Lookup
    measure: Measure


def subject(farm: Farm, booking: BookingRecord, attempt: AttemptRecord) -> Subject:
    """Everything that a look at an attempt's record needs.

    Raises:
        ContractBroken: The attempt never came to its guard, so there is nothing to compare with.
    """
    reference = Reference.found_in(attempt.our_reference)
    if attempt.expected is None or reference is None:
        raise ContractBroken(f"attempt {attempt.number} of {booking.id} has nothing to compare a record with")
    venue = farm.registry.venue(attempt.venue)
    manifest = farm.registry.manifest(venue)
    wanted = Facts.model_validate_json(attempt.expected)
    claim = Claim.model_validate_json(attempt.claim) if attempt.claim else Claim()
    planted = plant(booking.wanted(), reference, manifest.plants)
    lookup = Lookup(
        our_reference=str(reference),
        guest=planted.guest,
        when=wanted.when,
        reference=claim.reference,
        link=claim.link,
    )
    measure = Measure(booking.code, wanted, claim.reference, manifest.tolerance, venue.zone)
    ask = Ask(venue, manifest, farm.registry.script(venue), planted, farm.clock)
    return Subject(booking, attempt, ask, lookup, measure)
