"""Secrets by reference: read when a visit opens, never written anywhere."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import SecretStr

from farm.contract import Account
from farm.errors import AccessNotAgreed
from profiles.partner import AccountTerms


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


def _read_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):  # an error's own text would show what the file holds
        return ""
