"""``partners/<partner>.toml``: how one partner agreed to be visited. Closed schema, nothing assumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, field_validator, model_validator

from farm.errors import AccessNotAgreed
from farm.facts import Fact
from farm.phases import Step
from farm.schema import Fault, SchemaFaults, nearest, read_toml

AgreedStep = Literal["search", "hold", "enter_guest", "pay", "submit", "read_back", "cancel", "change"]


class Hours(Fact):
    """Hours of the venue's day in which it may be visited; ``until`` before ``start`` goes over midnight."""

    start: time
    until: time

    def hold(self, at: time) -> bool:
        """True when the time of day lies inside."""
        if self.start <= self.until:
            return self.start <= at < self.until
        return at >= self.start or at < self.until


class AccessTerms(Fact):
    """The agreement itself.

    Attributes:
        basis: What gives us the right to come.
        reference: Where the agreement can be read.
        contact: Whom to tell about a challenge or a changed page.
        ends: The last day.
        hosts: ``host`` or ``host:port``; the browser goes nowhere else.
    """

    basis: Literal["written agreement", "venue's own invitation", "own installation"]
    reference: Annotated[str, Field(min_length=3)]
    contact: Annotated[str, Field(min_length=3)]
    ends: date
    steps: Annotated[tuple[AgreedStep, ...], Field(min_length=1)]
    hosts: Annotated[tuple[str, ...], Field(min_length=1)]
    hours: Hours | None = None


class AccountTerms(Fact):
    """An account that the partner gave, by reference: ``env:NAME`` or ``file:PATH``. Never the secret itself."""

    user: Annotated[str, Field(pattern=r"^(env|file):.+$")] | None = None
    secret: Annotated[str, Field(pattern=r"^(env|file):.+$")]


class MailboxTerms(Fact):
    """The farm's mailbox that this partner's e-mails to guests arrive in. Secrets by reference, as with accounts.

    Attributes:
        kind: ``imap``, or ``maildir`` where mail is delivered on the worker's own machine.
        host: ``host`` or ``host:port`` of the IMAP server: TLS, unless it is on loopback.
        folder: The folder of the IMAP server, or the path of the maildir.
    """

    kind: Literal["imap", "maildir"]
    host: str | None = None
    user: Annotated[str, Field(pattern=r"^(env|file):.+$")] | None = None
    secret: Annotated[str, Field(pattern=r"^(env|file):.+$")] | None = None
    folder: Annotated[str, Field(pattern=r'^[^"\\\r\n]+$')] = "INBOX"

    @model_validator(mode="after")
    def _is_whole(self) -> MailboxTerms:
        given = [name for name in ("host", "user", "secret") if getattr(self, name) is not None]
        if self.kind == "imap" and len(given) != 3:  # noqa: PLR2004 - all of them
            raise ValueError("an IMAP mailbox needs `host`, `user` and `secret`")
        if self.kind == "maildir" and (given or not Path(self.folder).is_absolute()):
            raise ValueError("a maildir has a `folder`, as an absolute path, and nothing else")
        if self.host is not None and urlsplit(f"//{self.host}").netloc != self.host:
            raise ValueError("`host` is `host` or `host:port`")
        return self


class SessionTerms(Fact):
    """Under whose name the venue is visited, and where what it writes to guests can be read."""

    accounts: dict[str, AccountTerms] = Field(default_factory=dict)
    mailbox: MailboxTerms | None = None


class PacingTerms(Fact):
    """How fast: the gap between two actions of one visit."""

    gap_ms: Annotated[int, Field(ge=0, le=60_000)]
    source: Annotated[str, Field(min_length=3)]


class Viewport(Fact):
    """The size of the window in CSS pixels."""

    width: Annotated[int, Field(ge=320, le=4096)] = 1280
    height: Annotated[int, Field(ge=320, le=4096)] = 900


class FingerprintTerms(Fact):
    """What the browser says about itself, and what it does not load. ``timezone``: `venue`, or an IANA name."""

    locale: Annotated[str, Field(pattern=r"^[a-z]{2}-[A-Z]{2}$")]
    timezone: str = "venue"
    viewport: Viewport = Viewport()
    color_scheme: Literal["light", "dark"] = "light"
    skip: tuple[Literal["image", "font", "media", "stylesheet"], ...] = ()

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, name: str) -> str:
        if name != "venue" and name not in available_timezones():
            raise ValueError(f"`{name}` is neither `venue` nor an IANA time zone")
        return name


class Partner(Fact):
    """One partner's profile."""

    slug: str = ""
    name: str
    access: AccessTerms
    session: SessionTerms = SessionTerms()
    pacing: PacingTerms
    fingerprint: FingerprintTerms

    @model_validator(mode="after")
    def _hosts_are_hosts(self) -> Partner:
        for host in self.access.hosts:
            if urlsplit(f"//{host}").netloc != host or "*" in host:
                raise ValueError(f"access.hosts: `{host}` is no `host` or `host:port`")
        return self

    def must_allow(self, steps: Sequence[Step], now: datetime, zone: ZoneInfo, origin: str) -> None:
        """Refuse a visit that the agreement does not cover, before a single packet.

        Raises:
            AccessNotAgreed: Past its end, outside its hours, a step or the venue's host that it does not name.
        """
        local = now.astimezone(zone)
        if local.date() > self.access.ends:
            raise AccessNotAgreed(f"the agreement with {self.slug} ended on {self.access.ends}")
        if self.access.hours is not None and not self.access.hours.hold(local.time()):
            raise AccessNotAgreed(f"the agreement with {self.slug} does not cover {local:%H:%M}")
        missing = [step for step in steps if step not in self.access.steps]
        if missing:
            raise AccessNotAgreed(f"the agreement with {self.slug} does not allow {', '.join(missing)}")
        if urlsplit(origin).netloc not in self.access.hosts:
            raise AccessNotAgreed(f"the agreement with {self.slug} does not name {urlsplit(origin).netloc}")


@dataclass(frozen=True)
class Partners:
    """All partners' profiles, by slug."""

    by_slug: dict[str, Partner]

    @classmethod
    def load(cls, folders: Sequence[Path]) -> Partners:
        """Read every ``*.toml`` of the folders.

        Raises:
            SchemaFaults: Everything that is wrong in any file, at once.
        """
        faults: list[Fault] = []
        found: dict[str, Partner] = {}
        for path in [path for folder in folders if folder.is_dir() for path in sorted(folder.glob("*.toml"))]:
            if path.stem in found:
                faults.append(Fault(str(path), f"partner `{path.stem}` exists already"))
                continue
            try:
                found[path.stem] = read_toml(path, Partner, {"slug": "file"})
            except SchemaFaults as error:
                faults += error.faults
        if faults:
            raise SchemaFaults(faults)
        return cls(found)

    def must_have(self, slug: str) -> Partner:
        """The partner's profile.

        Raises:
            AccessNotAgreed: There is none, so nobody agreed to anything.
        """
        if slug not in self.by_slug:
            raise AccessNotAgreed(f"no profile of partner `{slug}`; {nearest(slug, sorted(self.by_slug))}")
        return self.by_slug[slug]
