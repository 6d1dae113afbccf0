"""What a deployment's READBACK_ variables name, read and looked at: by every command, and by ``readback doctor``."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError
from sqlalchemy.exc import ArgumentError

from farm.errors import AccessNotAgreed
from farm.registry import Registry
from farm.schema import Fault, SchemaFaults, nearest
from ledger.engine import database_url
from profiles.partner import Partners
from tasks.settings import Settings
from tools.environment import changed

T = TypeVar("T")

MADE_BY_NEWER = "this ledger was made by a newer Readback"
GET_NEWER = "use that version, or name another ledger with READBACK_DATABASE_URL or READBACK_HOME"
GET_HOME = "make it writable, or set READBACK_HOME to another folder"

_BROKERS = ("amqp", "amqps", "pyamqp", "redis", "redis+socket", "rediss", "sentinel")
_REDISES = ("redis", "rediss", "unix")


class NoHome(Exception):
    """The state folder cannot be used; the text says why."""


def read_settings() -> Settings:
    """The settings of this deployment; a variable that is empty counts as unset.

    Raises:
        SchemaFaults: Each variable that cannot be used, without its value.
    """
    faults: list[Fault] = []
    try:
        settings = Settings()
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False, include_context=False)
        faults += [Fault(_variable(*detail["loc"]), detail["msg"]) for detail in details]
        with changed(dict.fromkeys(fault.where for fault in faults)):
            settings = Settings()
    faults += _address_faults(settings)
    if faults:
        raise SchemaFaults(faults)
    return settings


def must_have_home(home: Path) -> None:
    """Return if the state folder can be written, or made; nothing is made yet.

    Raises:
        NoHome: It cannot.
    """
    there = next(folder for folder in (home.absolute(), *home.absolute().parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise NoHome(f"{there} cannot be written: {error.strerror}") from None


def read_registry(of: Settings) -> Registry:
    """Everything that can be booked.

    Raises:
        SchemaFaults: Each fault of each file of integrations, venues and partners; named folders that are not there
            or hold nothing; venues whose partner has no profile.
    """
    _, *integrations = of.integration_folders
    _, *partners = of.partner_folders
    faults = [
        *_empty("INTEGRATIONS", integrations, "integration or venues", ("*/manifest.toml", "*/venues/*.toml")),
        *_empty("PARTNERS", partners, "partner's profile", ("*.toml",)),
    ]
    registry = _loaded(lambda: Registry.load(of.integration_folders), faults)
    profiles = _loaded(lambda: Partners.load(of.partner_folders), faults)
    if registry is not None and profiles is not None:
        faults += _strangers(registry, profiles)
    if registry is None or faults:
        raise SchemaFaults(faults)
    return registry


def _variable(*name: int | str) -> str:
    return "READBACK_" + "_".join(str(step) for step in name).upper()


def _address_faults(of: Settings) -> Iterator[Fault]:
    if of.database_url is not None:
        try:
            database_url(of.database_url)
        except (ArgumentError, ValueError):  # its text may hold the password
            known = "postgresql://user:password@host/name, sqlite:///path"
            yield Fault("READBACK_DATABASE_URL", f"is no address of sqlite or postgresql ({known})")
    if of.redis_url is not None:
        yield from _scheme_faults("REDIS_URL", of.redis_url, "a Redis", _REDISES)
    if of.broker_url is not None:
        yield from _scheme_faults("BROKER_URL", of.broker_url, "a broker", _BROKERS)
    elif of.redis_url is not None and of.redis_url.startswith("unix:"):
        yield Fault("READBACK_REDIS_URL", "cannot be the broker too: set READBACK_BROKER_URL to redis+socket://PATH")


def _scheme_faults(name: str, address: str, what: str, known: Sequence[str]) -> Iterator[Fault]:
    scheme = re.match(r"[a-z][a-z0-9+]*(?=://)", address)
    if scheme is None:
        yield Fault(_variable(name), f"is no address of {what}: write it as redis://host:6379/0")
    elif scheme[0] not in known:
        yield Fault(_variable(name), f"`{scheme[0]}` is no scheme of {what}; {nearest(scheme[0], known)}")


def _empty(name: str, folders: Sequence[Path], what: str, patterns: Sequence[str]) -> Iterator[Fault]:
    for folder in folders:
        if not folder.is_dir():
            yield Fault(_variable(name), f"there is no folder {folder}")
        elif not any(True for pattern in patterns for _ in folder.glob(pattern)):
            yield Fault(_variable(name), f"{folder}: no {what} in it; is it one level too high?")


def _loaded(load: Callable[[], T], faults: list[Fault]) -> T | None:
    try:
        return load()
    except SchemaFaults as error:
        faults += error.faults
    except OSError as error:
        faults.append(Fault(str(error.filename), f"cannot be read: {error.strerror}"))
    return None


def _strangers(registry: Registry, partners: Partners) -> Iterator[Fault]:
    for venue in registry.venues.values():
        try:
            partners.must_have(venue.partner)
        except AccessNotAgreed as error:
            yield Fault(f"venue {venue.slug}", str(error))
