"""The page for platforms, word for word: its blocks are typed as they stand, and the restaurants' own books agree."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fixtures.kit.process import ROOT
from fixtures.kit.truth import Truth, TwinRecord
from ledger.records import BookingRecord
from ledger.store import Ledger
from tests.test_docs import FENCE

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.timeout(300)]

PAGE = ROOT / "docs" / "for-platforms.md"
UP = "readback up --with osteria_luna"
PORT = 8642
MARK = "the next block of the page"
LIMIT_S = 150


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@pytest.fixture
def blocks(port):
    """What a part of the page lets one type: `sh` and `python`, in order, for an API on another port."""
    page = PAGE.read_text().replace(f":{PORT}", f":{port}").replace(UP, f"{UP} --port {port}")
    assert UP in page

    def of(section: str) -> list[tuple[str, str]]:
        part = page.partition(f"## {section}\n")[2].partition("\n## ")[0]
        return [(kind, block) for kind, block in FENCE.findall(part) if kind in {"sh", "python"}]

    return of


@pytest.fixture
def folder(tmp_path):
    """As after `make setup`: the commands and the examples are there; what is written stays in the test's folder."""
    for name in (".venv/bin", "examples"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(Path(sys.prefix) / "bin" if name == ".venv/bin" else ROOT / name)
    return tmp_path


@pytest.fixture
def environ(folder):
    own = {name: value for name, value in os.environ.items() if not name.startswith(("READBACK_", "VIRTUAL_ENV"))}
    return own | {"READBACK_HOME": str(folder / "home"), "COLUMNS": "100"}


@contextmanager
def first_terminal(block: str, port: int, folder: Path, environ: dict[str, str]) -> Iterator[None]:
    """What runs until Ctrl-C."""
    with (folder / "up.log").open("wb") as log:
        up = subprocess.Popen(
            ["bash", "-ec", block], cwd=folder, env=environ, stdout=log, stderr=log, start_new_session=True
        )
    try:
        give_up = time.monotonic() + LIMIT_S
        while not answers(port):
            assert up.poll() is None, (folder / "up.log").read_text()
            assert time.monotonic() < give_up, (folder / "up.log").read_text()
            time.sleep(0.1)
        yield
    finally:
        os.killpg(up.pid, signal.SIGINT)
        up.wait(LIMIT_S)


def answers(port: int) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0


def typed(parts: list[tuple[str, str]], folder: Path) -> str:
    """All blocks as one script; a Python block is a file that is run."""
    lines = []
    for number, (kind, block) in enumerate(parts):
        if kind == "python":
            (folder / f"block_{number}.py").write_text(block)
        lines += [f"echo '{MARK}'", block if kind == "sh" else f"python block_{number}.py"]
    return "\n".join(lines)


async def bookings(home: Path) -> list[BookingRecord]:
    """What the ledger has, oldest first."""
    async with await Ledger.open(f"sqlite:///{home / 'ledger.sqlite3'}") as ledger:
        return (await ledger.bookings())[::-1]


def record_of(home: Path, booking: BookingRecord) -> TwinRecord:
    """What the restaurant's own database has under its number."""
    (database,) = (home / "venues" / str(booking.venue)).glob("*.sqlite3")
    (record,) = [one for one in Truth(database).records() if one.code == booking.venue_reference]
    return record


def test_from_a_key_to_a_confirmed_booking(blocks, port, folder, environ):
    (kind, up), *rest = blocks("A farm and a key")
    assert (kind, "readback up" in up) == ("sh", True)
    parts = [*rest, *blocks("With curl"), *blocks("With the Python client"), *blocks("With a model (MCP)")]
    with first_terminal(up, port, folder, environ):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", typed(parts, folder)],
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        home = folder / "home"
        by_curl, by_client, by_model = asyncio.run(bookings(home))
    _, me, queued, stream, shown, cancelled, client, model = done.stdout.split(f"{MARK}\n")
    assert json.loads(me)["reseller"] == "acme"
    assert queued == ""
    assert 0 < stream.index("event: booking.claimed") < stream.index("event: booking.confirmed")
    assert shown.startswith(f"confirmed {by_curl.venue_reference} ")
    assert "event: booking.cancelled" in cancelled
    assert client.splitlines()[-1].split() == [by_client.id, by_client.venue, by_client.venue_reference]
    assert model.startswith(f"{by_model.id} True ")
    assert [each.status for each in (by_curl, by_client, by_model)] == ["cancelled", "confirmed", "confirmed"]
    assert [each.reseller for each in (by_curl, by_client, by_model)] == ["acme"] * 3
    assert (record_of(home, by_curl).status, record_of(home, by_curl).people) == ("cancelled", 2)
    assert (record_of(home, by_client).status, record_of(home, by_client).people) == ("confirmed", 2)
    assert (record_of(home, by_model).status, record_of(home, by_model).people) == ("confirmed", 4)
