"""Settings on their way into another process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.embedded import environment
from tasks.settings import Settings


def test_what_is_not_set_here_is_not_set_in_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where the environment that the child inherits has it."""
    monkeypatch.setenv("READBACK_BROKER_URL", "redis://127.0.0.1:9/0")
    here = Settings(home=Path("here"), broker_url=None, lease_s=7)
    for name, value in environment(here).items():
        monkeypatch.setenv(name, value)
    assert Settings() == here.model_copy(update={"home": Path("here").absolute()})


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(f"READBACK_{name.upper()}", "")
    assert Settings().lease_s == 20
    assert Settings().home == Path(".readback")
