"""The one suite that every integration must pass, ours and those of ``READBACK_INTEGRATIONS``: a test per cell.

``CONFORMANCE=short`` plays each fault at one integration only, and all the rest at each; ``readback check`` and the
nightly job always play everything.
"""

from __future__ import annotations

import pytest

from farm.registry import Integration
from tests.conformance.conftest import CHOSEN, REGISTRY, Played
from tools.conformance.suite import THE_REST

CELLS = [
    pytest.param(REGISTRY.integrations[slug], name, id=f"{slug}: {name}")
    for slug, names in CHOSEN.items()
    for name in names
]

# the first cell of an integration waits until all of them were played
pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


@pytest.mark.parametrize(("integration", "name"), CELLS)
def test_cell(integration: Integration, name: str, played: Played) -> None:
    checks = {check.name: check for check in played(integration).checks}
    check = checks.get(name) or checks[THE_REST]
    assert check.ok, f"{check.what}\n{check.what_to_do}\npicture: {check.screenshot or 'none'}"
