"""Values from requests, venues and arguments reach the terminal as they are, and never as orders to it."""

from __future__ import annotations

import asyncio
import io
import json

import pytest

from farm.identity import mint_code
from farm.request import Request
from farm.status import BookingStatus
from gateway.waiting import Lines
from ledger.migrate import upgrade
from ledger.store import Ledger
from tests.gateway.conftest import GOOD
from tools.console import PlainConsole
from tools.watching import begun, live_table

HOSTILE = [
    ("[", "["),
    ("[/red]", "[/red]"),
    ("[bold]4711[/bold]", "[bold]4711[/bold]"),
    (":smile:", ":smile:"),
    ("4711\x1b[31m\x07\x9b2J\u202e", "4711[31m2J"),
]
"""Each as it is written, and as it is to be seen."""
REFERENCES = [*HOSTILE[:-1], ("4711\u202e!", "4711!")]
"""Those that a request may hold: it may hold no control character."""


@pytest.mark.parametrize(("reference", "shown"), REFERENCES)
def test_a_resellers_reference(run, reference, shown):
    booked = run("book", "-", stdin=json.dumps(GOOD | {"reseller_reference": reference})).stdout.strip()
    result = run("show", booked)
    assert f"  called     {shown}" in [line.rstrip() for line in result.stdout.splitlines()]
    assert run("list").exit_code == 0
    assert run("cancel", booked).exit_code == 0
    assert json.loads(run("show", booked, "--json").stdout)["reseller_reference"] == reference


@pytest.mark.parametrize(("name", "shown"), HOSTILE)
def test_an_argument(run, name, shown):
    run("book", "-", stdin=json.dumps(GOOD))
    for command in (["show", name], ["cancel", name], ["list", "--status", name], ["up", "--with", name]):
        result = run(*command)
        assert result.exit_code == 2
        assert f"`{shown}`" in result.stderr
    other = json.dumps(GOOD | {"note": "another one"})
    run("book", "-", "--idempotency-key", name, stdin=json.dumps(GOOD))
    assert f"`{shown}`" in run("book", "-", "--idempotency-key", name, stdin=other).stderr


@pytest.mark.parametrize(("name", "shown"), HOSTILE)
def test_a_venue(run, tmp_path, monkeypatch, name, shown):
    folder = tmp_path / "mine" / "osteria_luna" / "venues"
    folder.mkdir(parents=True)
    keys = {"name": name, "kind": "bar", "timezone": "Europe/Rome", "currency": "EUR", "origin": "http://127.0.0.1:1"}
    lines = [f"{key} = {json.dumps(value)}" for key, value in {**keys, "partner": "bologna_tables"}.items()]
    (folder / "bar_uno.toml").write_text("\n".join(lines))
    monkeypatch.setenv("READBACK_INTEGRATIONS", str(tmp_path / "mine"))
    result = run("venues")
    assert result.exit_code == 0
    assert f"{shown} · bar" in result.stdout


@pytest.mark.parametrize(("reference", "shown"), REFERENCES)
def test_while_somebody_waits(tmp_path, reference, shown):
    console = PlainConsole()
    console.file = said = io.StringIO()
    booking = asyncio.run(_accepted(f"sqlite:///{tmp_path / 'ledger.sqlite3'}", reference))
    progress = begun(booking)
    console.print(live_table([progress]))
    Lines(console).show(progress)
    assert booking.status is BookingStatus.QUEUED
    assert shown in said.getvalue()
    assert "waiting for a worker" in said.getvalue()


async def _accepted(url, reference):
    await upgrade(url)
    async with await Ledger.open(url) as ledger:
        wish = Request.model_validate(GOOD | {"reseller_reference": reference})
        return (await ledger.accept(wish, mint_code())).booking


def test_styles_of_our_own_are_kept(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    console = PlainConsole()
    console.file = said = io.StringIO()
    console.print("[red]\x1b[2J", style="bold")
    assert said.getvalue() == "\x1b[1m[red][2J\x1b[0m\n"
