"""A request as it comes in: every fault is named at once, before anything is queued."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from farm.registry import Registry, UnknownName
from farm.request import Request, Wanted
from farm.schema import Fault, SchemaFaults, faults_of
from farm.venue import Venue

_WHEN: TypeAdapter[Wanted] = TypeAdapter(Wanted)
_DEADLINE: TypeAdapter[datetime | None] = TypeAdapter(AwareDatetime | None)


class BadRequest(SchemaFaults):
    """A request that cannot be queued: every fault in it, with its place."""


def admit(written: object, registry: Registry, now: datetime) -> Request:
    """The request, checked whole: its shape, its venues, its time in each venue's zone, and each venue's needs.

    Args:
        written: The parsed JSON document.
        registry: What can be booked.
        now: Aware; what lies before it is past.

    Raises:
        BadRequest: With all faults.
    """
    if not isinstance(written, dict):
        raise BadRequest([Fault("", "a request is a JSON object")])
    faults: list[Fault] = []
    request = None
    try:
        request = Request.model_validate_json(_json(written))
    except ValidationError as error:
        faults += faults_of(error, Request)
    venues, unknown = _venues(written, registry)
    faults += unknown
    faults += _time_faults(_when(written), venues, now)
    faults += _too_late(written.get("know_by"), now)
    if request is not None:
        faults += _need_faults(request, venues, registry)
    if request is None or faults:
        raise BadRequest(list(dict.fromkeys(faults)))
    return request


def _json(written: object) -> str:
    return TypeAdapter(object).dump_json(written).decode()


def _venues(written: dict[str, object], registry: Registry) -> tuple[list[Venue], list[Fault]]:
    """The known venues of a request whose shape may be wrong, and a fault for each unknown one."""
    found: list[Venue] = []
    faults: list[Fault] = []
    names = written.get("venues", [])
    for number, slug in enumerate(names if isinstance(names, list) else []):
        if isinstance(slug, str):
            try:
                found.append(registry.venue(slug))
            except UnknownName as error:
                faults.append(Fault(f"venues.{number}", str(error)))
    group = written.get("group")
    if isinstance(group, str):
        try:
            found += registry.group(group)
        except UnknownName as error:
            faults.append(Fault("group", str(error)))
    return found, faults


def _when(written: dict[str, object]) -> Wanted | None:
    """The wish for a time, if that part has the right shape."""
    try:
        return _WHEN.validate_json(_json(written.get("when")))
    except ValidationError:
        return None


def _time_faults(when: Wanted | None, venues: Sequence[Venue], now: datetime) -> Iterator[Fault]:
    if when is None:
        return
    for venue in venues:
        skipped = when.skipped_by(venue.zone)
        if skipped is not None:
            yield Fault(
                "when", f"{skipped:%H:%M} on {when.day} does not exist at {venue.slug}: {venue.timezone} skips it"
            )
        elif when.starts_before(now, venue.zone):
            yield Fault("when", f"{when.day} is past at {venue.slug} ({venue.timezone})")


def _too_late(know_by: object, now: datetime) -> Iterator[Fault]:
    try:
        deadline = _DEADLINE.validate_json(_json(know_by))
    except ValidationError:
        return
    if deadline is not None and deadline <= now:
        yield Fault("know_by", "is past")


def _need_faults(request: Request, venues: Sequence[Venue], registry: Registry) -> Iterator[Fault]:
    for venue in venues:
        for need in request.lacks(registry.manifest(venue).needs):
            yield Fault(need, f"is missing: {venue.slug} needs it")
        if request.price_cap is not None and request.price_cap.currency != venue.currency:
            yield Fault(
                "price_cap.currency", f"is {request.price_cap.currency}, but {venue.slug} sells in {venue.currency}"
            )
