"""Secrets by reference: read when a visit opens, never written anywhere."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from pydantic import SecretStr

from farm.contract import Account
from farm.errors import AccessNotAgreed
from profiles.terms.session import AccountTerms

_SHORTEST_KEY = 32


def read_secret(reference: str) -> str:
    """The value behind ``env:NAME`` or ``file:PATH``.

    Raises:
        AccessNotAgreed: There is nothing behind it; the message names the reference, never a value.
    """
    kind, _, name = reference.partition(":")
    value = os.environ.get(name, "") if kind == "env" else _read_file(Path(name))  # noqa: TID251 - named by reference
    if not value:
        raise AccessNotAgreed(f"nothing is behind the secret's reference `{reference}`")
    return value


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


def farm_key(path: Path, *, make: bool) -> bytes:
    """The farm's own key, from which the passwords of accounts that are made on the way are minted.

    Args:
        path: The file with the key; every worker of a farm needs the same.
        make: Make it where it is missing, readable by its owner only. Not for several machines.

    Raises:
        AccessNotAgreed: There is none.
    """
    if make:
        with suppress(FileExistsError):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600, exist_ok=False)
            path.write_text(token_hex(32))
    key = _read_file(path)
    if len(key) < _SHORTEST_KEY:
        raise AccessNotAgreed(f"no key for guest accounts in {path}: READBACK_ACCOUNT_KEY_FILE names it")
    return key.encode()


def _read_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):  # an error's own text would show what the file holds
        return ""
