"""Finding the processes of a running farm by what they are, and sending signals only to those that live."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Sequence

import psutil

DEAD = frozenset({psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD})
GONE_WITHIN_S = 3.0


def below() -> list[psutil.Process]:
    """Everything that lives below this process."""
    return [process for process in psutil.Process().children(recursive=True) if lives(process)]


def lives(process: psutil.Process) -> bool:
    """False for a zombie too: nothing can be done to it any more."""
    try:
        return process.is_running() and process.status() not in DEAD
    except psutil.NoSuchProcess:
        return False


def tree(pid: int) -> list[psutil.Process]:
    """A process and all that live below it; empty when it is gone."""
    try:
        root = psutil.Process(pid)
        return [process for process in (root, *root.children(recursive=True)) if lives(process)]
    except psutil.NoSuchProcess:
        return []


def children_of_pools(processes: Sequence[psutil.Process], mains: Collection[int]) -> list[psutil.Process]:
    """The forked children of workers, those included whose main process is gone."""
    return [p for p in processes if p.pid not in mains and is_worker(p)]


def browsers(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """The first process of each Chromium."""
    return [p for p in processes if "--remote-debugging-pipe" in (said := _command(p)) and "--type=" not in said]


def renderers(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Those in which pages live."""
    return [p for p in processes if "--type=renderer" in _command(p)]


def drivers(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Through which Playwright speaks to browsers."""
    return [p for p in processes if "run-driver" in _command(p)]


def is_worker(process: psutil.Process) -> bool:
    """A worker's main process, or a child of it."""
    return "tasks.worker" in _command(process)


def name(process: psutil.Process) -> str:
    """What kind of process it is, for a person."""
    kinds = {"browser": browsers, "renderer": renderers, "driver": drivers}
    found = next((kind for kind, finder in kinds.items() if finder([process])), None)
    if found is not None:
        return found
    return "worker" if is_worker(process) else _command(process).partition(" ")[0].rpartition("/")[2] or "?"


def send(process: psutil.Process, number: int) -> bool:
    """Whether the signal went to a process that lived."""
    if not lives(process):
        return False
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return False
    return True


def gone(process: psutil.Process) -> bool:
    """Wait for a killed process to be gone, or to be a zombie."""
    with contextlib.suppress(psutil.TimeoutExpired):
        process.wait(GONE_WITHIN_S)
    return not lives(process)


def reap(but: Collection[int]) -> None:
    """Let the zombies go that became ours when their parent was killed."""
    for process in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess, ChildProcessError):
            if process.pid not in but and process.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(process.pid, os.WNOHANG)


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
