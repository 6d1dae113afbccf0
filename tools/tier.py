"""Quality tiers: computed from what the checks found, and written into the manifest only as they were earned."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from farm.tier import Tier
from tools.results import KINDS, Check, Exempted, Results

RECOVERED = ("dropped_after", "reply_lost", "late_record")
"""Faults that lose the venue's answer: gold finds the booking all the same."""


def earned(results: Results, today: date) -> Tier:
    """The best tier that these results give; ``NONE`` while something that bronze needs was not even looked at."""
    best = Tier.NONE
    for tier in _NEEDS:
        if any(True for _ in _NEEDS[tier](results, today)):
            break
        best = tier
    return best


def lacks(results: Results, tier: Tier, today: date) -> list[str]:
    """What stands between these results and a tier, a sentence each; empty when it is earned."""
    return [lack for known in _NEEDS if known.rank <= tier.rank for lack in _NEEDS[known](results, today)]


def judged(results: Results, today: date) -> Results:
    """The results with the tier that they earn, and a failed check where the manifest claims more.

    While not every kind of check came to its end, nothing is known and nothing is claimed too much; but files that
    are wrong earn nothing, whatever else was not looked at for it. What was judged before stays as it is.
    """
    is_wrong = any(check.kind == "schema" for check in results.failed(today))
    if results.earned is not None or not (is_wrong or set(KINDS) <= set(results.ran)):
        return results
    tier = earned(results, today)
    told = results.model_copy(update={"earned": tier})
    if tier.holds(results.claimed):
        return told
    missing = lacks(results, results.claimed, today)
    too_much = Check(
        kind="tier",
        name="claim",
        ok=False,
        what=f"the manifest claims {results.claimed}, earned is {tier}: {missing[0]}"
        + (f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""),
        what_to_do=f"repair what failed, or write what was earned: readback check {results.integration} --write",
    )
    return told.model_copy(update={"checks": (*results.checks, too_much)})


def claim(manifest: Path, tier: Tier, day: date) -> None:
    """Write the tier and the day that earned it into a manifest; everything else stays as it is."""
    lines = manifest.read_text(encoding="utf-8").rstrip("\n").split("\n")
    earned_now = [f'tier = "{tier}"', f"verified_on = {day.isoformat()}"]
    start = next((n for n, line in enumerate(lines) if re.match(r"\[quality\]", line.strip())), None)
    if start is None:
        new = [*lines, "", "# Written by `readback check --write`: what was earned.", "[quality]", *earned_now]
    else:
        end = next((n for n in range(start + 1, len(lines)) if lines[n].lstrip().startswith("[")), len(lines))
        kept = [line for line in lines[start + 1 : end] if not re.match(r"\s*(tier|verified_on)\s*=", line)]
        new = [*lines[: start + 1], *earned_now, *kept, *lines[end:]]
    manifest.write_text("\n".join(new) + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One row of the table of everything that is left out anywhere."""

    integration: str
    exempted: Exempted
    counts: bool


def exemptions(every: Sequence[Results], today: date) -> list[LeftOut]:
    """All that is left out by all integrations; what ends first comes first."""
    rows = [LeftOut(results.integration, one, one.counts(today)) for results in every for one in results.exempted]
    return sorted(rows, key=lambda row: (row.exempted.until, row.integration, row.exempted.name))


def _bronze(results: Results, today: date) -> Iterator[str]:
    for kind in ("schema", "lint", "conformance"):
        if kind not in results.ran:
            yield f"{kind} was not looked at"
    for check in results.failed(today):
        if check.kind in {"schema", "lint", "run"} or check.about == "good_run":
            yield _told(check)
    if not any(check.about == "good_run" for check in results.checks):
        yield "no good run"


def _silver(results: Results, today: date) -> Iterator[str]:
    if "mutation" not in results.ran:
        yield "mutation was not looked at"
    yield from (f"mutant not noticed: {name}" for name in results.survived if not _out(results, name, today))
    played = {check.fault for check in results.checks if check.about == "fault"}
    for fault in results.faults:
        if results.is_exempt("fault", fault, today):
            continue
        if fault not in played:
            yield f"no case plays {fault}"
        elif fault not in results.faults_hit:
            yield f"{fault} was played and never struck"
    proven = any(check.about == "cancel" for check in results.checks)
    if results.cancels and not proven:
        yield "no cancellation was proven"
    yield from (_told(check) for check in results.failed(today) if _is_of_silver(check))


def _gold(results: Results, today: date) -> Iterator[str]:  # noqa: ARG001 - an exemption does not find a booking
    if results.finds_without_reference is None:
        yield "no complete channel finds a booking without the venue's reference"
    for fault in RECOVERED:
        runs = [check for check in results.checks if check.about == "fault" and check.fault == fault]
        if not runs:
            yield f"{fault} was not played"
        yield from (
            f"{check.name} ended {check.ended or 'nowhere'}, not confirmed"
            for check in runs
            if not check.ok or check.ended != "confirmed"
        )


def _is_of_silver(check: Check) -> bool:
    return check.kind == "mutation" or check.about in {"fault", "cancel", "manners"}


def _out(results: Results, mutation: str, today: date) -> bool:
    return results.is_exempt("mutation", mutation, today)


def _told(check: Check) -> str:
    return f"{check.name}: {check.what}" if check.what else f"{check.name} failed"


_NEEDS: Mapping[Tier, Callable[[Results, date], Iterator[str]]] = {
    Tier.BRONZE: _bronze,
    Tier.SILVER: _silver,
    Tier.GOLD: _gold,
}
