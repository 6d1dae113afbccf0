"""`readback keys`: made and shown once, listed without secrets, rotated, revoked; what is wrong is named."""

from __future__ import annotations

import re

import pytest

from gateway.api.caller import SCOPES
from gateway.keys import KeyAnswer, KeysAnswer, MadeAnswer


@pytest.fixture
def made(run):
    """A new key, whole, and its id."""

    def made(*words: str) -> tuple[str, str]:
        result = run("keys", "new", "acme", *words)
        assert result.exit_code == 0, result.stderr
        key = result.stdout.removesuffix("\n")
        shape = re.fullmatch(r"rb_([a-z2-7]{12})_[\w-]{43}", key)
        assert shape is not None
        return key, shape[1]

    return made


def listed(run, *words) -> list[KeyAnswer]:
    return list(KeysAnswer.model_validate_json(run("keys", "list", *words, "--json").stdout).keys)


def test_the_key_alone_is_on_standard_output_and_nowhere_else(run, made, home):
    key, key_id = made("--name", "checkout")
    secret = key.rpartition("_")[2]
    (one,) = listed(run)
    assert (one.id, one.reseller, one.name, one.state, one.expires_at) == (key_id, "acme", "checkout", "valid", None)
    assert one.scopes == ("bookings:read", "bookings:write", "events:read")
    assert secret not in run("keys", "list").output + run("keys", "list", "--json").output
    assert not [path for path in home.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


def test_as_json_with_scopes_and_an_end(run):
    words = ("--scope", "bookings:read", "--scope", "doubts:write", "--days", "7", "--json")
    answer = MadeAnswer.model_validate_json(run("keys", "new", "acme", *words).stdout)
    assert answer.made.scopes == ("bookings:read", "doubts:write")
    assert answer.made.expires_at is not None
    assert (answer.made.expires_at - answer.made.created_at).days in {6, 7}
    everything = MadeAnswer.model_validate_json(run("keys", "new", "acme", "--scope", "all", "--json").stdout)
    assert set(everything.made.scopes) == set(SCOPES)


def test_every_fault_is_named_and_no_key_is_made(run, home):
    result = run("keys", "new", "Acme", "--scope", "booking:read", "--scope", "pay", "--days", "0", "--name", "a\nb")
    assert result.exit_code == 2
    assert "scope: no scope `booking:read`; did you mean `bookings:read`?" in result.stderr
    assert "scope: no scope `pay`" in result.stderr
    assert {"reseller:", "days:", "name:"} <= set(result.stderr.split())
    assert not result.stdout
    assert not home.exists()


def test_rotated_both_are_valid_for_a_while(run, made):
    key, key_id = made("--scope", "events:read")
    result = run("keys", "rotate", key)  # whoever found the key somewhere has no other name for it
    new_id = result.stdout.split("_")[1]
    old, new = sorted(listed(run), key=lambda one: one.id != key_id)
    assert (old.state, old.replaced_by, new.id, new.scopes) == ("replaced", new_id, new_id, ("events:read",))
    assert key.rpartition("_")[2] not in result.output
    again = run("keys", "rotate", key_id)
    assert again.exit_code == 2
    assert f"rotate `{new_id}`" in again.stderr
    assert not again.stdout


def test_rotated_at_once(run, made):
    _, key_id = made()
    answer = MadeAnswer.model_validate_json(run("keys", "rotate", key_id, "--both-h", "0", "--json").stdout)
    assert answer.old is not None
    assert answer.old.state == "expired"
    assert [one.id for one in listed(run)] == [answer.made.id]


def test_revoked(run, made):
    _, key_id = made()
    assert f"{key_id} of acme (unnamed): revoked" in run("keys", "revoke", key_id).stdout
    assert listed(run) == []
    assert [one.state for one in listed(run, "--all")] == ["revoked"]
    assert "no longer valid: revoked" in run("keys", "rotate", key_id).stderr


@pytest.mark.parametrize("what", ["rotate", "revoke"])
def test_an_id_that_is_none_is_answered_with_the_nearest(run, made, what):
    key, key_id = made()
    wrong = key_id[:-1] + ("a" if key_id[-1] != "a" else "b")
    result = run("keys", what, f"rb_{wrong}_{key.rpartition('_')[2]}")
    assert result.exit_code == 2
    assert f"no key `{wrong}`" in result.stderr
    assert f"did you mean `{key_id}`?" in result.stderr
    assert key.rpartition("_")[2] not in result.output
