"""Each integration is played once, whole; the tests then say what came of each cell."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from farm.registry import Integration, Registry
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
        return await run(integration, farm, home, only=lambda cell: cell.name in CHOSEN[integration.slug])


def chosen(registry: Registry, today: date) -> dict[str, list[str]]:
    """The cells that are played, by integration: all, or with ``CONFORMANCE=short`` each fault once in the fleet."""
    all_cells = {
        slug: cells(Cases.load(integration.folder), integration.manifest, today)
        for slug, integration in sorted(registry.integrations.items())
    }
    if os.environ.get("CONFORMANCE") != "short":
        return {slug: [cell.name for cell in found] for slug, found in all_cells.items()}
    names = {slug: [cell.name for cell in found if cell.fault is None] for slug, found in all_cells.items()}
    for fault in sorted({cell.fault for found in all_cells.values() for cell in found if cell.fault}):
        able = [slug for slug, found in all_cells.items() if any(cell.fault == fault for cell in found)]
        least = min(able, key=lambda slug: len(names[slug]))
        names[least].append(next(cell.name for cell in all_cells[least] if cell.fault == fault))
    return names


REGISTRY = Registry.load(Settings().integration_folders)
CHOSEN = chosen(REGISTRY, datetime.now(UTC).date())
