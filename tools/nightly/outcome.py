"""What the ledger remembers of a night: who is demoted, who is back."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from farm.tier import Tier
from ledger.store import Ledger
from tools.results import Results
from tools.tier import lacks

Outcome = Literal["passed", "restored", "broke", "not_checked"]


def broke(results: Results) -> bool:
    """True when it has earned less than its manifest claims; what claims little may fail much."""
    return results.not_checked is None and results.earned is not None and not results.earned.holds(results.claimed)


def reason(results: Results, today: date) -> str:
    """Why it broke, in a sentence."""
    failed = results.failed(today)
    stopped = [check.what for check in failed if check.kind == "run"]
    told = stopped or lacks(results, results.claimed, today) or [check.what for check in failed]
    more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
    return f"{told[0]}{more}" if told else "its check failed"


async def remember(ledger: Ledger, results: Results, today: date, report: Path | None = None) -> Outcome:
    """Demote an integration that broke, and bring one back that passed. One that was not looked at stays as it is."""
    if results.not_checked is not None or results.earned is None:
        return "not_checked"
    if broke(results):
        where = str(report) if report is not None else None
        await ledger.demotions.demote(
            results.integration, results.earned or Tier.NONE, reason(results, today), results.venue, where
        )
        return "broke"
    return "restored" if await ledger.demotions.restore(results.integration) else "passed"
