"""Checks of what is written: the files can be read, they fit each other, and the script keeps the rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from farm.errors import ContractBroken
from farm.registry import Integration, Registry
from farm.schema import Fault, SchemaFaults, nearest
from profiles.partner import Partners
from tools.conformance.cases import Cases
from tools.lint.house import RULES, lint
from tools.lint.rule import Finding, Rule
from tools.lint.source import Unreadable
from tools.results import Check, Results

READ = "files can be read"
FITS = "script keeps its promises"
CASES = "cases"
PARTNERS = "every venue has a partner"
TO_DOS = "to_dos"
"""The rule by whose findings an integration is not written yet: nothing is played."""
_KEYS = "docs/writing-an-integration.md has every file, key by key"
_MOST = 20
"""Findings that are told one by one."""


def schema_checks(integration: Integration, registry: Registry, partners: Partners) -> Iterator[Check]:
    """Of an integration whose manifest and venues can be read."""
    mine = [venue for venue in registry.venues.values() if venue.integration == integration.slug]
    yield _schema(READ, "" if mine else "it has no venue", "add venues/<venue>.toml")
    yield _schema(FITS, *_script(registry, integration))
    yield _schema(CASES, *_cases(integration, [venue.slug for venue in mine]))
    without = sorted({venue.partner for venue in mine if venue.partner not in partners.by_slug})
    yield _schema(PARTNERS, f"no profile of {', '.join(without)}" if without else "", "add partners/<partner>.toml")


def unreadable(faults: Sequence[Fault]) -> list[Results]:
    """What cannot even be read, for each integration that has such a file; the name is empty for other files."""
    by_name: dict[str, list[Fault]] = {}
    for fault in faults:
        by_name.setdefault(_integration_of(fault), []).append(fault)
    return [
        Results(
            integration=name,
            checks=tuple(_schema(READ, str(fault), _KEYS) for fault in found),
        )
        for name, found in sorted(by_name.items())
    ]


def lint_checks(folder: Path) -> Iterator[Check]:
    """One check for each rule."""
    try:
        found = lint(folder)
    except Unreadable as error:
        yield Check(kind="lint", name="can be read", ok=False, what=str(error), what_to_do="correct the file")
        return
    for rule in RULES:
        yield _of_rule(rule, [finding for finding in found if finding.rule is rule])


def _of_rule(rule: Rule, found: Sequence[Finding]) -> Check:
    told = [f"{one.file}:{one.line}: {one.text}" for one in found[:_MOST]]
    told += [f"and {len(found) - _MOST} more"] if len(found) > _MOST else []
    return Check(
        kind="lint",
        name=rule.name,
        ok=not found,
        what="\n".join(told),
        what_to_do=rule.what_to_do if found else "",
    )


def _schema(name: str, wrong: str, what_to_do: str) -> Check:
    return Check(kind="schema", name=name, ok=not wrong, what=wrong, what_to_do=what_to_do if wrong else "")


def _script(registry: Registry, integration: Integration) -> tuple[str, str]:
    venues = [venue for venue in registry.venues.values() if venue.integration == integration.slug]
    try:
        for venue in venues[:1]:
            registry.script(venue)
    except ContractBroken as error:
        return str(error), "the manifest says what the script must have: see the table of steps in the guide"
    return "", ""


def _cases(integration: Integration, venues: Sequence[str]) -> tuple[str, str]:
    try:
        cases = Cases.load(integration.folder)
    except SchemaFaults as error:
        return "; ".join(str(fault) for fault in error.faults), "docs/checking-an-integration.md has every key"
    if cases.venue not in venues:
        return f"cases.toml plays `{cases.venue}`, which it does not have", nearest(cases.venue, venues)
    return "", ""


def _integration_of(fault: Fault) -> str:
    """The folder of the file that a fault names; venues lie one deeper."""
    parts = Path(fault.where.partition(":")[0]).parts
    at: Mapping[str, int] = {"manifest.toml": -2, "cases.toml": -2}
    place = at.get(parts[-1], -3) if parts else 0
    return parts[place] if place and len(parts) >= -place and "partners" not in parts[-2:-1] else ""
