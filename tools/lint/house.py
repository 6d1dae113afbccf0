"""All rules, and one integration held to them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tools.lint import acting, answering, declaring, locating, naming, reaching
from tools.lint.rule import Finding, Rule, Spot
from tools.lint.source import Source

RULES: tuple[Rule, ...] = (
    *acting.RULES,
    *locating.RULES,
    *answering.RULES,
    *naming.RULES,
    *reaching.RULES,
    *declaring.RULES,
)


def lint(folder: Path) -> list[Finding]:
    """Every place that breaks a rule, in the order of the rules; what the manifest exempts for now is left out.

    Raises:
        Unreadable: A file is no Python or no TOML.
    """
    source = Source.read(folder)
    exempt = _exempt(source)
    return [_finding(rule, spot, folder) for rule in RULES if rule.name not in exempt for spot in rule.look(source)]


def _exempt(source: Source) -> set[str]:
    today = datetime.now(UTC).date().isoformat()
    entries = source.manifest.entries("quality", "exempt")
    return {str(one.get("rule")) for one in entries if str(one.get("until", "")) >= today}


def _finding(rule: Rule, spot: Spot, folder: Path) -> Finding:
    near = spot.path.relative_to(folder) if spot.path.is_relative_to(folder) and spot.path != folder else spot.path
    return Finding(rule, str(near), spot.line, spot.text)
