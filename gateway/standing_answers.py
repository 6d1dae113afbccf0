"""What follows from how a booking stands: what is booked, what it waits for, what the guest is told."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, ConfigDict, Field

from farm.facts import Fact, Facts, Money, Party, Slot, Stay
from farm.life.awaiting import Awaited


class WaitsAnswer(Fact):
    """What a booking waits for.

    Attributes:
        until: This has ended by then, in whatever way; null where only a person can end it.
        sentence: The same in words.
    """

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    what: Annotated[Awaited, Field(alias="for")]
    until: AwareDatetime | None
    sentence: str


class BookedAnswer(Fact):
    """What stands in the venue's record: a slot has ``starts_at``, a stay ``check_in`` and ``check_out``."""

    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    check_in: date | None = None
    check_out: date | None = None
    resource: str | None
    service: str | None
    party: Party | None
    price: Money | None

    @classmethod
    def of(cls, expected: Facts, zone: ZoneInfo | None) -> Self:
        """The answer for what the record must show, and by its verdict does; times on the venue's clock."""
        when = expected.when
        return cls(
            starts_at=when.starts_at.astimezone(zone) if isinstance(when, Slot) else None,
            ends_at=when.ends_at.astimezone(zone) if isinstance(when, Slot) and when.ends_at else None,
            check_in=when.check_in if isinstance(when, Stay) else None,
            check_out=when.check_out if isinstance(when, Stay) else None,
            resource=expected.resource,
            service=expected.service,
            party=expected.party,
            price=expected.price,
        )


class Standing(Fact):
    """What only the places of a booking tell of it: see ``gateway.standing``."""

    sentence: str
    waits: WaitsAnswer | None
    know_by: AwareDatetime
    booked: BookedAnswer | None
