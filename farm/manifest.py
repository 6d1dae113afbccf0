"""``manifest.toml``: what an integration declares, so that the core can judge it. Closed schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from farm.facts import Fact
from farm.request import Need
from farm.rules import CancelRule, ChangeRule, CommitRule, RequestRule
from farm.status import Cause, VenueStatus
from farm.tier import Tier

RecapName = Literal[
    "when", "resource", "service", "party", "guest_name", "guest_email", "guest_phone", "note", "price"
]
FactName = Literal[
    "when",
    "resource",
    "service",
    "party",
    "guest_name",
    "guest_email",
    "guest_phone",
    "note",
    "price",
    "due",
    "status",
    "reference",
]


class Channel(Fact):
    """One path to the venue's own record.

    Attributes:
        method: The script's method, when it is not ``read_back``.
        account: The role whose account is needed; None: the guest's own path, without log-in.
        needs: What the look-up must bring along: the venue reference or the guest's link from the claim.
        proves: ``complete``: an empty answer means that there is no record. ``capped``: it never denies.
        shows: The facts that it always shows; a promised fact that is missing is ``VenueChanged``.
        mailbox: It reads the farm's mailbox, and is left out where the partner's profile names none.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    method: Annotated[str, Field(pattern=r"^read_[a-z0-9_]+$")] = "read_back"
    account: str | None = None
    needs: Literal["reference", "link"] | None = None
    proves: Literal["complete", "capped"] = "capped"
    shows: tuple[FactName, ...]
    mailbox: bool = False


class AccountRole(Fact):
    """A role that the partner may give an account for; ``made``: the guest's own, which each attempt makes anew."""

    kind: Literal["password", "token", "made"]


class RefusedText(Fact):
    """These words of the venue mean this cause (compared without case, anywhere in the text)."""

    text: Annotated[str, Field(min_length=3)]
    cause: Cause


class Tolerance(Fact):
    """How far recap and record may differ from what was asked: not at all, unless the manifest says."""

    starts_at_min: Annotated[int, Field(ge=0, le=120)] = 0
    ends_at_min: Annotated[int, Field(ge=0, le=720)] = 0
    price_minor: Annotated[int, Field(ge=0)] = 0
    guest_name: Literal["exact", "any_order", "contains"] = "exact"


class Settle(Fact):
    """How long a record may lag behind the thank-you page, and how often to look meanwhile.

    Attributes:
        pending_every_s: The first wait between two looks at a request that the venue has not answered; it grows.
    """

    settle_s: Annotated[float, Field(ge=0, le=86400)] = 30.0
    first_look_s: Annotated[float, Field(ge=0, le=600)] = 0.0
    every_s: Annotated[float, Field(gt=0, le=3600)] = 2.0
    pending_every_s: Annotated[float, Field(gt=0, le=86400)] = 60.0


class Recheck(Fact):
    """When a confirmed booking is looked at again: after its confirmation, and before it begins."""

    after_min: Annotated[tuple[Annotated[int, Field(gt=0, le=43_200)], ...], Field(max_length=10)] = (10,)
    before_h: Annotated[tuple[Annotated[int, Field(gt=0, le=8760)], ...], Field(max_length=10)] = (24, 2)


class Exemption(Fact):
    """A quality rule that this integration does not meet yet: with a reason and an end."""

    rule: str
    reason: Annotated[str, Field(min_length=10)]
    until: date


class Quality(Fact):
    """The tier that this integration has earned: computed by ``readback check``, which also writes it.

    Attributes:
        verified_on: The day of the check that earned it.
    """

    tier: Tier = Tier.BRONZE
    verified_on: date | None = None
    exempt: tuple[Exemption, ...] = ()


class Manifest(Fact):
    """What one integration declares about its booking site.

    Attributes:
        source: Where its facts come from, with the date.
        takes: What is booked here: a time of a day, or nights.
        plants: Where our reference goes: as a plus-tag of the e-mail, or into the note.
        recap: The facts that the page before the last click always shows; a missing one is ``VenueChanged``.
        hold_min_left_s: A hold with less time left than this is given up before the guest's data is typed.
        read_back: The paths to the venue's own record; empty where there is none: then only a person can tell.
        occupants: The script sees who else has our slot (``occupants``), and a slot sold twice is no confirmation.
        release_shows: What is given back is listed again, so that a release can be proven.
        step_s: The longest that one step before the commit may take.
        settings: What each venue's file must say beyond the usual, by kind.
        mailbox: The script reads an e-mail before the last click: nothing begins where the profile names no mailbox.
    """

    name: str
    source: str
    owners: tuple[str, ...] = ()
    takes: Literal["slot", "stay"] = "slot"
    needs: tuple[Need, ...] = ()
    payment: Literal["none", "at_venue", "transfer", "deposit", "full"] = "none"
    plants: tuple[Literal["email", "note"], ...]
    hold_min_left_s: Annotated[float, Field(ge=0)] = 20.0
    step_s: Annotated[float, Field(gt=0, le=300)] = 45.0
    recap: Annotated[tuple[RecapName, ...], Field(min_length=1)]
    commit: CommitRule
    safe: tuple[RequestRule, ...] = ()
    cancel: CancelRule | None = None
    change: ChangeRule | None = None
    read_back: tuple[Channel, ...]
    occupants: bool = False
    release_shows: bool = False
    accounts: dict[str, AccountRole] = Field(default_factory=dict)
    refusal: tuple[RefusedText, ...] = ()
    status: dict[str, VenueStatus] = Field(default_factory=dict)
    tolerance: Tolerance = Tolerance()
    settle: Settle = Settle()
    recheck: Recheck = Recheck()
    settings: dict[str, Literal["text", "flag", "number"]] = Field(default_factory=dict)
    quality: Quality = Quality()
    mailbox: bool = False

    @field_validator("plants")
    @classmethod
    def _is_planted(cls, plants: tuple[str, ...]) -> tuple[str, ...]:
        if not plants:
            raise ValueError("our reference must be planted somewhere: `email` or `note`")
        return plants

    @model_validator(mode="after")
    def _channels_hold_together(self) -> Manifest:
        names = [channel.name for channel in self.read_back]
        if len(set(names)) != len(names):
            raise ValueError("two read-back channels have the same name")
        acting = [rule.account for rule in (self.cancel, self.change) if rule is not None]
        for role in [*(channel.account for channel in self.read_back), *acting]:
            if role is not None and role not in self.accounts:
                raise ValueError(f"account role `{role}` is used but not listed under [accounts]")
        return self

    @model_validator(mode="after")
    def _addresses_can_be_filled(self) -> Manifest:
        known = {"origin", *(name for name, kind in self.settings.items() if kind == "text")}
        for rule in (*self.commits, *self.safe):
            for name in re.findall(r"\{(\w+)\}", rule.url):
                if name not in known:
                    raise ValueError(f"`{{{name}}}` in `{rule.url}` is neither the origin nor a setting of kind text")
        return self

    @field_validator("accounts")
    @classmethod
    def _one_is_made(cls, accounts: dict[str, AccountRole]) -> dict[str, AccountRole]:
        if sum(role.kind == "made" for role in accounts.values()) > 1:
            raise ValueError("an attempt makes one account: only one role may be `made`")
        return accounts

    def cause_of(self, refusal: str) -> Cause | None:
        """The cause that the venue's words mean, or None when nobody has seen these words before."""
        said = " ".join(refusal.split()).casefold()
        for known in self.refusal:
            if known.text.casefold() in said:
                return known.cause
        return None

    @property
    def pays(self) -> bool:
        """True where a card is charged by the commit."""
        return self.payment in {"deposit", "full"}

    @property
    def demands(self) -> tuple[Need, ...]:
        """The parts that a request must have: a card where the site wants one, and what else it ``needs``."""
        return (*self.needs, "card") if self.pays else self.needs

    def at(self, settings: Mapping[str, object]) -> Manifest:
        """The manifest as one venue of the integration has it: ``{NAME}`` in an address is the venue's setting."""
        texts = {name: value for name, value in settings.items() if isinstance(value, str)}
        rules = {rule: getattr(self, rule) for rule in ("commit", "cancel", "change")}
        changed = {name: rule.at(texts) for name, rule in rules.items() if rule is not None}
        return self.model_copy(update={**changed, "safe": tuple(rule.at(texts) for rule in self.safe)})

    @property
    def made_role(self) -> str | None:
        """The role whose account each attempt makes anew; None where the site wants none."""
        return next((name for name, role in self.accounts.items() if role.kind == "made"), None)

    @property
    def commits(self) -> tuple[RequestRule, ...]:
        """Everything that changes a record: each visit may send at most the one that it is for."""
        return tuple(rule for rule in (self.commit, self.cancel, self.change) if rule is not None)

    def never(self, but: RequestRule | None = None) -> list[RequestRule]:
        """What a visit must never send: every rule that changes a record, but the one that it is for."""
        return [rule for rule in self.commits if rule is not but]

    def channel(self, name: str) -> Channel:
        """The read-back channel of this name."""
        return next(channel for channel in self.read_back if channel.name == name)
