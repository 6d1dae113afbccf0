"""Help that teaches, and is there at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gateway.cli import app

COMMANDS = sorted(
    [
        *(info.name or info.callback.__name__ for info in app.registered_commands if info.callback is not None),
        *(info.name for info in app.registered_groups if info.name),
    ]
)


def test_every_command_of_the_house_is_there():
    assert (
        sorted(
            [
                *(
                    "book",
                    "cancel",
                    "change",
                    "check",
                    "demo",
                    "doctor",
                    "doubts",
                    "egress",
                    "gateway",
                    "keys",
                    "leftovers",
                    "list",
                    "migrate",
                    "rate",
                ),
                *("relay", "resolve", "show", "up", "venues", "webhooks", "worker"),
                *("beat", "erase", "identity", "mcp", "new", "nightly", "notices", "profiles", "tolerance"),
            ]
        )
        == COMMANDS
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(run, command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"readback {command}" in result.stdout


def test_exit_codes_are_in_the_help(run):
    text = " ".join(run("book", "--help").stdout.split())
    assert "0 confirmed" in text
    assert "4 in doubt" in text


def test_help_loads_nothing_heavy():
    """Only typer is loaded: no database, no browser, no Celery."""
    slow = ["sqlalchemy", "celery", "playwright", "pydantic", "redis"]
    check = f"import sys, gateway.cli; sys.exit(','.join(m for m in {slow} if m in sys.modules) or 0)"
    result = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, timeout=20, check=False)
    assert result.returncode == 0, result.stderr


def test_version(run):
    assert run("--version").stdout.startswith("readback ")
