"""Secrets by reference: read when a visit opens, never written anywhere."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from pydantic import SecretStr

from farm.contract import Account
from farm.errors import AccessNotAgreed
from profiles.sealing import SHORTEST_KEY, KeyRing
from profiles.terms.session import AccountTerms


def read_secret(reference: str) -> str:
    """The value behind ``env:NAME``, ``file:PATH`` or ``keyring:SERVICE/NAME``.

    Raises:
        AccessNotAgreed: There is nothing behind it; the message names the reference, never a value.
    """
    kind, _, name = reference.partition(":")
    if kind == "keyring":
        value = _read_keyring(reference, *name.split("/", 1))
    else:
        value = os.environ.get(name, "") if kind == "env" else _read_file(Path(name))  # noqa: TID251 - by reference
    if not value:
        raise AccessNotAgreed(f"nothing is behind the secret's reference `{reference}`")
    return value


def _read_keyring(reference: str, service: str, name: str) -> str:
    """From the keyring of the machine's user; the package is not needed where no profile names one."""
    try:
        import keyring  # noqa: PLC0415 - optional
        from keyring.errors import KeyringError, NoKeyringError  # noqa: PLC0415
    except ModuleNotFoundError:
        raise AccessNotAgreed(f"`{reference}` needs the package keyring: pip install 'readback[keyring]'") from None
    try:
        return keyring.get_password(service, name) or ""
    except NoKeyringError:
        raise AccessNotAgreed(f"`{reference}`: this machine has no keyring; use `file:` or `env:` here") from None
    except KeyringError as error:
        raise AccessNotAgreed(f"`{reference}`: the keyring is not open ({type(error).__name__})") from None


def is_there(terms: AccountTerms) -> bool:
    """True when every reference of the account leads to something."""
    try:
        open_account("", terms)
    except AccessNotAgreed:
        return False
    return True


def open_account(role: str, terms: AccountTerms) -> Account:
    """The account of a role, with its secret.

    Raises:
        AccessNotAgreed: A reference leads to nothing.
    """
    user = read_secret(terms.user) if terms.user is not None else None
    return Account(role=role, user=user, secret=SecretStr(read_secret(terms.secret)))


def farm_key(
    path: Path, *, make: bool, what: str = "guest accounts", named: str = "READBACK_ACCOUNT_KEY_FILE"
) -> bytes:
    """A key of the farm's own: the passwords of accounts that are made on the way are minted from one.

    Args:
        path: The file with the key; every worker of a farm needs the same.
        make: Make it where it is missing, readable by its owner only. Not for several machines.
        what: What it is for.
        named: The setting that names it.

    Raises:
        AccessNotAgreed: There is none.
    """
    if make:
        _make_key(path)
    key = _read_file(path)
    if len(key) < SHORTEST_KEY:
        raise AccessNotAgreed(f"no key for {what} in {path}: {named} names it")
    return key.encode()


def state_keys(references: str, path: Path, *, make: bool) -> KeyRing:
    """The keys for log-ins that are kept.

    Args:
        references: Secrets by reference, with commas between them: the first one seals. Empty: the farm's own file.
        path: That file.
        make: Make it where it is missing. Not for several machines.

    Raises:
        AccessNotAgreed: There is none, or one is too short.
    """
    named = [part.strip() for part in references.split(",") if part.strip()]
    if not named:
        return KeyRing((farm_key(path, make=make, what="kept log-ins", named="READBACK_STATE_KEY").decode(),))
    keys = tuple(read_secret(reference) for reference in named)
    if any(len(key) < SHORTEST_KEY for key in keys):
        raise AccessNotAgreed(f"READBACK_STATE_KEY: a key has {SHORTEST_KEY} characters or more")
    return KeyRing(keys)


def _make_key(path: Path) -> None:
    """Whole or not at all: another worker may read it at once."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{token_hex(4)}")
    draft.touch(mode=0o600, exist_ok=False)
    draft.write_text(token_hex(32))
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def _read_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):  # an error's own text would show what the file holds
        return ""
