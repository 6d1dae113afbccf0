"""Cards by reference: opened when they are needed, and never shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from farm.errors import PaymentRefused
from farm.status import Cause
from profiles.vault import vault_at

NUMBER = "4" + "0" * 11 + "0002"
CARD = {"holder": "Ada Rossi", "number": NUMBER, "expires_month": 4, "expires_year": 2031, "code": "987"}


def test_a_card_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READBACK_CARD_TOK_7", json.dumps(CARD))
    card = vault_at("env").open("tok_7")
    assert (card.token, card.number.get_secret_value(), card.expires_year) == ("tok_7", NUMBER, 2031)
    assert NUMBER not in repr(card)
    assert "987" not in repr(card)
    assert "Ada" not in repr(card)


def test_a_card_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "cards.toml"
    file.write_text("[tok_7]\n" + "\n".join(f"{name} = {json.dumps(value)}" for name, value in CARD.items()))
    file.chmod(0o600)
    assert vault_at(f"file:{file}").open("tok_7").code.get_secret_value() == "987"
    for others in (0o040, 0o020, 0o010, 0o004, 0o002, 0o001):
        file.chmod(0o600 | others)
        with pytest.raises(PaymentRefused, match="chmod 600"):
            vault_at(f"file:{file}").open("tok_7")


def test_what_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("READBACK_CARD_TOK_7", raising=False)
    with pytest.raises(PaymentRefused, match="the environment has none of that name"):
        vault_at("env").open("tok_7")
    with pytest.raises(PaymentRefused, match="cannot be read"):
        vault_at(f"file:{tmp_path / 'cards.toml'}").open("tok_7")


@pytest.mark.parametrize("written", ["", "no json", "[1]", json.dumps(CARD | {"number": None}), "7"])
def test_what_is_no_card_is_told_without_its_value(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READBACK_CARD_TOK_7", written)
    with pytest.raises(PaymentRefused, match="card `tok_7`") as told:
        vault_at("env").open("tok_7")
    assert told.value.cause is Cause.PAYMENT_OPTION_NOT_VALID
    assert NUMBER not in str(told.value)
    assert told.value.__context__ is None or told.value.__suppress_context__


def test_a_file_that_is_none_is_told_without_what_it_holds(tmp_path: Path) -> None:
    file = tmp_path / "cards.toml"
    for content, why in (
        (f"number {NUMBER}", "cannot be read"),
        (f"# {NUMBER} é", "cannot be read"),
        ("[other]", "none of that name"),
        (f"[tok_7]\nnumber = {NUMBER}", "is no card"),
        (f"tok_7 = {NUMBER}", "is no card"),
    ):
        file.write_bytes(content.encode("latin-1"))
        file.chmod(0o600)
        with pytest.raises(PaymentRefused, match=why) as told:
            vault_at(f"file:{file}").open("tok_7")
        assert NUMBER not in str(told.value)
