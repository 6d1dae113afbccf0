"""A Redis that tests may stop, empty and start again."""

from __future__ import annotations

from pathlib import Path

from tasks.machine.finding import Found
from tasks.machine.private_redis import PrivateRedis
from tasks.machine.redis import find_redis


def private_redis(folder: Path) -> PrivateRedis:
    """One below this folder; not started."""
    found = find_redis({"PATH": ""})
    assert isinstance(found, Found)
    return PrivateRedis(found.path, folder)
