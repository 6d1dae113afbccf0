"""What the ledger says of a booking, held against what the venues' own books have. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from farm.facts import Facts, Party, Slot
from farm.identity import Reference
from farm.status import LIVE_STATES, AttemptState, BookingStatus
from farm.verdict import Verdict
from ledger.records import AttemptRecord, BookingRecord

AT_A_VENUE = LIVE_STATES | {AttemptState.CANCELLED}


@dataclass(frozen=True)
class Entry:
    """One line in a venue's own books, whatever any page or channel showed of it.

    Attributes:
        venue: Its slug.
        planted: Our reference in the e-mail or note; None when there is none.
        count: People at a table, or pieces of a product.
        stands: Not cancelled.
        detail: What else the book says of it, for a person; not compared.
    """

    venue: str
    reference: str
    planted: Reference | None
    starts_at: datetime
    resource: str
    count: int
    stands: bool
    detail: str = ""


@dataclass(frozen=True)
class Says:
    """What the ledger says of one booking.

    Attributes:
        planted: The reference of the attempt that stands, or stood, at the venue; the other facts are its too.
        differing: The fields in which the farm itself found the venue's record to be another one.
    """

    code: str
    status: BookingStatus
    venue: str | None = None
    reference: str | None = None
    planted: Reference | None = None
    starts_at: datetime | None = None
    resource: str | None = None
    count: int | None = None
    differing: tuple[str, ...] = ()


def ledger_says(booking: BookingRecord, attempts: Sequence[AttemptRecord]) -> Says:
    """The booking's row and its attempt at the venue, as one thing to compare."""
    attempt = next((a for a in reversed(attempts) if a.state in AT_A_VENUE and a.expected is not None), None)
    if attempt is None:
        return Says(booking.code, booking.status)
    wanted = Facts.model_validate_json(attempt.expected or "{}")
    verdict = Verdict.model_validate_json(booking.verdict) if booking.verdict is not None else None
    return Says(
        code=booking.code,
        status=booking.status,
        venue=booking.venue,
        reference=booking.venue_reference,
        planted=Reference.found_in(attempt.our_reference),
        starts_at=wanted.when.starts_at if isinstance(wanted.when, Slot) else None,
        resource=wanted.resource,
        count=_count(wanted.party),
        differing=tuple(f.field for f in verdict.fields if f.result == "differs") if verdict is not None else (),
    )


def of_booking(code: str, entries: Sequence[Entry]) -> list[Entry]:
    """The lines of all books that carry a booking's code."""
    return [entry for entry in entries if entry.planted is not None and entry.planted.code == code]


def strangers(codes: Sequence[str], entries: Sequence[Entry]) -> list[Entry]:
    """The lines that carry no code of ours: nobody asked for them."""
    return [entry for entry in entries if entry.planted is None or entry.planted.code not in codes]


def differences(says: Says, entries: Sequence[Entry]) -> list[str]:
    """Where the ledger and the books of all venues differ about one booking; empty when they agree.

    A confirmed booking has one standing record, the very one that the ledger names. A doubt over a differing record
    has one too, which differs in the fields that the farm named. Everything else that is over has none standing.
    """
    ours = of_booking(says.code, entries)
    standing = [entry for entry in ours if entry.stands]
    if not says.status.settled:
        return [f"the ledger still says {says.status}: it never came to an end"]
    if says.status is BookingStatus.CONFIRMED or (says.status is BookingStatus.IN_DOUBT and says.differing):
        return list(_one_standing(says, standing))
    if says.status is BookingStatus.IN_DOUBT:
        return ["the ledger does not know, and names nothing that differs"]
    found = [f"the ledger says {says.status}, and {_named(entry)} stands" for entry in standing]
    if says.status is BookingStatus.CANCELLED and says.reference is not None:
        struck = [entry for entry in ours if not entry.stands and entry.reference == says.reference]
        if len(struck) != 1 and not standing:
            found.append(f"the ledger says that {says.reference} was cancelled, and no book has it")
    return found


def _one_standing(says: Says, standing: list[Entry]) -> Iterator[str]:
    if len(standing) != 1:
        named = f": {', '.join(map(_named, standing))}" if standing else ""
        yield f"the ledger says {says.status}, and {len(standing)} records stand{named}"
        return
    entry = standing[0]
    for what, told, found in (
        ("venue", says.venue, entry.venue),
        ("reference", says.reference, entry.reference),
        ("our reference", says.planted, entry.planted),
    ):
        if told != found:
            yield f"{what}: the ledger says {told}, the book of {entry.venue} has {found}"
    for what, wanted, has in (
        ("when", says.starts_at, entry.starts_at),
        ("resource", says.resource, entry.resource),
        ("party", says.count, entry.count),
    ):
        doubted = says.status is BookingStatus.IN_DOUBT and what in says.differing
        if doubted and wanted == has:
            yield f"{what}: the farm says that it differs, and the book of {entry.venue} has just that ({has})"
        if not doubted and wanted != has:
            yield f"{what}: the ledger says {wanted}, the book of {entry.venue} has {has}"


def _named(entry: Entry) -> str:
    return f"{entry.reference} at {entry.venue}"


def _count(party: Party | None) -> int | None:
    return None if party is None else party.units or party.people
