"""A farm of several processes on one machine: each is started again when it ends, whoever ended it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.postgresql import PostgreSQL
from benchmarks.truth import processes
from fixtures.kit.process import ROOT
from ledger.migrate import upgrade
from tasks.embedded import NotStarted, environment
from tasks.machine.finding import Found
from tasks.machine.private_redis import PrivateRedis
from tasks.machine.redis import find_redis
from tasks.settings import Settings

READY_S = 90.0
STOP_S = 40.0
LAST_S = 10.0
LOOK_S = 0.1
REAP_S = 2.0
WORKERS = {"prefork": ("book", "2"), "threads": ("book,verify", "2")}
"""Queues and concurrency by pool. Both take bookings, so that one goes on while the other stands still."""
RELAYS = 2


@dataclass
class Part:
    """One process of the farm.

    Attributes:
        ready: Touched by the process once it works; None where it does not say.
        starts: How often it was started.
    """

    name: str
    arguments: tuple[str, ...]
    ready: Path | None = None
    starts: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def runs(self) -> bool:
        """Whether it is there, working or standing still."""
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        """Of the process that was started last; 0 before the first one."""
        return self.process.pid if self.process is not None else 0


class Deployment:
    """Workers of both pools, relays, Redis, and the PostgreSQL of the ledger where there is one.

    Args:
        settings: Of every process.
        secrets: Further environment variables of every process.
        postgresql: The server that the settings name.
    """

    def __init__(self, settings: Settings, secrets: Mapping[str, str], postgresql: PostgreSQL | None) -> None:
        self.settings = settings
        self.logs = settings.home.absolute() / "logs"
        self.postgresql = postgresql
        self._environ = {**os.environ, **environment(settings), **secrets}
        found = find_redis()
        if not isinstance(found, Found):
            raise NotStarted("no Redis to start: `readback doctor` says what is missing")
        self.redis = PrivateRedis(found.path, settings.home)
        self.workers = [
            Part(pool, ("tasks.worker", queues, pool, count, str(self._ready(pool))), self._ready(pool))
            for pool, (queues, count) in WORKERS.items()
        ]
        home = str(settings.home.absolute())
        self.egress = Part("egress", ("tasks.guarding", home, settings.egress_host, "--with-parent"))
        self.relays = [Part(f"relay-{number}", ("tasks.relay",)) for number in range(1, RELAYS + 1)]

    @property
    def parts(self) -> list[Part]:
        """All that is started again when it ends."""
        return [self.egress, *self.workers, *self.relays]

    @property
    def restarts(self) -> int:
        """How often a part was started again."""
        return sum(part.starts - 1 for part in self.parts)

    async def start(self) -> None:
        """Bring everything up.

        Raises:
            NotStarted: A worker did not come up; with the end of its log.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(self.redis.start)
        await upgrade(self.settings.ledger_url)
        for part in self.parts:
            self._spawn(part)
        ends_at = time.monotonic() + READY_S
        for part in self.workers:
            while part.ready is not None and not part.ready.exists():
                if not part.runs or time.monotonic() > ends_at:
                    raise NotStarted(f"{part.name} did not come up:\n{self._last_words(part)}")
                await asyncio.sleep(LOOK_S)

    async def keep_up(self) -> None:
        """Start again what has ended, as any supervisor does, until this is cancelled."""
        reaped_at = time.monotonic()
        while True:
            for part in self.parts:
                if not part.runs:
                    self._spawn(part)
            if time.monotonic() - reaped_at > REAP_S:
                reaped_at = time.monotonic()
                processes.reap({part.pid for part in self.parts})
            await asyncio.sleep(LOOK_S)

    def stop(self) -> list[str]:
        """End the farm, warm; give what of it did not end by itself, which is killed. Safe to call twice."""
        ours = [each for part in self.parts if part.runs for each in processes.tree(part.pid)]
        left = [*_ended([*self.workers, *self.relays]), *_ended([self.egress])]
        self.redis.stop()
        ours += [process for process in processes.below() if _is_of_the_farm(process)]
        _, alive = psutil.wait_procs(set(ours), timeout=LAST_S)
        for process in filter(processes.lives, alive):
            left.append(processes.name(process))
            processes.send(process, 9)
        return left

    def wipe_redis(self) -> None:
        """Forget all that a stopped Redis held."""
        for path in self.redis.folder.glob("appendonly*"):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def _ready(self, pool: str) -> Path:
        return self.logs / f"{pool}.ready"

    def _spawn(self, part: Part) -> None:
        if part.process is not None:
            _close(part.process)
        part.starts += 1
        with (self.logs / f"{part.name}.log").open("ab") as log:
            part.process = subprocess.Popen(
                [sys.executable, "-m", *part.arguments],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environ,
                start_new_session=True,  # Ctrl-C is for us; they end warm, through the closed pipe
            )

    def _last_words(self, part: Part) -> str:
        with contextlib.suppress(OSError):
            return "\n".join((self.logs / f"{part.name}.log").read_text(errors="replace").splitlines()[-8:])
        return ""


def _is_of_the_farm(process: psutil.Process) -> bool:
    return processes.name(process) in {"worker", "browser", "renderer", "driver"}


def _ended(parts: list[Part]) -> list[str]:
    """End them, warm; those that did not end by themselves, and were killed."""
    for part in parts:
        if part.process is not None:
            _close(part.process)
            part.process.terminate()
    left = []
    for part in parts:
        if part.process is not None and not _ends(part.process, STOP_S):
            left.append(part.name)
            part.process.kill()
            part.process.wait()
    return left


def _close(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()


def _ends(process: subprocess.Popen[bytes], within_s: float) -> bool:
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        return False
    return True
