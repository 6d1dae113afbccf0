"""``cases.toml``: what an integration brings to the conformance suite. Closed schema."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from farm.facts import Fact, Guest, Money, Party
from farm.request import Request, Wanted, WantedSlot, WantedStay
from farm.schema import Fault, SchemaFaults, read_toml
from farm.status import BookingStatus, Cause
from farm.venue import Venue

CARD = "conformance"
"""The token of the card that a request gets where the site wants one; its number is made up for each run."""

Option = str | int | float
Then = Literal["again", "cancel", "accept", "decline"]
FaultStep = Literal["search", "hold", "guest", "pay", "commit", "record", "cancel"]


class TwinOf(Fact):
    """What stands in for the venue.

    Attributes:
        module: What ``python -m`` starts: a twin of ``fixtures/``, or one of your own.
        root: The folder that the module is found in, relative to ``cases.toml``; left out: this repository.
        options: The twin's command line options; ``hold_s = 2`` becomes ``--hold-s 2``.
    """

    module: str
    root: str | None = None
    options: Mapping[str, Option] = Field(default_factory=dict)


class TwinAccount(Fact):
    """An account of the partner's profile, as the twin has it."""

    user: SecretStr | None = None
    secret: SecretStr


class Wish(Fact):
    """The request of every run, as a reseller writes one; its day is so many days from today.

    Attributes:
        on: The day itself, for a twin that is open on some days only.
        card: The run pays with a card from a vault.
    """

    days_ahead: Annotated[int, Field(ge=1, le=700)] = 30
    on: date | None = None
    guest: Guest
    party: Party
    earliest: time | None = None
    latest: time | None = None
    preferred: time | None = None
    duration_min: int | None = None
    nights: Annotated[int, Field(ge=1)] | None = None
    service: str | None = None
    resource: str | None = None
    title: str | None = None
    consents: frozenset[str] = frozenset()
    price_cap_minor: int | None = None
    card: bool = False
    note: str | None = None

    @model_validator(mode="after")
    def _a_time_or_nights(self) -> Self:
        if (self.nights is None) == (self.earliest is None or self.latest is None):
            raise ValueError("says either `earliest` and `latest`, or `nights`")
        return self

    def at(self, venue: Venue, now: datetime) -> Request:
        """The request at a venue."""
        day = self.on or now.astimezone(venue.zone).date() + timedelta(days=self.days_ahead)
        cap = self.price_cap_minor
        return Request(
            guest=self.guest,
            party=self.party,
            when=self._when(day),
            venues=(venue.slug,),
            service=self.service,
            resource=self.resource,
            title=self.title,
            consents=self.consents,
            price_cap=None if cap is None else Money(minor=cap, currency=venue.currency),
            card=CARD if self.card else None,
            note=self.note,
        )

    def _when(self, day: date) -> Wanted:
        if self.nights is not None:
            return WantedStay(check_in=day, check_out=day + timedelta(days=self.nights))
        assert self.earliest is not None  # noqa: S101 - the validator saw both
        assert self.latest is not None  # noqa: S101
        return WantedSlot(
            date=day,
            earliest=self.earliest,
            latest=self.latest,
            preferred=self.preferred,
            duration_min=self.duration_min,
        )


class Case(Fact):
    """One fault, one booking, and what must come of it.

    Attributes:
        step: Where it strikes, for a fault that can strike anywhere.
        times: How often it strikes; 0: always.
        ends: The booking's status at its end; there is no other venue to fall back to.
        cause: The cause of its last attempt; left out where there is none.
        commits: How many requests that commit may reach the venue.
        records: The statuses of the guest's records in the venue's own database at the end.
        rival: Who booked the same before: a ``stranger``, or the ``guest`` without us.
        then: What happens next. To a confirmed booking: the venue changes its mind, and it is looked at ``again``, as
            by its plan; or its guest wants to ``cancel``. To one that waits: its staff ``accept`` or ``decline``.
    """

    fault: str
    step: FaultStep | None = None
    times: Annotated[int, Field(ge=0)] = 1
    params: Mapping[str, Option] = Field(default_factory=dict)
    ends: BookingStatus
    cause: Cause | None = None
    commits: Annotated[int, Field(ge=0)]
    records: tuple[str, ...]
    rival: Literal["stranger", "guest"] | None = None
    then: Then | None = None

    @property
    def name(self) -> str:
        """As reports name it: ``slow at hold``."""
        words = [f"{key} {value}" for key, value in self.params.items() if isinstance(value, str)]
        more = ", ".join([*words, f"then {self.then}"] if self.then in {"accept", "decline"} else words)
        return self.fault + (f" at {self.step}" if self.step else "") + (f" ({more})" if more else "")


class LeaveOut(Fact):
    """What is not played, why, and until when. Exactly one of `fault`, `manner` and `mutation`."""

    fault: str | None = None
    manner: str | None = None
    mutation: str | None = None
    reason: Annotated[str, Field(min_length=10)]
    until: date

    @model_validator(mode="after")
    def _is_of_one_thing(self) -> Self:
        if sum(name is not None for name in (self.fault, self.manner, self.mutation)) != 1:
            raise ValueError("names exactly one of `fault`, `manner`, `mutation`")
        return self

    @property
    def what(self) -> str:
        """The one name."""
        return self.fault or self.manner or self.mutation or ""


class Cases(Fact):
    """Everything that an integration says of how it is to be tested.

    Attributes:
        venue: Which of its venues is played.
        accounts: By role, as the partner's profile names them.
        mailbox: What opens the box of the twin's e-mails over IMAP; without it they are read from its maildir.
    """

    venue: str
    twin: TwinOf
    accounts: Mapping[str, TwinAccount] = Field(default_factory=dict)
    mailbox: TwinAccount | None = None
    request: Wish
    case: tuple[Case, ...] = ()
    leave_out: tuple[LeaveOut, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        names = [case.name for case in self.case]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two cases of one name: {', '.join(twice)}")
        return self

    @classmethod
    def load(cls, integration: Path) -> Self:
        """The cases of the integration in this folder.

        Raises:
            SchemaFaults: There are none, or what is wrong with them.
        """
        file = integration / "cases.toml"
        if not file.is_file():
            no_case = "is missing: an integration without cases is not tested, and takes no booking"
            raise SchemaFaults([Fault(str(file), no_case)])
        return read_toml(file, cls)

    def left_out(self, kind: Literal["fault", "manner", "mutation"], today: date) -> frozenset[str]:
        """The names that are left out today."""
        return frozenset(
            name for one in self.leave_out if (name := getattr(one, kind)) is not None and one.until >= today
        )
