"""Schemathesis sends the running gateway what its own document allows and forbids, and holds every answer to it.

All its checks are made but one: `positive_data_acceptance` wants every request that fits its schema to be accepted,
and whether a table can be booked also depends on venues, days and what else is in the request. Streams are left out:
they have no end to wait for (``test_streams`` holds them).
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.api.app import make_app
from ledger.store import Ledger
from tasks.settings import Settings
from tests.clients.stand_in import Serving
from tests.databases import migrated_file
from tests.gateway.api.conftest import new_key
from tests.gateway.api.walking import things

__all__ = ["migrated_file"]

ENOUGH = 10**9


@pytest.fixture
def gateway(tmp_path, migrated_file):
    """Where it is, and a key that may do everything; somebody has booked there."""
    shutil.copy(migrated_file, tmp_path / "ledger.sqlite3")
    settings = Settings(home=tmp_path, requests_per_min=ENOUGH, creates_per_min=ENOUGH, strangers_per_min=ENOUGH)

    async def prepared():
        async with await Ledger.open(settings.ledger_url) as ledger:
            await things(ledger, "local")
            return await new_key(ledger, "local")

    key = asyncio.run(prepared())
    serving = Serving.start(make_app(settings))
    yield serving.url, key
    serving.stop()


def test_the_document_is_what_the_gateway_does(gateway, tmp_path):
    url, key = gateway
    program = Path(sys.executable).parent / "schemathesis"
    done = subprocess.run(
        [
            program,
            "run",
            f"{url}/openapi.json",
            "--header=Authorization: Bearer " + key,
            "--exclude-checks=positive_data_acceptance",
            "--exclude-path-regex=/stream$",
            "--max-examples=5",
            "--workers=2",
            "--generation-deterministic",
            "--continue-on-failure",
            "--warnings=off",
            "--no-color",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
    (tested,) = re.findall(r"Tested: (\d+)", done.stdout)
    assert int(tested) >= 28
