"""The facts that pass between scripts and core: frozen, typed; ``None`` where a page does not show it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from farm.amounts import decimals, minor_units
from farm.status import VenueStatus
from farm.written import Count, Currency, Email, Name, Phone


class Fact(BaseModel):
    """A frozen model with a closed schema."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _unless_blank(text: object) -> object:
    return None if isinstance(text, str) and not text.strip() else text


Shown = Annotated[str | None, BeforeValidator(_unless_blank)]
"""A text that a page shows; a blank one is not shown."""


class Money(Fact):
    """An amount in minor units (cents) of a currency (ISO 4217, with its number of decimals)."""

    minor: Annotated[int, Field(strict=True)]
    currency: Currency

    @classmethod
    def read(cls, text: str, currency: str) -> Money:
        """The one amount in a text like ``€ 1.234,50``, ``25.00`` or ``¥ 3,000``.

        Raises:
            ValueError: The text has no amount (``Free`` must not come here), several, or an unclear one.
        """
        return cls(minor=minor_units(text, currency), currency=currency)

    def __str__(self) -> str:
        places = decimals(self.currency)
        return f"{self.minor / 10**places:.{places}f} {self.currency}"


class Party(Fact):
    """Who comes. ``units`` counts what is sold (tickets, rooms) where that is not the number of people."""

    adults: Count = 0
    children: Count = 0
    units: Annotated[Count, Field(ge=1)] | None = None

    @property
    def people(self) -> int:
        """Heads, children included."""
        return self.adults + self.children


class Slot(Fact):
    """A point in the venue's day. ``ends_at`` is None where the venue does not say."""

    starts_at: AwareDatetime
    ends_at: AwareDatetime | None = None


class Stay(Fact):
    """Nights: from the day of arrival to the day of departure, as dates in the venue's zone."""

    check_in: date
    check_out: date


When = Slot | Stay


class Guest(Fact):
    """Who the booking is for. Never in logs, error texts or artefacts."""

    name: Annotated[Name, Field(max_length=120, repr=False)]
    email: Annotated[Email, Field(repr=False)]
    phone: Annotated[Phone | None, Field(repr=False)] = None

    @property
    def given_name(self) -> str:
        """All but the last word of the name; the whole name when it is one word."""
        return self.name.rpartition(" ")[0] or self.name

    @property
    def family_name(self) -> str:
        """The last word of the name."""
        return self.name.rpartition(" ")[2]


class Facts(Fact):
    """What one page (or record) shows of a booking. ``None``: this page does not show it."""

    when: When | None = None
    resource: Shown = None
    service: Shown = None
    party: Party | None = None
    guest_name: Shown = Field(default=None, repr=False)
    guest_email: Shown = Field(default=None, repr=False)
    guest_phone: Shown = Field(default=None, repr=False)
    note: Shown = Field(default=None, repr=False)
    price: Money | None = None
    due: Money | None = None
    status: VenueStatus | None = None


class Offer(Fact):
    """A slot that the venue lists.

    Attributes:
        key: What ``hold`` needs to find the same offer again in a new visit, from the offer alone.
        becomes: The venue-side status that a booking of this offer starts with.
        price: For the whole party, or None when the list shows none.
        price_stage: ``final``, or ``lower_bound`` where fees may come later.
        left: How many such units the venue says are left.
    """

    when: When
    key: str
    resource: str | None = None
    service: str | None = None
    party: Party | None = None
    price: Money | None = None
    price_stage: Literal["final", "lower_bound"] = "final"
    becomes: Literal[VenueStatus.CONFIRMED, VenueStatus.PENDING] = VenueStatus.CONFIRMED
    left: int | None = None


class Hold(Fact):
    """The slot is ours until ``expires_at``, as far as ``binding`` says.

    Attributes:
        binding: ``none`` (a cart that keeps nothing), ``soft`` (may be lost before its time), ``firm``.
        expires_at: As the venue says it; None only where ``binding`` is ``none``.
        key: What the script needs to give the hold back.
    """

    offer: Offer
    binding: Literal["none", "soft", "firm"]
    expires_at: AwareDatetime | None = None
    key: str = ""

    @model_validator(mode="after")
    def _a_hold_has_an_end(self) -> Hold:
        if self.binding != "none" and self.expires_at is None:
            raise ValueError("a hold that binds needs the expiry that the venue shows")
        return self


class Recap(Facts):
    """What the venue repeats before the last click."""


class Claim(Fact):
    """What the thank-you page says. Never proof.

    Attributes:
        reference: The venue reference, where the page shows one.
        link: The guest's own link to the booking, as a path on the venue's origin; it may carry a secret.
        shows: What else the page says of the booking. The core compares it: a page that thanks for something else is
            a doubt, and the record is looked at.
    """

    reference: Shown = None
    link: Shown = Field(default=None, repr=False)
    shows: Facts | None = None


class Refusal(Fact):
    """The venue said no, in these words. The manifest maps them to a cause; unknown words are a doubt."""

    text: str


class Sighting(Facts):
    """What the venue's own record shows by another path. A candidate: the core decides whose it is.

    Attributes:
        reference: The venue reference.
        our_reference: Our planted reference where the record shows it in a field of its own.
        key: What the script needs to act on this record (cancel) from a blank page; may carry a secret.
    """

    reference: Shown = None
    our_reference: Shown = None
    key: str = Field(default="", repr=False)

    @property
    def stands(self) -> bool:
        """True unless the record says that the venue does not keep the booking."""
        return self.status is None or self.status.stands
