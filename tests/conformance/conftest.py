"""Each integration is played once, whole; the tests then say what came of each cell."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from farm.registry import Integration
from ledger.migrate import upgrade
from tasks.runtime import farm_of
from tasks.settings import Settings
from tools.conformance.cases import Cases
from tools.conformance.suite import cells, run
from tools.results import Results

Played = Callable[[Integration], Results]


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """What the suite found for an integration; all its cells are played when the first of them is asked for."""
    known: dict[str, Results] = {}

    def of(integration: Integration) -> Results:
        if integration.slug not in known:
            known[integration.slug] = asyncio.run(_play(integration, tmp_path_factory.mktemp(integration.slug)))
        return known[integration.slug]

    return of


async def _play(integration: Integration, home: Path) -> Results:
    settings = Settings(home=home)
    await upgrade(settings.ledger_url)
    async with farm_of(settings) as farm:
        names = played_of(Cases.load(integration.folder), datetime.now(UTC).date())
        return await run(integration, farm, home, only=lambda cell: cell.name in names)


def played_of(cases: Cases, today: date) -> list[str]:
    """The cells that are played here: each fault once, unless all are asked for."""
    all_of_it, seen, names = os.environ.get("CONFORMANCE") == "full", set[str](), list[str]()
    for cell in cells(cases, today):
        if all_of_it or cell.fault is None or cell.fault not in seen:
            names.append(cell.name)
        if cell.fault is not None:
            seen.add(cell.fault)
    return names
