"""One integration's nightly check, asked for by the clock: a command of its own, which writes the ledger itself."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from tasks.child import READBACK, run
from tasks.settings import Settings

log = logging.getLogger(__name__)

PASSED, BROKE = 0, 5
GRACE_S = 120.0
"""The command ends its check in time; it itself needs a little longer, to write what came of it."""


def check_tonight(settings: Settings, integration: str, command: Sequence[str] = READBACK) -> None:
    """Check it, demote or restore it, and write its part of tonight's report."""
    folder = settings.home.absolute() / "nightly" / f"{datetime.now(UTC):%Y-%m-%d}"
    ended = run(["nightly", integration, "--report", str(folder)], settings.check_s + GRACE_S, command)
    if ended.code == BROKE:
        log.warning("%s broke in its nightly check; see %s", integration, folder)
    elif ended.code != PASSED:
        how = "did not end" if ended.code is None else f"ended with exit code {ended.code}"
        log.error("%s was not checked: the check %s; %s", integration, how, ended.last_words)
