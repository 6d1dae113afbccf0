"""This process's environment, changed for a while: what is started meanwhile inherits it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from tasks.settings import Settings


@contextmanager
def changed(variables: Mapping[str, str | None]) -> Iterator[None]:
    """Set variables, or unset those that are None; at the end of the block all are as before."""
    before = {name: os.environ.get(name) for name in variables}
    _set(variables)
    try:
        yield
    finally:
        _set(before)


def embedded() -> AbstractContextManager[None]:
    """As if nothing were deployed: no database, broker, Redis, venues or patience of this deployment."""
    return changed({f"READBACK_{name.upper()}": None for name in Settings.model_fields})


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
