"""One integration's check as a process of its own, and what became of it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import date
from typing import Any

from pydantic import ValidationError

from farm.registry import Integration
from farm.tier import Tier
from tasks.child import READBACK, Ended, run
from tools.results import Check, Report, Results
from tools.tier import judged


def checked(integration: Integration, today: date, within_s: float, command: Sequence[str] = READBACK) -> Results:
    """What ``readback check`` finds.

    A check that does not come to its end in time has failed. One that this machine cannot make (no browser, no
    memory, a twin that does not start) says nothing of the integration.
    """
    begun = time.monotonic()
    ended = run(["check", integration.slug, "--json"], within_s, command)
    seconds = round(time.monotonic() - begun, 1)
    blank = Results.blank(integration).model_copy(update={"seconds": seconds})
    if ended.code is None:
        too_slow = Check(
            kind="run",
            name="the check ends",
            ok=False,
            what=f"it did not come to its end within {within_s:.0f} s",
            what_to_do=f"run `readback check {integration.slug}` and see where it stands still",
            seconds=seconds,
        )
        return blank.model_copy(update={"checks": (too_slow,), "earned": Tier.NONE})
    try:
        (results,) = Report.model_validate_json(ended.out).results
    except (ValidationError, ValueError):
        return blank.model_copy(update={"not_checked": _why(ended)})
    stopped = [check.what for check in results.failed(today) if check.kind == "run"]  # a twin that does not start
    told = {"seconds": seconds, "not_checked": "; ".join(stopped) or None}
    return judged(results.model_copy(update=told), today)


def _why(ended: Ended) -> str:
    """The complaint of the command, else its last words."""
    try:
        told: Any = json.loads(ended.out)
    except ValueError:
        told = None
    if isinstance(told, dict) and isinstance(told.get("error"), str):
        faults = [f"{fault.get('where')}: {fault.get('what')}" for fault in told.get("faults") or ()]
        return "; ".join([told["error"], *faults])
    return f"its check ended with exit code {ended.code}: {ended.last_words or 'it said nothing'}"
