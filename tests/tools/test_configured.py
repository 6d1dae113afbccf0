"""What a deployment names is looked at before anything is done with it; each fault says what would be right."""

from __future__ import annotations

import json

import pytest

from farm.schema import SchemaFaults
from tasks.settings import Settings
from tools.configured import NoHome, must_have_home, read_registry, read_settings

SECRET = "s3cret-s3cret"
VENUE = {
    "name": "Bar Uno",
    "kind": "bar",
    "timezone": "Europe/Rome",
    "currency": "EUR",
    "origin": "http://127.0.0.1:1",
    "partner": "bologna_tabels",
}


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(f"READBACK_{name.upper()}", raising=False)


def test_an_empty_variable_counts_as_unset(monkeypatch):
    unset = read_settings()
    for name in Settings.model_fields:
        monkeypatch.setenv(f"READBACK_{name.upper()}", "")
    assert read_settings() == unset


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("LEASE_S", "long", "READBACK_LEASE_S: Input should be a valid number"),
        ("DATABASE_URL", f"mysql://farm:{SECRET}@db/farm", "READBACK_DATABASE_URL: is no address of sqlite or postg"),
        ("DATABASE_URL", f"postgresql://db:{SECRET}", "READBACK_DATABASE_URL: is no address of sqlite or postgresql"),
        ("DATABASE_URL", "::", "READBACK_DATABASE_URL: is no address"),
        ("BROKER_URL", f"foo://farm:{SECRET}@rabbit//", "READBACK_BROKER_URL: `foo` is no scheme of a broker"),
        (
            "BROKER_URL",
            "ampq://rabbit//",
            "READBACK_BROKER_URL: `ampq` is no scheme of a broker; did you mean `amqp`",
        ),
        ("BROKER_URL", f"farm:{SECRET}@rabbit", "READBACK_BROKER_URL: is no address of a broker"),
        ("REDIS_URL", f"http://:{SECRET}@redis/1", "READBACK_REDIS_URL: `http` is no scheme of a Redis"),
        ("REDIS_URL", "unix:///run/redis.sock", "READBACK_REDIS_URL: cannot be the broker too: set READBACK_BROKER_"),
    ],
)
def test_a_setting_that_cannot_be_used(monkeypatch, name, value, said):
    monkeypatch.setenv(f"READBACK_{name}", value)
    with pytest.raises(SchemaFaults) as caught:
        read_settings()
    assert said in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "broker",
    ["redis://r/0", "rediss://r/0", "redis+socket:///run/r.sock?virtual_host=0", "amqp://r//", "sentinel://r"],
)
def test_brokers_that_can_be_used(monkeypatch, broker):
    monkeypatch.setenv("READBACK_BROKER_URL", broker)
    monkeypatch.setenv("READBACK_REDIS_URL", "unix:///run/redis.sock")
    assert read_settings().broker_url == broker


def test_what_is_here_can_be_booked(tmp_path):
    assert "osteria_luna" in read_registry(Settings()).venues


def test_folders_that_are_not_there_or_hold_nothing(tmp_path):
    (tmp_path / "mine" / "integrations" / "bars" / "venues").mkdir(parents=True)
    (tmp_path / "mine" / "integrations" / "bars" / "venues" / "bar.toml").touch()
    (tmp_path / "mine" / "partners").mkdir()
    folders = [tmp_path / "gone", tmp_path / "mine"]
    named = ":".join(map(str, folders))
    with pytest.raises(SchemaFaults) as caught:
        read_registry(Settings(integrations=named, partners=named))
    assert str(caught.value).splitlines() == [
        f"READBACK_INTEGRATIONS: there is no folder {tmp_path}/gone",
        f"READBACK_INTEGRATIONS: {tmp_path}/mine: no integration or venues in it; is it one level too high?",
        f"READBACK_PARTNERS: there is no folder {tmp_path}/gone",
        f"READBACK_PARTNERS: {tmp_path}/mine: no partner's profile in it; is it one level too high?",
    ]


def test_a_venue_that_nobody_answers_for(tmp_path):
    folder = tmp_path / "osteria_luna" / "venues"
    folder.mkdir(parents=True)
    (folder / "bar_uno.toml").write_text("\n".join(f"{key} = {json.dumps(value)}" for key, value in VENUE.items()))
    with pytest.raises(SchemaFaults) as caught:
        read_registry(Settings(integrations=str(tmp_path)))
    said = "venue bar_uno: no profile of partner `bologna_tabels`; did you mean `bologna_tables`?"
    assert str(caught.value) == said


def test_a_folder_that_is_called_like_a_file(tmp_path):
    (tmp_path / "osteria_luna" / "venues" / "bar.toml").mkdir(parents=True)
    with pytest.raises(SchemaFaults, match=r"bar\.toml.*directory"):
        read_registry(Settings(integrations=str(tmp_path)))


def test_a_state_folder(tmp_path):
    (tmp_path / "file").touch()
    must_have_home(tmp_path / "not" / "made" / "yet")
    assert not (tmp_path / "not").exists()
    for wrong in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(NoHome, match="cannot be written: Not a directory"):
            must_have_home(wrong)
