"""What a reseller wants: the request as it is queued."""

from __future__ import annotations

import datetime as dt
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Literal, Protocol
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator

from farm.facts import Fact, Guest, Money, Party, Slot, Stay, When


class WantedSlot(Fact):
    """A time on a day, in each venue's own zone: "between 19:00 and 21:00 on the 4th"."""

    date: dt.date
    earliest: time
    latest: time
    preferred: time | None = None
    duration_min: Annotated[int, Field(ge=5, le=24 * 60)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> WantedSlot:
        if any(t is not None and t.tzinfo is not None for t in (self.earliest, self.latest, self.preferred)):
            raise ValueError("times are wall-clock times of the venue and carry no offset")
        if self.latest < self.earliest:
            raise ValueError("`latest` is before `earliest`")
        if self.preferred is not None and not self.earliest <= self.preferred <= self.latest:
            raise ValueError("`preferred` is outside `earliest`..`latest`")
        return self

    @property
    def day(self) -> dt.date:
        """The first day that the booking touches."""
        return self.date

    def moments(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """The window in the venue's zone."""
        return (
            datetime.combine(self.date, self.earliest, tzinfo=zone),
            datetime.combine(self.date, self.latest, tzinfo=zone),
        )

    def admits(self, when: When, zone: ZoneInfo) -> bool:
        """True when the offered slot starts inside the window."""
        if not isinstance(when, Slot):
            return False
        first, last = self.moments(zone)
        return first.astimezone(UTC) <= when.starts_at.astimezone(UTC) <= last.astimezone(UTC)

    def distance(self, when: When, zone: ZoneInfo) -> timedelta:
        """How far an admitted slot is from the preferred time (or from the earliest)."""
        best = datetime.combine(self.date, self.preferred or self.earliest, tzinfo=zone)
        return abs(when.starts_at.astimezone(UTC) - best.astimezone(UTC)) if isinstance(when, Slot) else timedelta.max

    def skipped_by(self, zone: ZoneInfo) -> time | None:
        """The first wall-clock time of the window that does not exist in the zone on that day."""
        for at in (self.earliest, self.preferred, self.latest):
            if at is not None:
                wall = datetime.combine(self.date, at)
                if wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall:
                    return at
        return None

    def starts_before(self, now: datetime, zone: ZoneInfo) -> bool:
        """True when the whole window is past."""
        return self.moments(zone)[1].astimezone(UTC) < now.astimezone(UTC)


class WantedStay(Fact):
    """Nights, as dates in the venue's zone."""

    check_in: dt.date
    check_out: dt.date

    @model_validator(mode="after")
    def _in_order(self) -> WantedStay:
        if self.check_out <= self.check_in:
            raise ValueError("`check_out` is not after `check_in`")
        return self

    @property
    def day(self) -> dt.date:
        """The first day that the booking touches."""
        return self.check_in

    def admits(self, when: When, _zone: ZoneInfo) -> bool:
        """True when the offer is for these very nights."""
        return isinstance(when, Stay) and (when.check_in, when.check_out) == (self.check_in, self.check_out)

    def distance(self, _when: When, _zone: ZoneInfo) -> timedelta:
        """Nothing to prefer: the nights are given."""
        return timedelta(0)

    def skipped_by(self, zone: ZoneInfo) -> time | None:
        """The day itself, as midnight, where the zone left the whole day out (Samoa, 2011-12-30)."""
        for day in (self.check_in, self.check_out):
            noon = datetime.combine(day, time(12))
            if noon.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) != noon:
                return time(0)
        return None

    def starts_before(self, now: datetime, zone: ZoneInfo) -> bool:
        """True when the day of arrival is past."""
        return self.check_in < now.astimezone(zone).date()


def _shape(written: object) -> str:
    """Which of the two a wish is, by its keys: so that a fault is told of one shape, not of both."""
    keys = written if isinstance(written, dict) else ()
    is_stay = isinstance(written, WantedStay) or "check_in" in keys or "check_out" in keys
    return WantedStay.__name__ if is_stay else WantedSlot.__name__


Wanted = Annotated[
    Annotated[WantedSlot, Tag(WantedSlot.__name__)] | Annotated[WantedStay, Tag(WantedStay.__name__)],
    Discriminator(_shape),
]

Need = Literal["duration", "service", "resource", "title", "phone", "consents"]
"""Parts of a request that a manifest may demand (its ``needs``)."""


class Request(Fact):
    """One booking that somebody wants.

    Attributes:
        reseller: The platform that asks.
        reseller_reference: The platform's own id for the booking.
        venues: Candidates, best first. With ``group`` instead, all venues of the group.
        context: Free words of the platform; handed back, never shown to a venue.
        know_by: The guest wants to know by then; after it the farm starts no new attempt.
    """

    reseller: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")] = "local"
    reseller_reference: Annotated[str, Field(max_length=80)] | None = None
    guest: Guest
    party: Party
    when: Wanted
    venues: tuple[str, ...] = ()
    group: Annotated[str | None, Field(validate_default=True)] = None
    service: Annotated[str, Field(max_length=120)] | None = None
    resource: Annotated[str, Field(max_length=120)] | None = None
    title: Annotated[str, Field(max_length=40)] | None = None
    consents: frozenset[str] = frozenset()
    price_cap: Money | None = None
    know_by: AwareDatetime | None = None
    note: Annotated[str | None, Field(max_length=500, repr=False)] = None
    context: dict[str, str] = Field(default_factory=dict)

    # Each at its own field: a validator of the whole would be silent while any field is wrong.
    @field_validator("party")
    @classmethod
    def _has_people(cls, party: Party) -> Party:
        if party.people < 1:
            raise ValueError("is empty: at least one adult or child")
        return party

    @field_validator("group")
    @classmethod
    def _has_places(cls, group: str | None, info: ValidationInfo[None]) -> str | None:
        if "venues" in info.data and bool(info.data["venues"]) == (group is not None):
            raise ValueError("name either `venues` or a `group`, not both and not neither")
        return group

    def lacks(self, needs: tuple[Need, ...]) -> list[Need]:
        """Which of the needed parts this request does not have."""
        duration = self.when.duration_min if isinstance(self.when, WantedSlot) else True
        has: dict[Need, object] = {
            "duration": duration,
            "service": self.service,
            "resource": self.resource,
            "title": self.title,
            "phone": self.guest.phone,
            "consents": self.consents,
        }
        return [need for need in needs if not has[need]]


class Clock(Protocol):
    """The time, injected so that tests and the simulator own it."""

    def __call__(self) -> datetime:
        """Now, aware, in UTC."""
        ...
