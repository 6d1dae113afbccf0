"""What a deployment sets, by environment variables that start with ``READBACK_``."""

from __future__ import annotations

import importlib.util
import os
from datetime import time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from farm.tier import Tier


class Settings(BaseSettings):
    """Where things are and how patient the farm is. Everything unset means: embedded, below ``home``.

    Attributes:
        home: The state folder: ledger, private Redis, logs.
        broker_url: Where Celery's messages go; None: the private Redis.
        integrations: Further folders of integrations and venues, as a path list.
        partners: Further folders of partner profiles, as a path list.
        lease_s: A worker that is silent for so long has lost its booking.
        poll_s: The shortest time between two looks of the relay at what is due.
        resend_s: A message that brought nothing for so long is sent again; each further time takes twice as long.
        account_key_file: The key from which the passwords of accounts that are made on the way are minted.
        state_key: The keys of log-ins and of webhooks' secrets that are kept, by reference (``env:``, ``file:``,
            ``keyring:``), with commas between them: the first one seals, each opens.
        vault: Where the cards are that requests name: ``env`` (variables ``READBACK_CARD_<TOKEN>``) or ``file:PATH``.
        check_s: A nightly check of one integration that takes longer has failed.
        nightly_at: When the nightly checks begin, in UTC.
        least_tier: What an integration must have earned before its venues take new bookings.
        egress_host: The name or address of this machine on which browsers find the egress guard.
        mail_url: The server that takes letters to partners' contacts; None: notices are only listed. In the clear
            on loopback only: elsewhere TLS from the start (``smtps``) or by STARTTLS.
        mail_from: Who those letters are from.
        results_url: Where the answers of the Celery task ``readback.book`` go; None: nowhere.
        webhooks_to_loopback: A webhook may name a receiver on this machine by its address, over plain HTTP too: for
            tries only.
        mcp_hosts: Further names under which models reach the gateway's ``/mcp``, with commas between them.
        requests_per_min: How often one API key may ask the gateway in a minute.
        creates_per_min: How many bookings one key may queue in a minute.
        strangers_per_min: How often one address may ask the gateway in a minute without a key that is right.
        streams_per_key: So many event streams may be open at once with one API key, at each gateway.
        evidence_url: Where evidence of attempts is kept: an address that fsspec knows (``file:///...``,
            ``s3://bucket/folder``); None: in the state folder.
        evidence_days: Evidence that is older is deleted.
        chromium_sandbox: Chromium's own sandbox. Root never has it. ``off`` is for a container, which is a sandbox
            itself and denies the user namespaces that Chromium's is made of.
    """

    model_config = SettingsConfigDict(env_prefix="READBACK_", env_ignore_empty=True, frozen=True)

    home: Path = Path(".readback")
    database_url: str | None = None
    broker_url: str | None = None
    redis_url: str | None = None
    integrations: str = ""
    partners: str = ""
    lease_s: Annotated[float, Field(gt=1)] = 20.0
    poll_s: Annotated[float, Field(gt=0)] = 0.05
    resend_s: Annotated[float, Field(gt=1)] = 30.0
    account_key_file: Path | None = None
    state_key: str = ""
    vault: Annotated[str, Field(pattern=r"^(env|file:.+)$")] = "env"
    least_tier: Tier = Tier.SILVER
    check_s: Annotated[float, Field(gt=0)] = 1800.0
    nightly_at: time = time(3)
    egress_host: str = "127.0.0.1"
    mail_url: Annotated[str, Field(pattern=r"^smtps?://[^/?#]+$")] | None = None
    mail_from: Annotated[str, Field(pattern=r"^[^@\s<>]+@[^@\s<>]+$")] = "readback@localhost"
    results_url: Annotated[str, Field(pattern=r"^(redis|rediss|redis\+socket)://.+$")] | None = None
    webhooks_to_loopback: bool = False
    mcp_hosts: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:,-]*$")] = ""
    requests_per_min: Annotated[int, Field(ge=1)] = 6000
    creates_per_min: Annotated[int, Field(ge=1)] = 600
    strangers_per_min: Annotated[int, Field(ge=1)] = 120
    streams_per_key: Annotated[int, Field(gt=0)] = 100
    evidence_url: Annotated[str, Field(pattern=r"^[a-z][a-z0-9+]*://.+$")] | None = None
    evidence_days: Annotated[int, Field(ge=1, le=3660)] = 90
    chromium_sandbox: Literal["on", "off"] = "on"

    @property
    def ledger_url(self) -> str:
        """The database of the ledger."""
        return self.database_url or f"sqlite:///{self.home.absolute() / 'ledger.sqlite3'}"

    @property
    def key_file(self) -> Path:
        """Where the key for guest accounts is; in the state folder it is made when it is needed first."""
        return self.account_key_file or self.home.absolute() / "account.key"

    @property
    def evidence_at(self) -> str:
        """The address of the store of evidence."""
        return self.evidence_url or (self.home.absolute() / "evidence").as_uri()

    @property
    def is_alone(self) -> bool:
        """True for one machine's farm: what it needs is made in its state folder."""
        return self.database_url is None

    @property
    def integration_folders(self) -> list[Path]:
        """Our own integrations first, then those of ``READBACK_INTEGRATIONS``."""
        return [folder_of("integrations"), *_paths(self.integrations)]

    @property
    def partner_folders(self) -> list[Path]:
        """Our own partner profiles first, then those of ``READBACK_PARTNERS``."""
        return [folder_of("profiles") / "partners", *_paths(self.partners)]


def folder_of(package: str) -> Path:
    """Where one of our own packages lies; nothing of it is imported."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"the package `{package}` is not installed")
    return Path(spec.origin).parent


def _paths(written: str) -> list[Path]:
    return [Path(part).expanduser() for part in written.split(os.pathsep) if part]
