"""The command in this process, on a state folder of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from tasks.driving import drive
from tasks.runtime import farm_of
from tasks.settings import Settings

Run = Callable[..., Result]
GOOD: dict[str, Any] = {
    "reseller_reference": "a table for two",
    "guest": {"name": "Ada Geheim", "email": "ada@example.com", "phone": "+39 051 555 0100"},
    "party": {"adults": 2},
    "when": {"date": "2030-06-14", "earliest": "19:00", "latest": "21:00"},
    "venues": ["osteria_luna"],
}


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """The state folder; nothing else is set."""
    for name in ("DATABASE_URL", "BROKER_URL", "REDIS_URL", "INTEGRATIONS", "PARTNERS", "LEASE_S", "LEAST_TIER"):
        monkeypatch.delenv(f"READBACK_{name}", raising=False)
    monkeypatch.setenv("READBACK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "100")
    folder: Path = tmp_path / "home"
    return folder


@pytest.fixture
def run(home) -> Run:
    def run(*arguments: str, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(app, arguments, input=stdin)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


@pytest.fixture
def refused(run) -> Callable[..., list[str]]:
    """The faults of a request that differs from a good one, a line each; nothing is queued for it."""

    def refused(**changes: object) -> list[str]:
        result = run("book", "-", stdin=json.dumps(GOOD | changes))
        assert result.exit_code == 2
        assert not result.stdout
        assert run("list").exit_code == 2  # no ledger was even made
        assert "Geheim" not in result.stderr
        said: list[str] = result.stderr.splitlines()
        return said

    return refused


@pytest.fixture
def settled(run, home) -> Callable[[], str]:
    """A booking that was called off before anything was tried, as a worker leaves it."""

    def settled() -> str:
        booking: str = run("book", "-", stdin=json.dumps(GOOD)).stdout.strip()
        run("cancel", booking)
        asyncio.run(_worked_off(Settings(home=home), booking))
        return booking

    return settled


async def _worked_off(settings: Settings, booking: str) -> None:
    async with farm_of(settings) as farm:
        await drive(farm, booking, "cancel")
