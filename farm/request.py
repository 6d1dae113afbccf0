"""What a reseller wants: the request as it is queued."""

from __future__ import annotations

import datetime as dt
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Literal, Protocol
from zoneinfo import ZoneInfo

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator

from farm.facts import Fact, Guest, Money, Party, Slot, Stay, When
from farm.written import Day, Line, Moment, Text, WallTime

ONE_PLACE = "name either `venues` or a `group`, not both and not neither"
MOST_VENUES = 50
MOST_MINOR = 10**12
_DAY_ENDS = timedelta(hours=23, minutes=59)
Reseller = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")]
"""What a reseller is called."""


class WantedSlot(Fact):
    """A time on a day, in each venue's own zone: "between 19:00 and 21:00 on the 4th".

    Attributes:
        widen_min: How far the window may grow, at each end and inside the day, once nobody has a place in it.
    """

    date: Day
    earliest: WallTime
    latest: WallTime
    preferred: WallTime | None = None
    duration_min: Annotated[int, Field(strict=True, ge=5, le=24 * 60)] | None = None
    widen_min: Annotated[int, Field(strict=True, ge=0, le=12 * 60)] = 0

    # Each at its own field: no fault hides another.
    @field_validator("latest")
    @classmethod
    def _not_before_it_begins(cls, latest: time, info: ValidationInfo[None]) -> time:
        if latest < info.data.get("earliest", latest):
            raise ValueError("is before `earliest`")
        return latest

    @field_validator("preferred")
    @classmethod
    def _inside(cls, preferred: time | None, info: ValidationInfo[None]) -> time | None:
        if preferred is not None and (
            preferred < info.data.get("earliest", preferred) or preferred > info.data.get("latest", preferred)
        ):
            raise ValueError("is outside `earliest`..`latest`")
        return preferred

    @property
    def day(self) -> dt.date:
        """The first day that the booking touches."""
        return self.date

    def widened(self) -> WantedSlot | None:
        """The wish with its window grown as far as it may; None when it may not. The best time stays the best."""
        day = timedelta(hours=self.earliest.hour, minutes=self.earliest.minute)
        end = timedelta(hours=self.latest.hour, minutes=self.latest.minute)
        by = timedelta(minutes=self.widen_min)
        first, last = max(day - by, timedelta(0)), min(end + by, _DAY_ENDS)
        if (first, last) == (day, end):
            return None
        grown = {"earliest": _wall(first), "latest": _wall(last), "preferred": self.preferred or self.earliest}
        return self.model_copy(update=grown)

    def moments(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """The window in the venue's zone."""
        return (
            datetime.combine(self.date, self.earliest, tzinfo=zone),
            datetime.combine(self.date, self.latest, tzinfo=zone),
        )

    def admits(self, when: When, zone: ZoneInfo) -> bool:
        """True when the offered slot starts inside the window, and is long enough where it shows its end."""
        if not isinstance(when, Slot):
            return False
        if (
            self.duration_min
            and when.ends_at
            and when.ends_at.astimezone(UTC) - when.starts_at.astimezone(UTC) < timedelta(minutes=self.duration_min)
        ):
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

    def over_at(self, zone: ZoneInfo) -> datetime:
        """When the window ends, in UTC: later nothing of it begins."""
        return self.moments(zone)[1].astimezone(UTC)

    def starts_before(self, now: datetime, zone: ZoneInfo) -> bool:
        """True when the whole window is past."""
        return self.over_at(zone) < now.astimezone(UTC)


def _wall(since_midnight: timedelta) -> time:
    minutes = int(since_midnight.total_seconds() // 60)
    return time(minutes // 60, minutes % 60)


class WantedStay(Fact):
    """Nights, as dates in the venue's zone."""

    check_in: Day
    check_out: Day

    @field_validator("check_out")
    @classmethod
    def _after_check_in(cls, check_out: dt.date, info: ValidationInfo[None]) -> dt.date:
        if check_out <= info.data.get("check_in", dt.date.min):
            raise ValueError("is not after `check_in`")
        return check_out

    @property
    def day(self) -> dt.date:
        """The first day that the booking touches."""
        return self.check_in

    def admits(self, when: When, _zone: ZoneInfo) -> bool:
        """True when the offer is for these very nights."""
        return isinstance(when, Stay) and (when.check_in, when.check_out) == (self.check_in, self.check_out)

    def widened(self) -> None:
        """Nights are wanted as they are."""

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

    def over_at(self, zone: ZoneInfo) -> datetime:
        """When the day of arrival ends, in UTC."""
        return datetime.combine(self.check_in + timedelta(days=1), time(), zone).astimezone(UTC)

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

Need = Literal["duration", "service", "resource", "title", "phone", "consents", "card"]
"""Parts of a request that a manifest may demand (its ``needs``)."""


class Request(Fact):
    """One booking that somebody wants.

    Attributes:
        reseller: The platform that asks.
        reseller_reference: The platform's own id for the booking.
        venues: Candidates, best first. With ``group`` instead, all venues of the group.
        context: Free words of the platform; handed back, never shown to a venue.
        price_cap: Nothing above it is booked.
        authorised: What the guest's payment is authorised for, and not captured: a cap too.
        card: The guest's card, by its token at the farm's vault; never a number.
        know_by: The guest wants to know by then; after it the farm starts no new attempt.
        pending_min: How long a venue may take to answer before the farm withdraws and goes on; None: as long as the
            guest can wait.
        on_mismatch: What to do about a record that differs from what was asked: leave it to a person, have the venue
            change it, or cancel it and go to the next venue.
    """

    reseller: Reseller = "local"
    reseller_reference: Annotated[Line, Field(max_length=80)] | None = None
    guest: Guest
    party: Party
    when: Wanted
    venues: Annotated[tuple[str, ...], Field(max_length=MOST_VENUES)] = ()
    group: Annotated[str | None, Field(validate_default=True)] = None
    service: Annotated[Line, Field(max_length=120)] | None = None
    resource: Annotated[Line, Field(max_length=120)] | None = None
    title: Annotated[Line, Field(max_length=40)] | None = None
    consents: frozenset[Line] = frozenset()
    price_cap: Money | None = None
    authorised: Money | None = None
    know_by: Moment | None = None
    pending_min: Annotated[int, Field(strict=True, ge=1, le=60 * 24 * 30)] | None = None
    on_mismatch: Literal["ask", "amend", "cancel_and_fall_back"] = "ask"
    card: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9_-]{1,80}$")] = None
    note: Annotated[Text | None, Field(max_length=500, repr=False)] = None
    context: dict[Line, Text] = Field(default_factory=dict)

    # Each at its own field: a validator of the whole would be silent while any field is wrong.
    @field_validator("party")
    @classmethod
    def _has_people(cls, party: Party) -> Party:
        if party.people < 1:
            raise ValueError("is empty: at least one adult or child")
        return party

    @field_validator("price_cap", "authorised")
    @classmethod
    def _is_a_price(cls, cap: Money | None) -> Money | None:
        if cap is not None and not 0 <= cap.minor <= MOST_MINOR:
            raise ValueError("is no price: `minor` counts cents, from 0 on")
        return cap

    @field_validator("venues")
    @classmethod
    def _each_once(cls, venues: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(venues)) != len(venues):
            raise ValueError("names a venue twice")
        return venues

    @field_validator("group")
    @classmethod
    def _has_places(cls, group: str | None, info: ValidationInfo[None]) -> str | None:
        if "venues" in info.data and bool(info.data["venues"]) == (group is not None):
            raise ValueError(ONE_PLACE)
        return group

    @property
    def caps(self) -> list[Money]:
        """What no price may be over."""
        return [cap for cap in (self.price_cap, self.authorised) if cap is not None]

    @property
    def takes(self) -> Literal["slot", "stay"]:
        """What is wanted, in the word of a manifest."""
        return "stay" if isinstance(self.when, WantedStay) else "slot"

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
            "card": self.card,
        }
        return [need for need in needs if not has[need]]


class Clock(Protocol):
    """The time, injected so that tests and the simulator own it."""

    def __call__(self) -> datetime:
        """Now, aware, in UTC."""
        ...
