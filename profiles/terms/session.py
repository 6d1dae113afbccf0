"""``[session]``: under whose name a venue is visited, how long a log-in is good, and where its letters arrive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AwareDatetime, Field, model_validator

from farm.facts import Fact
from profiles.terms.secret import SecretReference


class AccountTerms(Fact):
    """An account that the partner gave.

    Attributes:
        user: Where its name is.
        secret: Where its password or token is.
        visits_at_once: The most visits under this account at once, over all workers.
        keep: Whether a log-in is kept and used again (encrypted in the ledger), or done anew by every visit.
        oldest_min: A kept log-in that is older is thrown away.
        renew_before_min: One that gets too old within this time is renewed by the visit that finds it so.
        opens_at: Moments at which the venue opens its sale: a log-in is ready then.
        warm_ahead_min: How long before such a moment the log-in is done.
    """

    user: SecretReference | None = None
    secret: SecretReference
    visits_at_once: Annotated[int, Field(ge=1, le=100)] | None = None
    keep: bool = False
    oldest_min: Annotated[float, Field(gt=0, le=43_200)] = 60.0
    renew_before_min: Annotated[float, Field(ge=0)] = 5.0
    opens_at: tuple[AwareDatetime, ...] = ()
    warm_ahead_min: Annotated[float, Field(gt=0, le=1440)] = 10.0

    @model_validator(mode="after")
    def _is_renewed_in_its_life(self) -> AccountTerms:
        if self.keep and self.renew_before_min >= self.oldest_min:
            raise ValueError("`renew_before_min` must be shorter than `oldest_min`")
        if self.opens_at and not self.keep:
            raise ValueError("a log-in that is not kept cannot be done ahead: `keep = true` goes with `opens_at`")
        return self


class MailboxTerms(Fact):
    """The farm's mailbox that this partner's e-mails to guests arrive in.

    Attributes:
        kind: ``imap``, or ``maildir`` where mail is delivered on the worker's own machine.
        host: ``host`` or ``host:port`` of the IMAP server: TLS, unless it is on loopback.
        folder: The folder of the IMAP server, or the path of the maildir.
    """

    kind: Literal["imap", "maildir"]
    host: str | None = None
    user: SecretReference | None = None
    secret: SecretReference | None = None
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
    """Accounts by role, and the mailbox.

    Attributes:
        source: Who agreed to how these accounts are used.
    """

    accounts: dict[str, AccountTerms] = Field(default_factory=dict)
    mailbox: MailboxTerms | None = None
    source: str | None = None
