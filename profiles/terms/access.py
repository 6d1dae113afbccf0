"""``[access]``: the agreement itself, and what it covers."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from farm.facts import Fact

AgreedStep = Literal["search", "hold", "enter_guest", "pay", "submit", "read_back", "cancel", "change"]


class Hours(Fact):
    """Hours of the venue's day; ``until`` before ``start`` goes over midnight."""

    start: time
    until: time

    def hold(self, at: time) -> bool:
        """True when the time of day lies inside."""
        if self.start <= self.until:
            return self.start <= at < self.until
        return at >= self.start or at < self.until


class AccessTerms(Fact):
    """The agreement.

    Attributes:
        basis: What gives us the right to come.
        reference: Where the agreement can be read.
        contact: Whom to tell about a challenge or a changed page: an e-mail address where letters shall go.
        ends: The last day.
        hosts: ``host`` or ``host:port``; the browser goes nowhere else.
        hours: When we may come; without it at any hour.
    """

    basis: Literal["written agreement", "venue's own invitation", "own installation"]
    reference: Annotated[str, Field(min_length=3)]
    contact: Annotated[str, Field(min_length=3)]
    ends: date
    steps: Annotated[tuple[AgreedStep, ...], Field(min_length=1)]
    hosts: Annotated[tuple[str, ...], Field(min_length=1)]
    hours: Hours | None = None

    @field_validator("hosts")
    @classmethod
    def _are_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if urlsplit(f"//{host}").netloc != host or "*" in host:
                raise ValueError(f"`{host}` is no `host` or `host:port`")
        return hosts

    @property
    def is_ours(self) -> bool:
        """True for an installation of our own: nobody else's limits apply."""
        return self.basis == "own installation"
