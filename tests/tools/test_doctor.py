from __future__ import annotations

import io
import os
import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from ledger.migrate import upgrade
from tasks.machine.finding import Found
from tasks.machine.private_redis import PrivateRedis
from tasks.machine.redis import find_redis
from tasks.settings import Settings
from tools import doctor
from tools.doctor import Finding, examine, rendered

Set = Callable[..., None]
SECRET = "s3cret-s3cret"


def shown(findings: list[Finding]) -> str:
    screen = io.StringIO()
    Console(file=screen, width=200).print(rendered(findings))
    return screen.getvalue()


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Set:
    """Sets variables; before that there is a state folder and nothing else."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"READBACK_{name.upper()}", raising=False)
    monkeypatch.setenv("READBACK_HOME", str(tmp_path))

    def put(**variables: object) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, str(value))

    return put


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def test_after_set_up_nothing_is_missing_and_nothing_is_left_behind(environ, tmp_path):
    findings = examine()
    assert [f for f in findings if not f.well] == []
    whats = ["Python", "Settings", "State folder", "Playwright", "Chromium", "Redis", "Database", "Venues"]
    assert [f.what for f in findings] == whats
    assert "Nothing is missing" in shown(findings)
    assert list(tmp_path.iterdir()) == []


def test_everything_missing_is_named_at_once_with_what_to_do(environ, tmp_path, closed_port):
    (tmp_path / "file").touch()
    environ(
        READBACK_HOME=tmp_path / "file",
        READBACK_CHROMIUM="/bin/false",
        PLAYWRIGHT_NODEJS_PATH="/bin/false",
        READBACK_REDIS_URL=f"redis://:{SECRET}@127.0.0.1:{closed_port}/1",
        READBACK_BROKER_URL=f"amqp://farm:{SECRET}@127.0.0.1:{closed_port}//",
        READBACK_DATABASE_URL=f"postgresql+psycopg://farm:{SECRET}@127.0.0.1:{closed_port}/farm",
        READBACK_INTEGRATIONS=tmp_path / "gone",
        READBACK_LEASE_S="long",
    )
    findings = examine()
    missing = {f.what: f for f in findings if not f.well}
    whats = ["Settings", "State folder", "Playwright", "Chromium", "Redis", "Database", "Broker", "Venues"]
    assert list(missing) == whats
    assert "make setup" in missing["Chromium"].get
    assert "READBACK_LEASE_S" in missing["Settings"].get
    assert SECRET not in shown(findings)
    assert SECRET not in repr(findings)


def test_a_browser_without_its_driver_is_not_tried(environ):
    found = doctor.chromium(os.environ | {"PLAYWRIGHT_NODEJS_PATH": "/bin/false"})
    assert not found.well
    assert "libatomic1" in found.get


def test_a_browser_that_may_not_have_its_sandbox_is_told_what_to_do(environ, tmp_path, monkeypatch):
    """The worker's own launch: with the sandbox unless it is off, never as root."""
    program = tmp_path / "chromium"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "$*" >> {tmp_path}/asked\n'
        'case "$*" in *--no-sandbox*) exit 1;; esac\necho "No usable sandbox!" >&2\nexit 1\n'
    )
    program.chmod(0o755)
    named = os.environ | {"READBACK_CHROMIUM": str(program)}
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    found = doctor.chromium(named)
    assert "READBACK_CHROMIUM_SANDBOX=off" in found.get

    found = doctor.chromium(named | {"READBACK_CHROMIUM_SANDBOX": "off"})
    assert "make setup" in found.get
    monkeypatch.setattr("os.geteuid", lambda: 0)
    doctor.chromium(named)
    asked = (tmp_path / "asked").read_text().splitlines()
    assert ["--no-sandbox" in words for words in asked] == [False, True, True]


def test_what_cannot_be_used_is_left_out_of_the_other_looks(environ):
    environ(READBACK_LEASE_S="long", READBACK_DATABASE_URL=f"mysql://farm:{SECRET}@db/farm", READBACK_POLL_S="0.1")
    here, found = doctor.read_what_is_right()
    assert (here.lease_s, here.database_url, here.poll_s) == (20, None, 0.1)
    assert "READBACK_LEASE_S: " in found.says
    assert found.get == "correct or unset READBACK_LEASE_S, READBACK_DATABASE_URL"
    assert "READBACK_DATABASE_URL: is no address of sqlite or postgresql" in found.says
    assert SECRET not in found.says


@pytest.mark.parametrize("address", ["127.0.0.1:6379", "amqp://", "redis://h:port/0", "foo://host"])
def test_an_address_of_no_broker_is_a_finding(address):
    assert not doctor.broker(address).well


@pytest.mark.parametrize("address", ["127.0.0.1:6379", "http://h", "redis://h:port/0"])
def test_an_address_of_no_redis_is_a_finding(address):
    assert not doctor.redis_server({"READBACK_REDIS_URL": address}).well


async def test_a_ledger_is_asked_for_its_tables(environ, tmp_path):
    here = Settings(home=tmp_path)
    assert "not made yet" in doctor.database(here).says
    await upgrade(here.ledger_url)
    found = doctor.database(here)
    assert found.well
    assert found.says.endswith("answers")
    for revision, said in (("0000", "readback migrate"), ("9999", "made by a newer Readback")):
        with sqlite3.connect(tmp_path / "ledger.sqlite3") as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        connection.close()
        found = doctor.database(here)
        assert not found.well
        assert said in found.says + found.get


def test_a_running_redis_is_asked(environ, tmp_path):
    found = find_redis({"PATH": os.environ["PATH"]})
    assert isinstance(found, Found)
    with PrivateRedis(found.path, tmp_path) as server:
        redis = doctor.redis_server({"READBACK_REDIS_URL": server.url})
        broker = doctor.broker(server.broker_url)
    assert redis.well
    assert "READBACK_REDIS_URL" in redis.says
    assert broker.well


def test_a_fault_in_any_file_is_a_finding(environ, tmp_path):
    for folder, name in (("sites", "somewhere/manifest.toml"), ("partners", "somebody.toml")):
        broken = tmp_path / folder / name
        broken.parent.mkdir(parents=True)
        broken.write_text("nmae = 'x'\n")
    found = doctor.venues(Settings(integrations=str(tmp_path / "sites"), partners=str(tmp_path / "partners")))
    assert not found.well
    assert "manifest.toml: nmae" in found.says
    assert "somebody.toml: nmae" in found.says


def test_checks_of_other_layers_come_last(environ):
    environ(READBACK_CHROMIUM="/bin/false")
    further = Finding("Tables", "two migrations behind", "run `readback migrate`")
    findings = examine(further=[lambda: further])
    assert findings[-1] == further
    assert "Tables: run `readback migrate`." in shown(findings)
