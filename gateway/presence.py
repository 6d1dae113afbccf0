"""Whether a farm serves a state folder: whoever runs one there holds a lock, which the system gives back."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from gateway.complaint import Complaint, ExitCode
from tasks.embedded import EmbeddedFarm, NotStarted
from tasks.machine.private_redis import RedisNotStarted
from tasks.settings import Settings


class Taken(Exception):
    """Somebody else runs a farm on this state folder; the text says who."""


class Tenancy:
    """The right to run the embedded farm of a state folder; held until ``leave`` or the end of the process."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    @classmethod
    def take(cls, home: Path, who: str) -> Self:
        """Take it.

        Raises:
            Taken: Somebody else has it.
        """
        home.mkdir(parents=True, exist_ok=True)
        file = (home / "farm.lock").open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another command"
            file.close()
            raise Taken(holder) from None
        file.truncate(0)
        file.write(f"{who} (pid {os.getpid()})")
        file.flush()
        return cls(file)

    def leave(self) -> None:
        """Give it back."""
        self._file.close()


def is_served(settings: Settings) -> bool:
    """True when a farm works on this ledger. Where a broker is named, that is assumed: its workers are elsewhere."""
    if settings.broker_url or settings.redis_url:
        return True
    lock = settings.home / "farm.lock"
    if not lock.exists():
        return False
    with lock.open("r", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


class Service:
    """Sees to it that a farm works on a ledger while somebody waits: the one that runs, else one of its own.

    Args:
        settings: Of the deployment.
        who: The command that waits, for a second one that asks.
        say: Told when a farm is started.
    """

    def __init__(self, settings: Settings, who: str, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._who = who
        self._say = say
        self._own = ExitStack()
        self._farm: EmbeddedFarm | None = None

    def ensure(self) -> None:
        """Start a farm where none works.

        Raises:
            Complaint: It does not start.
        """
        if self.is_there():
            return
        self._leave()
        try:
            tenancy = Tenancy.take(self._settings.home, self._who)
        except Taken:
            return
        self._own.callback(tenancy.leave)
        self._say("No farm serves this folder: one is started, for as long as this command waits.")
        try:
            self._farm = self._own.enter_context(EmbeddedFarm(self._settings))
        except (NotStarted, RedisNotStarted, OSError) as error:
            raise Complaint(
                f"the farm does not start: {error}",
                then="it stays queued; `readback doctor` says what is missing, `readback up` goes on with it",
                code=ExitCode.IN_DOUBT,
            ) from error

    def is_there(self) -> bool:
        """True when a farm works on the ledger, here or elsewhere."""
        if self._farm is not None:
            return self._farm.is_whole()
        return is_served(self._settings)

    def _leave(self) -> None:
        """End the farm of our own, or what is left of it, and let the next one have the folder."""
        self._farm = None
        self._own.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()
