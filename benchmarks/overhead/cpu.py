"""The CPU of whole process trees, ended processes included."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import psutil

PARTS = (
    ("tasks.relay", "relay"),
    ("tasks.worker", "worker"),
    ("celery", "worker"),
    ("redis-server", "redis"),
    ("valkey-server", "redis"),
    ("driver/node", "driver"),
    ("chrom", "chromium"),
    ("headless", "chromium"),
)
"""A part of a candidate, by a word of its command line."""


def cpu_s(roots: Iterable[int]) -> dict[str, float]:
    """User and system seconds by part, of these processes, all that live below, and all that ended below.

    What ended counts for the part of the process that waited for it.
    """
    total: dict[str, float] = defaultdict(float)
    for process in _tree(roots):
        try:
            times = process.cpu_times()
            part = _part(process)
        except psutil.NoSuchProcess:
            continue
        total[part] += times.user + times.system + times.children_user + times.children_system
    return total


def burned_s(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """What came on top since, by part."""
    return {part: after.get(part, 0) - before.get(part, 0) for part in {**before, **after}}


def _tree(roots: Iterable[int]) -> Iterator[psutil.Process]:
    for pid in roots:
        root = psutil.Process(pid)
        yield root
        yield from root.children(recursive=True)


def _part(process: psutil.Process) -> str:
    try:
        command = " ".join(process.cmdline())
    except psutil.ZombieProcess:
        command = process.name()
    return next((part for word, part in PARTS if word in command), "client")
