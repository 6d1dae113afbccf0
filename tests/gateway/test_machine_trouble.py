"""A machine that lacks something is told so in a line: what, where, and what to do."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys

import pytest

from ledger.migrate import upgrade
from tests.gateway.conftest import GOOD

ALL = (["up"], ["list"], ["rate"], ["migrate"], ["show", "bk_1"], ["cancel", "bk_1"], ["book", "-"])


@pytest.mark.parametrize("command", [*ALL, ["demo"]])
def test_a_state_folder_that_is_none(run, tmp_path, monkeypatch, command):
    (tmp_path / "file").touch()
    monkeypatch.setenv("READBACK_HOME", str(tmp_path / "file"))
    result = run(*command, stdin=json.dumps(GOOD))
    assert result.exit_code == 1
    assert f"the state folder cannot be used: {tmp_path}/file cannot be written: Not a directory" in result.stderr
    assert "READBACK_HOME" in result.stderr


@pytest.mark.parametrize("command", [*ALL, ["book", "-", "--idempotency-key", "order-1"]])
def test_a_ledger_of_a_newer_version(run, home, command):
    ledger = home / "ledger.sqlite3"
    asyncio.run(upgrade(f"sqlite:///{ledger}"))
    with sqlite3.connect(ledger) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    result = run(*command, stdin=json.dumps(GOOD))
    assert result.exit_code == 1
    assert "this ledger was made by a newer Readback: SQLite" in result.stderr
    assert "use that version" in result.stderr


@pytest.mark.parametrize("command", ["up", "worker", "relay", "demo", "venues"])
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("READBACK_LEASE_S", "abc", "READBACK_LEASE_S: Input should be a valid number"),
        (
            "READBACK_BROKER_URL",
            "ampq://farm:s3cret@rabbit//",
            "`ampq` is no scheme of a broker; did you mean `amqp`?",
        ),
    ],
)
def test_a_setting_that_cannot_be_used(home, monkeypatch, command, name, value, said):
    """In a process of its own: what reads the settings when it is imported was not imported yet."""
    monkeypatch.setenv(name, value)
    words = [sys.executable, "-m", "gateway.cli", command]
    done = subprocess.run(words, env=os.environ, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert said in done.stderr
    assert "s3cret" not in done.stderr


@pytest.mark.parametrize(
    ("name", "what"), [("INTEGRATIONS", "integration or venues"), ("PARTNERS", "partner's profile")]
)
@pytest.mark.parametrize("command", [["venues"], ["up"], ["worker"], ["book", "-"]])
def test_a_folder_with_nothing_in_it(run, tmp_path, monkeypatch, command, name, what):
    (tmp_path / "mine" / "integrations").mkdir(parents=True)
    monkeypatch.setenv(f"READBACK_{name}", str(tmp_path / "mine"))
    result = run(*command, stdin=json.dumps(GOOD))
    assert result.exit_code == 2
    assert f"READBACK_{name}: {tmp_path}/mine: no {what} in it; is it one level too high?" in result.stderr
