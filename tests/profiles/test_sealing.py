"""What is kept of a log-in can be read by nobody without its key, and only as what it was kept for."""

from __future__ import annotations

import pytest

from farm.errors import AccessNotAgreed
from profiles.sealing import CannotOpen, KeyRing
from profiles.secrets import farm_key, state_keys

OLD, NEW = "o" * 32, "n" * 32
STATE = b'{"cookies": [{"name": "sid", "value": "s3cr3t-session"}]}'
MINE = ("partner", "desk", "house", 7)


def test_it_comes_back_as_it_was_and_shows_nothing_meanwhile():
    ring = KeyRing((OLD,))
    sealed = ring.seal(STATE, MINE)
    assert ring.open(sealed, MINE) == STATE
    assert b"s3cr3t-session" not in sealed
    assert ring.seal(STATE, MINE) != sealed, "never the same twice"
    assert OLD not in repr(ring)


@pytest.mark.parametrize(
    "other",
    [("other", "desk", "house", 7), ("partner", "owner", "house", 7), ("partner", "desk", "hut", 7), (*MINE[:3], 8)],
    ids=["partner", "role", "venue", "row"],
)
def test_nothing_but_its_own_place_opens_it(other):
    ring = KeyRing((OLD,))
    sealed = ring.seal(STATE, MINE)
    with pytest.raises(CannotOpen, match="for something else"):
        ring.open(sealed, other)


@pytest.mark.parametrize("at", [0, 3, 12, 30, -1])
def test_a_changed_byte_is_found(at):
    ring = KeyRing((OLD,))
    sealed = bytearray(ring.seal(STATE, MINE))
    sealed[at] ^= 1
    with pytest.raises(CannotOpen):
        ring.open(bytes(sealed), MINE)


@pytest.mark.parametrize("cut", [b"", b"\x01", b"\x01" * 9])
def test_what_was_cut_is_not_opened(cut):
    with pytest.raises(CannotOpen):
        KeyRing((OLD,)).open(cut, MINE)


def test_a_new_key_is_put_first_and_the_old_one_opens_until_it_is_taken_away():
    sealed = KeyRing((OLD,)).seal(STATE, MINE)
    both = KeyRing((NEW, OLD))
    assert both.open(sealed, MINE) == STATE
    assert KeyRing((NEW,)).open(both.seal(STATE, MINE), MINE) == STATE, "the first one seals"
    with pytest.raises(CannotOpen, match="a key that is not here"):
        KeyRing((NEW,)).open(sealed, MINE)


def test_keys_by_reference(tmp_path, monkeypatch):
    monkeypatch.setenv("READBACK_TEST_KEY", NEW)
    file = tmp_path / "old"
    file.write_text(OLD)
    ring = state_keys(f"env:READBACK_TEST_KEY, file:{file}", tmp_path / "unused", make=True)
    assert ring.keys == (NEW, OLD)
    assert not (tmp_path / "unused").exists()


def test_without_one_the_farm_makes_its_own_which_only_its_owner_reads(tmp_path):
    path = tmp_path / "home" / "state.key"
    made = state_keys("", path, make=True)
    assert state_keys("", path, make=True) == made
    assert (path.stat().st_mode & 0o777, list(path.parent.iterdir())) == (0o600, [path])


def test_on_several_machines_nobody_makes_one(tmp_path):
    with pytest.raises(AccessNotAgreed, match=r"no key for kept log-ins.*READBACK_STATE_KEY"):
        state_keys("", tmp_path / "state.key", make=False)


def test_a_short_key_is_refused_and_not_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("READBACK_TEST_KEY", "hunter2")
    with pytest.raises(AccessNotAgreed, match="32 characters") as refused:
        state_keys("env:READBACK_TEST_KEY", tmp_path / "unused", make=True)
    assert "hunter2" not in str(refused.value)


def test_a_key_that_another_worker_is_making_is_never_seen_half(tmp_path, monkeypatch):
    """Whoever comes second keeps the first one's."""
    path = tmp_path / "state.key"
    monkeypatch.setattr("profiles.secrets.token_hex", lambda n: "f" * 2 * n if path.exists() else "e" * 2 * n)
    first = farm_key(path, make=True)
    assert farm_key(path, make=True) == first == b"e" * 64
