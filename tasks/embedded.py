"""A whole farm on one machine: private Redis, SQLite, one worker, one relay; all end with whoever started them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from ledger.migrate import upgrade
from tasks.machine.finding import Found, Missing
from tasks.machine.private_redis import PrivateRedis
from tasks.machine.redis import find_redis
from tasks.queues import DEFAULT_QUEUES
from tasks.settings import Settings

READY_S = 60.0
STOP_S = 40.0
POLL_S = 0.05


class NotStarted(RuntimeError):
    """A part of the embedded farm did not come up; the message names its log."""


class EmbeddedFarm:
    """Starts what is missing for the given settings, and ends it again.

    A broker or Redis that the settings name is used; otherwise a private Redis is started in the state folder.

    Args:
        settings: Where everything goes.
        pool: ``threads`` or ``prefork``.
        concurrency: Visits at once.
    """

    def __init__(self, settings: Settings, pool: str = "threads", concurrency: int = 2) -> None:
        self.settings = settings
        self._pool = pool
        self._concurrency = concurrency
        self._redis: PrivateRedis | None = None
        self._processes: list[subprocess.Popen[bytes]] = []
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def logs(self) -> Path:
        """Where worker and relay write."""
        return self.settings.home.absolute() / "logs"

    @property
    def pids(self) -> list[int]:
        """Worker and relay."""
        return [process.pid for process in self._processes]

    def is_whole(self) -> bool:
        """False once the worker or the relay has ended by itself."""
        return all(process.poll() is None for process in self._processes)

    def start(self) -> Self:
        """Bring everything up, and return when the worker takes bookings.

        Raises:
            NotStarted: A part is missing or did not come up.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        try:
            self._start_redis()
            asyncio.run(upgrade(self.settings.ledger_url))
            home = str(self.settings.home.absolute())
            self._guard = self._spawn("egress", "tasks.guarding", home, self.settings.egress_host, "--with-parent")
            ready = self.logs / "worker.ready"
            ready.unlink(missing_ok=True)
            words = (",".join(DEFAULT_QUEUES), self._pool, str(self._concurrency), str(ready))
            worker = self._spawn("worker", "tasks.worker", *words)
            self._processes.append(worker)
            self._processes.append(self._spawn("relay", "tasks.relay"))
            self._await(ready, worker)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End what was started here, warm; what does not end in time is killed."""
        _end(self._processes)
        self._processes.clear()
        if self._guard is not None:
            _end([self._guard])  # last: what is past its commit still wants its answer
            self._guard = None
        if self._redis is not None:
            self._redis.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.stop()

    def _start_redis(self) -> None:
        if self.settings.broker_url or self.settings.redis_url:
            return
        found = find_redis()
        if isinstance(found, Missing):
            raise NotStarted(f"{found.why}: {found.get}")
        if isinstance(found, Found):
            self._redis = PrivateRedis(found.path, self.settings.home).start()

    def _spawn(self, name: str, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.logs / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment(self.settings)},
                start_new_session=True,  # Ctrl-C is for us; they end warm, through the closed pipe
            )

    def _await(self, ready: Path, worker: subprocess.Popen[bytes]) -> None:
        ends_at = time.monotonic() + READY_S
        while not ready.exists():
            if worker.poll() is not None or time.monotonic() > ends_at:
                raise NotStarted(f"the worker did not come up; see {self.logs / 'worker.log'}:\n{self._last_words()}")
            time.sleep(POLL_S)

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            return "\n".join((self.logs / "worker.log").read_text(errors="replace").splitlines()[-8:])
        return ""


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.stdin is not None:
            process.stdin.close()
        process.terminate()
    for process in processes:
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def environment(settings: Settings) -> dict[str, str]:
    """The settings as the environment variables that another process reads them from; what is not set is empty.

    Left out it would be inherited from this process.
    """
    written = settings.model_copy(update={"home": settings.home.absolute()}).model_dump(mode="json")
    return {f"READBACK_{name.upper()}": "" if value is None else str(value) for name, value in written.items()}
