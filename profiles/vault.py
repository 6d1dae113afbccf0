"""Cards by their token: from the environment, or from a file that only its owner can read. Never written anywhere."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

from pydantic import ValidationError

from farm.contract import Card, Vault
from farm.errors import PaymentRefused
from farm.status import Cause

_OTHERS = 0o077


class EnvironmentVault:
    """Each card is a variable ``READBACK_CARD_<TOKEN>`` with the fields of a ``Card`` as JSON."""

    def open(self, token: str) -> Card:
        written = os.environ.get(f"READBACK_CARD_{token.upper()}", "")  # noqa: TID251 - named by the request
        if not written:
            raise _no_card(token, "the environment has none of that name")
        try:
            return Card.model_validate({**json.loads(written), "token": token})
        except (ValidationError, TypeError, ValueError):
            raise _no_card(token, "what the environment has is no card") from None


class FileVault:
    """A TOML file with one table per token, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self, token: str) -> Card:
        try:
            if self._path.stat().st_mode & _OTHERS:
                raise _no_card(token, "the vault's file can be read by others: chmod 600 it")
            cards = tomllib.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            # an error's own text would show what the file holds
            raise _no_card(token, "the vault's file cannot be read") from None
        if token not in cards:
            raise _no_card(token, "the vault's file has none of that name")
        try:
            return Card.model_validate({**cards[token], "token": token})
        except (ValidationError, TypeError):
            raise _no_card(token, "what the vault's file has is no card") from None


def vault_at(reference: str) -> Vault:
    """The vault that a deployment names: ``env`` or ``file:PATH``."""
    return EnvironmentVault() if reference == "env" else FileVault(Path(reference.removeprefix("file:")))


def _no_card(token: str, why: str) -> PaymentRefused:
    return PaymentRefused(f"card `{token}`: {why}", cause=Cause.PAYMENT_OPTION_NOT_VALID)
