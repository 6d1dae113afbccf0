"""A request as it comes in: every fault is named at once, before anything is queued."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import TypeVar
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError

from farm.facts import Money
from farm.manifest import Manifest
from farm.registry import Registry, UnknownName
from farm.request import ONE_PLACE, Need, Request, Wanted, WantedSlot, WantedStay
from farm.schema import Fault, SchemaFaults, faults_of, nearest
from farm.venue import Venue
from farm.written import Day, Moment, WallTime

T = TypeVar("T")

_DAY: TypeAdapter[date] = TypeAdapter(Day)
_TIME: TypeAdapter[time] = TypeAdapter(WallTime)
_DEADLINE: TypeAdapter[datetime] = TypeAdapter(Moment)
_CAP: TypeAdapter[Money] = TypeAdapter(Money)
_LAST_ZONE = timedelta(hours=12)
"""A day is over everywhere so long after it is over in UTC."""
_PLACES: Mapping[Need, tuple[str, ...]] = {"duration": ("when", "duration_min"), "phone": ("guest", "phone")}


class BadRequest(SchemaFaults):
    """A request that cannot be queued: every fault in it, with its place."""


def admit(
    written: object, registry: Registry, now: datetime, closed: Mapping[str, str] = MappingProxyType({})
) -> Request:
    """The request, checked whole: its shape, its venues, its time in each venue's zone, and what each venue sells.

    Each part is looked at by itself, as it is written, so that a fault in one does not hide one in another.

    Args:
        written: The parsed JSON document.
        registry: What can be booked.
        now: Aware; what lies before it is past.
        closed: Venues that take no new bookings, with why (``farm.demotion``); a request that has others is let in.

    Raises:
        BadRequest: With all faults.
    """
    request, faults = _shaped(written)
    if isinstance(written, dict):
        venues, unknown = _venues(written, registry)
        faults += unknown
        faults += _time_faults(written.get("when"), venues, now)
        faults += _too_late(written.get("know_by"), now)
        for venue in venues:
            faults += _venue_faults(written, venue, registry.manifest(venue))
        faults += _name_faults(written, venues)
        faults += _closed_faults(written, [venue.slug for venue in venues], closed)
    if request is None or faults:
        raise BadRequest(list(dict.fromkeys(faults)))
    return request


def must_be_served(request: Request, registry: Registry, closed: Mapping[str, str]) -> None:
    """Return if some venue of an admitted request takes new bookings.

    Raises:
        BadRequest: None does; with why, for each.
    """
    slugs = [venue.slug for venue in registry.candidates(request)]
    faults = list(_closed_faults({"group": request.group, "venues": slugs}, slugs, closed))
    if faults:
        raise BadRequest(faults)


def shaped(written: object) -> Request:
    """The request, checked by itself only: for one that was admitted before.

    Raises:
        BadRequest: With all faults of its shape.
    """
    request, faults = _shaped(written)
    if request is None:
        raise BadRequest(faults)
    return request


def _shaped(written: object) -> tuple[Request | None, list[Fault]]:
    if not isinstance(written, dict):
        return None, [Fault("", "a request is a JSON object")]
    try:
        return Request.model_validate_json(json.dumps(written)), []
    except ValidationError as error:
        faults = faults_of(error, Request)
    has_venues, has_group = bool(written.get("venues")), written.get("group") is not None
    if has_venues == has_group:
        faults.append(Fault("group", ONE_PLACE))
    return None, faults


def _part(kind: TypeAdapter[T], written: object) -> T | None:
    """One part by itself; None when it is not there, or wrong (which its own fault says)."""
    try:
        return kind.validate_json(json.dumps(written))
    except ValidationError:
        return None


def _venues(written: Mapping[str, object], registry: Registry) -> tuple[list[Venue], list[Fault]]:
    """The known venues of a request whose shape may be wrong, and a fault for each unknown one."""
    found: dict[str, Venue] = {}
    faults: list[Fault] = []
    names = written.get("venues", [])
    for number, slug in enumerate(names if isinstance(names, list) else []):
        if isinstance(slug, str):
            try:
                found[slug] = registry.venue(slug)
            except UnknownName as error:
                faults.append(Fault(f"venues.{number}", str(error)))
    group = written.get("group")
    if isinstance(group, str):
        try:
            found |= {venue.slug: venue for venue in registry.group(group)}
        except UnknownName as error:
            faults.append(Fault("group", str(error)))
    return list(found.values()), faults


def _wish(written: object) -> Wanted | None:
    """As much of the wish for a time as is right; None without a day."""
    parts = written if isinstance(written, dict) else {}
    arrives = _part(_DAY, parts.get("check_in"))
    if arrives is not None:
        leaves = _part(_DAY, parts.get("check_out")) or arrives
        return WantedStay.model_construct(check_in=arrives, check_out=leaves)
    day = _part(_DAY, parts.get("date"))
    if day is None:
        return None
    earliest, latest = _part(_TIME, parts.get("earliest")), _part(_TIME, parts.get("latest"))
    last = max(filter(None, (earliest, latest)), default=time(23, 59))
    preferred = _part(_TIME, parts.get("preferred"))
    return WantedSlot.model_construct(date=day, earliest=earliest or last, latest=last, preferred=preferred)


def _time_faults(written: object, venues: Sequence[Venue], now: datetime) -> Iterator[Fault]:
    wish = _wish(written)
    if wish is None:
        return
    if not venues and wish.starts_before(now - _LAST_ZONE, ZoneInfo("UTC")):
        yield Fault("when", f"{wish.day} is past everywhere")
    for venue in venues:
        skipped = wish.skipped_by(venue.zone)
        if skipped is not None:
            yield Fault(
                "when", f"{skipped:%H:%M} on {wish.day} does not exist at {venue.slug}: {venue.timezone} skips it"
            )
        elif wish.starts_before(now, venue.zone):
            yield Fault("when", f"{wish.day} is past at {venue.slug} ({venue.timezone})")


def _too_late(know_by: object, now: datetime) -> Iterator[Fault]:
    deadline = _part(_DEADLINE, know_by)
    if deadline is not None and deadline <= now:
        yield Fault("know_by", "is past")


def _venue_faults(written: Mapping[str, object], venue: Venue, manifest: Manifest) -> Iterator[Fault]:
    """What one venue cannot do with this request, whatever the others can."""
    wish = _wish(written.get("when"))
    wanted = "stay" if isinstance(wish, WantedStay) else "slot"
    if wish is not None and wanted != manifest.takes:
        said = {"slot": "a time (`date`, `earliest`, `latest`)", "stay": "nights (`check_in`, `check_out`)"}
        yield Fault("when", f"asks for {said[wanted]}, but {venue.slug} takes {said[manifest.takes]}")
    for need in dict.fromkeys((*manifest.demands, *venue.needs)):
        place = _PLACES.get(need, (need,))
        if not _at(written, place) and not (need == "duration" and wanted == "stay"):
            yield Fault(".".join(place), f"is missing: {venue.slug} needs it")
    cap = _part(_CAP, written.get("price_cap"))
    if cap is not None and cap.currency != venue.currency:
        yield Fault("price_cap.currency", f"is {cap.currency}, but {venue.slug} sells in {venue.currency}")


def _closed_faults(written: Mapping[str, object], slugs: Sequence[str], closed: Mapping[str, str]) -> Iterator[Fault]:
    """Why nothing can serve the request, where every venue of it is closed."""
    if not slugs or not set(slugs) <= set(closed):
        return
    for number, slug in enumerate(slugs):
        yield Fault("group" if written.get("group") else f"venues.{number}", closed[slug])


def _name_faults(written: Mapping[str, object], venues: Sequence[Venue]) -> Iterator[Fault]:
    """A service or resource that no venue has, where each of them says what it has."""
    for part, had in (
        ("service", [[sold.service for sold in venue.sells] for venue in venues]),
        ("resource", [list(venue.resources) for venue in venues]),
    ):
        asked = written.get(part)
        known = {name.casefold(): name for names in had for name in names}
        if isinstance(asked, str) and had and all(had) and asked.strip().casefold() not in known:
            yield Fault(part, f"no venue of this request has it; {nearest(asked.strip(), list(known.values()))}")


def _at(written: object, place: Sequence[str]) -> object:
    for step in place:
        written = written.get(step) if isinstance(written, dict) else None
    return written
