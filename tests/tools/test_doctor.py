from __future__ import annotations

import io
import os
import socket
import sqlite3
from pathlib import Path

import pytest
from rich.console import Console

from ledger.migrate import upgrade
from tasks.machine.finding import Found
from tasks.machine.private_redis import PrivateRedis
from tasks.machine.redis import find_redis
from tools import doctor
from tools.doctor import Finding, examine, rendered

SECRET = "s3cret-s3cret"


def shown(findings: list[Finding]) -> str:
    screen = io.StringIO()
    Console(file=screen, width=200).print(rendered(findings))
    return screen.getvalue()


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    kept = ("PATH", "HOME", "PLAYWRIGHT_BROWSERS_PATH", "READBACK_CHROMIUM")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"READBACK_HOME": str(tmp_path)}


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def test_after_set_up_nothing_is_missing_and_nothing_is_left_behind(environ, tmp_path):
    findings = examine(environ)
    assert [f for f in findings if not f.well] == []
    whats = ["Python", "State folder", "Playwright", "Chromium", "Redis", "Database", "Venues"]
    assert [f.what for f in findings] == whats
    assert "Nothing is missing" in shown(findings)
    assert list(tmp_path.iterdir()) == []


def test_everything_missing_is_named_at_once_with_what_to_do(environ, tmp_path, closed_port):
    (tmp_path / "file").touch()
    findings = examine(
        environ
        | {
            "READBACK_HOME": str(tmp_path / "file"),
            "READBACK_CHROMIUM": "/bin/false",
            "PLAYWRIGHT_NODEJS_PATH": "/bin/false",
            "READBACK_REDIS_URL": f"redis://:{SECRET}@127.0.0.1:{closed_port}/1",
            "READBACK_BROKER_URL": f"amqp://farm:{SECRET}@127.0.0.1:{closed_port}//",
            "READBACK_DATABASE_URL": f"postgresql+psycopg://farm:{SECRET}@127.0.0.1:{closed_port}/farm",
            "READBACK_INTEGRATIONS": str(tmp_path / "gone"),
        }
    )
    missing = {f.what: f for f in findings if not f.well}
    assert set(missing) == {"State folder", "Playwright", "Chromium", "Redis", "Database", "Broker", "Venues"}
    assert "make setup" in missing["Chromium"].get
    assert SECRET not in shown(findings)
    assert SECRET not in repr(findings)


def test_a_browser_without_its_driver_is_not_tried(environ):
    found = doctor.chromium(environ | {"PLAYWRIGHT_NODEJS_PATH": "/bin/false"})
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
    named = environ | {"READBACK_CHROMIUM": str(program)}
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    found = doctor.chromium(named)
    assert "READBACK_CHROMIUM_SANDBOX=off" in found.get

    found = doctor.chromium(named | {"READBACK_CHROMIUM_SANDBOX": "off"})
    assert "make setup" in found.get
    monkeypatch.setattr("os.geteuid", lambda: 0)
    doctor.chromium(named)
    asked = (tmp_path / "asked").read_text().splitlines()
    assert ["--no-sandbox" in words for words in asked] == [False, True, True]


@pytest.mark.parametrize(
    "address", ["::", "mysql://farm:s3cret-s3cret@db/farm", "mongodb://db", "postgresql://h:port/x"]
)
def test_an_address_of_no_database_is_a_finding(environ, address):
    found = doctor.database(environ | {"READBACK_DATABASE_URL": address}, Path("home"))
    assert not found.well
    assert SECRET not in found.says


@pytest.mark.parametrize("address", ["127.0.0.1:6379", "amqp://", "redis://h:port/0", "foo://host"])
def test_an_address_of_no_broker_is_a_finding(address):
    assert not doctor.broker(address).well


@pytest.mark.parametrize("address", ["127.0.0.1:6379", "http://h", "redis://h:port/0"])
def test_an_address_of_no_redis_is_a_finding(address):
    assert not doctor.redis_server({"READBACK_REDIS_URL": address}).well


async def test_a_ledger_is_asked_for_its_tables(environ, tmp_path):
    address = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    assert "not made yet" in doctor.database(environ, tmp_path).says
    await upgrade(address)
    found = doctor.database(environ, tmp_path)
    assert found.well
    assert found.says.endswith("answers")
    with sqlite3.connect(tmp_path / "ledger.sqlite3") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    connection.close()
    assert "readback migrate" in doctor.database(environ, tmp_path).get


def test_a_running_redis_is_asked(environ, tmp_path):
    found = find_redis({"PATH": os.environ["PATH"]})
    assert isinstance(found, Found)
    with PrivateRedis(found.path, tmp_path) as server:
        redis = doctor.redis_server({"READBACK_REDIS_URL": server.url})
        broker = doctor.broker(server.broker_url)
    assert redis.well
    assert "READBACK_REDIS_URL" in redis.says
    assert broker.well


def test_a_fault_in_a_venue_file_is_a_finding(environ, tmp_path):
    broken = tmp_path / "somewhere" / "manifest.toml"
    broken.parent.mkdir()
    broken.write_text("nmae = 'x'\n")
    found = doctor.venues([tmp_path])
    assert not found.well
    assert "manifest.toml" in found.says


def test_checks_of_other_layers_come_last(environ):
    further = Finding("Tables", "two migrations behind", "run `readback migrate`")
    findings = examine(environ | {"READBACK_CHROMIUM": "/bin/false"}, further=[lambda: further])
    assert findings[-1] == further
    assert "Tables: run `readback migrate`." in shown(findings)
