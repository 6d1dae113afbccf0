"""Secrets by reference: the environment, a file, the keyring of the machine's user."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import KeyringLocked
from pydantic import TypeAdapter, ValidationError

from farm.errors import AccessNotAgreed
from profiles.secrets import is_there, open_account, read_secret
from profiles.terms.secret import SecretReference
from profiles.terms.session import AccountTerms


class Drawer(KeyringBackend):
    """A keyring in memory."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("the master password is hunter2")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


@pytest.fixture
def drawer() -> Iterator[Drawer]:
    before, drawer = keyring.get_keyring(), Drawer()
    keyring.set_keyring(drawer)
    yield drawer
    keyring.set_keyring(before)


def test_the_keyring_gives_what_it_was_given(drawer):
    keyring.set_password("readback", "luna/desk", "aceto")
    assert read_secret("keyring:readback/luna/desk") == "aceto"
    terms = AccountTerms(secret="keyring:readback/luna/desk")
    assert open_account("desk", terms).secret.get_secret_value() == "aceto"
    assert is_there(terms)


def test_what_it_has_not_is_nothing(drawer):
    with pytest.raises(AccessNotAgreed, match="nothing is behind the secret's reference `keyring:readback/luna`"):
        read_secret("keyring:readback/luna")
    assert not is_there(AccountTerms(secret="keyring:readback/luna"))


def test_a_machine_without_a_keyring_says_so(drawer):
    keyring.set_keyring(NoKeyring())
    with pytest.raises(AccessNotAgreed, match="no keyring; use `file:` or `env:`"):
        read_secret("keyring:readback/luna")


def test_a_locked_keyring_says_so_in_our_words(drawer):
    drawer.locked = True
    with pytest.raises(AccessNotAgreed, match=r"the keyring is not open \(KeyringLocked\)") as refused:
        read_secret("keyring:readback/luna")
    assert "hunter2" not in str(refused.value)


def test_the_package_is_needed_only_where_a_profile_names_one(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    monkeypatch.setenv("READBACK_TEST_SECRET", "aceto")
    assert read_secret("env:READBACK_TEST_SECRET") == "aceto"
    with pytest.raises(AccessNotAgreed, match="needs the package keyring"):
        read_secret("keyring:readback/luna")


@pytest.mark.parametrize("written", ["keyring:readback", "keyring:/name", "aceto", "keyring:"])
def test_a_reference_is_one(written):
    with pytest.raises(ValidationError):
        TypeAdapter(SecretReference).validate_python(written)
