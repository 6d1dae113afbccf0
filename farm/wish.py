"""What a wish to change a booking means: for the record that shall show it, and for the script. Pure."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from farm.facts import Facts, Sighting, Slot, When
from farm.request import Request, WantedSlot


def to_show(record: Sighting, wish: Request, wanted: Facts, zone: ZoneInfo) -> Facts | None:
    """What a record must show from now on, or None when its time is none that was wished.

    With ``wanted.when`` it is just that. Without it any time that the wish admits will do; place and price are then
    the record's own (the place that the wish names, where it names one), the party is the wish's, all else as it was.
    """
    if wanted.when is not None:
        return wanted
    if record.when is None or not wish.when.admits(record.when, zone):
        return None
    resource = wish.resource or record.resource
    taken = {"when": record.when, "resource": resource, "price": record.price, "party": wish.party}
    return wanted.model_copy(update=taken)


def narrowed(wish: Request, when: When | None, zone: ZoneInfo) -> Request:
    """The wish as the script gets it: for exactly this time, where there is one."""
    if not isinstance(when, Slot) or not isinstance(wish.when, WantedSlot):
        return wish
    at = when.starts_at.astimezone(zone)
    exactly = {"date": at.date(), "earliest": at.time(), "latest": at.time(), "preferred": at.time()}
    return wish.model_copy(update={"when": wish.when.model_copy(update=exactly)})
