"""``venues/<slug>.toml``: one place that can be booked, as data. Closed schema."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, field_validator

from farm.errors import ContractBroken
from farm.facts import Fact
from farm.request import Need
from farm.written import Currency

Setting = str | bool | int


class Sold(Fact):
    """One thing that a venue sells, as the venue names it.

    Attributes:
        service: Its name on the page; a request's ``service`` asks for it.
        seats: People per unit: a ticket seats 1, "Table for 4" seats 4.
    """

    service: str
    seats: Annotated[int, Field(ge=1, le=500)] = 1


class Place(Fact):
    """Where the venue is."""

    city: str
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    address: str | None = None


class Venue(Fact):
    """One place that can be booked.

    Attributes:
        slug: The file's name; how requests name the venue.
        integration: The folder that the file lies in.
        origin: Scheme and host: where ``Visit.open`` starts from.
        groups: A booking falls back inside a group. Venues never name each other.
        needs: Parts that a request must have here, beyond what the integration's manifest needs.
        resources: What there is to sit in, by the names of its pages; empty where nobody has listed it.
        settings: What the integration's manifest asks of each venue beyond the usual.
    """

    slug: str = ""
    integration: str = ""
    name: str
    kind: Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")]
    timezone: str
    currency: Currency
    language: Annotated[str, Field(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")] = "en"
    origin: str
    partner: str
    groups: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    place: Place | None = None
    resources: tuple[str, ...] = ()
    sells: tuple[Sold, ...] = ()
    settings: dict[str, Setting] = Field(default_factory=dict)

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"`{name}` is no IANA time zone")
        return name

    @field_validator("origin")
    @classmethod
    def _is_an_origin(cls, origin: str) -> str:
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
            raise ValueError("an origin is `https://host` or `https://host:port`, without a path")
        return origin

    @property
    def zone(self) -> ZoneInfo:
        """The venue's own time zone."""
        return ZoneInfo(self.timezone)

    @property
    def host(self) -> str:
        """Host, with the port where one is written."""
        return urlsplit(self.origin).netloc

    def text(self, setting: str) -> str:
        """A setting of kind ``text``.

        Raises:
            ContractBroken: The manifest does not declare it as text.
        """
        value = self.settings.get(setting)
        if not isinstance(value, str):
            raise ContractBroken(f"venue {self.slug}: setting `{setting}` is not declared as text")
        return value

    def number(self, setting: str) -> int:
        """A setting of kind ``number``.

        Raises:
            ContractBroken: The manifest does not declare it as a number.
        """
        value = self.settings.get(setting)
        if not isinstance(value, int) or isinstance(value, bool):
            raise ContractBroken(f"venue {self.slug}: setting `{setting}` is not declared as a number")
        return value

    def flag(self, setting: str) -> bool:
        """A setting of kind ``flag``.

        Raises:
            ContractBroken: The manifest does not declare it as a flag.
        """
        value = self.settings.get(setting)
        if not isinstance(value, bool):
            raise ContractBroken(f"venue {self.slug}: setting `{setting}` is not declared as a flag")
        return value
