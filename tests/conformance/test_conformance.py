"""The one suite that every integration must pass, ours and those of ``READBACK_INTEGRATIONS``: a test per cell.

Each fault is played once; ``CONFORMANCE=full`` plays it at every step of ``cases.toml``, as ``readback check`` and
the nightly job always do.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from farm.registry import Integration, Registry
from tasks.settings import Settings
from tests.conformance.conftest import Played, played_of
from tools.conformance.cases import Cases

REGISTRY = Registry.load(Settings().integration_folders)
TODAY = datetime.now(UTC).date()
CELLS = [
    pytest.param(integration, name, id=f"{slug}: {name}")
    for slug, integration in sorted(REGISTRY.integrations.items())
    for name in played_of(Cases.load(integration.folder), TODAY)
]

# the first cell of an integration waits until all of them were played
pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


@pytest.mark.parametrize(("integration", "name"), CELLS)
def test_cell(integration: Integration, name: str, played: Played) -> None:
    (check,) = [check for check in played(integration).checks if check.name == name]
    assert check.ok, f"{check.what}\n{check.what_to_do}\npicture: {check.screenshot or 'none'}"
