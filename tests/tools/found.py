"""Results made by hand: of an integration that passed everything, to be broken in one place."""

from __future__ import annotations

from datetime import date
from typing import Any

from farm.tier import Tier
from tools.results import KINDS, Check, Exempted, Results

TODAY = date(2026, 11, 25)
FAULTS = ("full", "dropped_after", "reply_lost", "late_record")


def ran(name: str, about: Any = None, **more: Any) -> Check:
    """A conformance check that is as it should be."""
    return Check(**({"kind": "conformance", "name": name, "ok": True, "about": about, "seconds": 1.5} | more))


def played(fault: str, ended: str = "confirmed", **more: Any) -> Check:
    """A case that came out as its data says."""
    return ran(f"{fault} at commit", "fault", fault=fault, ended=ended, **more)


GOOD: tuple[Check, ...] = (
    Check(kind="schema", name="manifest.toml", ok=True),
    Check(kind="lint", name="no_sleep", ok=True),
    ran("a good run", "good_run"),
    ran("a cancellation is proven", "cancel"),
    ran("hold from the offer alone", "manners"),
    played("full", "unavailable"),
    *(played(fault) for fault in FAULTS[1:]),
    Check(kind="mutation", name="date_shifted on guest_lookup", ok=True),
)


def found(integration: str = "luna", without: str | None = None, **changes: Any) -> Results:
    """An integration that has earned gold; ``without`` the check of this name."""
    values: dict[str, Any] = {
        "integration": integration,
        "venue": f"{integration}_house",
        "owners": ("ada", "bo"),
        "claimed": Tier.SILVER,
        "ran": KINDS,
        "checks": tuple(check for check in GOOD if check.name != without),
        "cells": 14,
        "faults": FAULTS,
        "faults_hit": FAULTS,
        "killed": 12,
        "cancels": True,
        "finds_without_reference": "guest_lookup",
        "seconds": 83.2,
    }
    return Results(**(values | changes))


def breaking(name: str, what: str = "confirmed, but unavailable was to come", **more: Any) -> tuple[Check, ...]:
    """All checks, with this one failed."""
    assert any(check.name == name for check in GOOD), name
    told = {"ok": False, "what": what, "what_to_do": "look at the picture"} | more
    return tuple(check.model_copy(update=told) if check.name == name else check for check in GOOD)


def left_out(kind: Any, name: str, until: date) -> Exempted:
    """Something that need not be so, up to a day."""
    return Exempted(kind=kind, name=name, reason="this house has none of it", until=until)
