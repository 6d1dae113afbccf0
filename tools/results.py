"""What the checks of integrations found: frozen facts that pass between check, tier, nightly report and console."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal, Self

from pydantic import AwareDatetime

from farm.facts import Fact
from farm.registry import Integration
from farm.tier import Tier

Kind = Literal["schema", "lint", "conformance", "mutation", "run", "tier"]
"""What looked. ``run``: the check itself did not come to its end. ``tier``: the manifest claims too much."""
KINDS: tuple[Kind, ...] = ("schema", "lint", "conformance", "mutation")
"""Everything that must have looked before a tier can be computed."""
About = Literal["good_run", "fault", "cancel", "manners"]
"""What a conformance check proves. ``manners``: what every script must be able to do besides (hold from the offer
alone, a second ``enter_guest``, a foreign time zone ...)."""

ExemptKind = Literal["rule", "fault", "manner", "mutation"]


class Check(Fact):
    """One thing that was looked at.

    Attributes:
        name: As the table shows it: ``dropped_after at commit``, ``no_sleep``, ``date_shifted on look_up``.
        what: One sentence: what was seen instead of what should be; may be empty where it is ok.
        what_to_do: The next step of whoever owns the integration.
        about: What a conformance check proves; None for other kinds.
        fault: The fault that was played, by its name.
        ended: The booking's status at the end of a run, e.g. ``confirmed``.
        screenshot: The page that it broke at.
    """

    kind: Kind
    name: str
    ok: bool
    what: str = ""
    what_to_do: str = ""
    about: About | None = None
    fault: str | None = None
    ended: str | None = None
    screenshot: Path | None = None
    seconds: float = 0.0


class Exempted(Fact):
    """What is left out, with a reason and an end: by ``[quality] exempt`` or ``[[leave_out]]``.

    Attributes:
        kind: What of: a rule of the manifest's ``exempt``; a fault, a manner or a mutation of ``cases.toml``.
        name: As that file names it.
        until: The last day on which it counts.
    """

    kind: ExemptKind
    name: str
    reason: str
    until: date

    def counts(self, today: date) -> bool:
        """True up to its last day."""
        return today <= self.until


class Results(Fact):
    """Everything that the checks of one integration found.

    Attributes:
        venue: The venue that was played.
        owners: Who is told when it breaks.
        claimed: The tier that its manifest says.
        earned: The tier that was computed (``tools.tier.judged``); None while not everything was looked at.
        ran: The kinds of checks that came to their end.
        cells: Runs of the script that were made.
        faults: The faults that its twin knows.
        faults_hit: Those that struck while they were played.
        killed: Mutants that the script noticed.
        survived: Mutants that it did not notice, by name.
        cancels: Its manifest says how to cancel.
        finds_without_reference: A channel that needs no venue reference and whose empty answer denies; None: no such.
        not_checked: Why this machine could not look; nothing is known of the integration then.
    """

    integration: str
    venue: str = ""
    owners: tuple[str, ...] = ()
    claimed: Tier = Tier.NONE
    earned: Tier | None = None
    ran: tuple[Kind, ...] = ()
    checks: tuple[Check, ...] = ()
    exempted: tuple[Exempted, ...] = ()
    cells: int = 0
    faults: tuple[str, ...] = ()
    faults_hit: tuple[str, ...] = ()
    killed: int = 0
    survived: tuple[str, ...] = ()
    cancels: bool = False
    finds_without_reference: str | None = None
    not_checked: str | None = None
    seconds: float = 0.0

    @classmethod
    def blank(cls, integration: Integration, venue: str = "") -> Self:
        """Nothing is looked at yet: who it is, and what its manifest says."""
        manifest = integration.manifest
        proving = [one.name for one in manifest.read_back if one.needs is None and one.proves == "complete"]
        return cls(
            integration=integration.slug,
            venue=venue,
            owners=manifest.owners,
            claimed=manifest.quality.tier,
            exempted=tuple(
                Exempted(kind="rule", name=one.rule, reason=one.reason, until=one.until)
                for one in manifest.quality.exempt
            ),
            cancels=manifest.cancel is not None,
            finds_without_reference=proving[0] if proving else None,
        )

    def failed(self, today: date) -> tuple[Check, ...]:
        """What is not as it should be; without what is left out today."""
        return tuple(check for check in self.checks if not check.ok and not self._is_excused(check, today))

    def is_exempt(self, kind: ExemptKind, name: str, today: date) -> bool:
        """True when it is left out today."""
        return any(one.kind == kind and one.name == name and one.counts(today) for one in self.exempted)

    def _is_excused(self, check: Check, today: date) -> bool:
        left_out: list[tuple[ExemptKind, str | None]] = [
            ("rule", check.name),
            ("fault", check.fault),
            ("manner", check.name),
            ("mutation", check.name),
        ]
        return any(name is not None and self.is_exempt(kind, name, today) for kind, name in left_out)


class Report(Fact):
    """The checks of several integrations: what ``readback check --json`` and ``readback nightly --json`` print."""

    at: AwareDatetime
    results: tuple[Results, ...]

    @property
    def ok(self) -> bool:
        """True when everything was looked at and is as it should be."""
        return not any(one.not_checked or one.failed(self.at.date()) for one in self.results)
