"""Which tests share a process when several run at once: those of a file, for they share what they start."""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadScopeScheduling

SUITE = "tests/conformance/test_conformance.py"


class ByFile(LoadScopeScheduling):  # type: ignore[misc] # it carries no types
    """A file is one piece of work; of the conformance suite, the cells of one integration are."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        return f"{file} {test.partition('[')[2].partition(':')[0]}" if file == SUITE else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    """Asked by pytest-xdist, whatever ``--dist`` says."""
    return ByFile(config, log)
