"""A Redis of our own: on a socket file, without a port, ending with the process that started it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

SOCKET_PATH_LIMIT = 100  # the kernel's is 108 with the closing zero on Linux, 104 on macOS
START_DEADLINE_S = 10.0
STOP_DEADLINE_S = 5.0
POLL_S = 0.02

# The shell becomes the server. Its child waits for the end of a pipe whose other end only the parent holds,
# and so sees the parent go away, even by kill -9. It lives in the server's process group, so that the
# server's number cannot be given to anybody else while it waits.
DIES_WITH_PARENT = 'exec 3<&0; { read -r _; kill -TERM $$; } <&3 3<&- >/dev/null 2>&1 & exec "$@" 3<&- </dev/null'


class RedisNotStarted(RuntimeError):
    """The private Redis did not answer in time; the message names its log."""


class PrivateRedis:
    """A Redis server for one state folder, started when first needed and shared by all who use that folder.

    Whoever started it ends it, in ``stop`` or by going away; for everybody else ``stop`` does nothing. What
    it held is kept in an append-only file, and may be lost without harm: the ledger is the truth.
    """

    def __init__(self, program: Path, home: Path) -> None:
        """Names the folder; nothing is started and nothing is written yet.

        Args:
            program: A ``redis-server`` or ``valkey-server``.
            home: The state folder (``READBACK_HOME``); made if it is not there.
        """
        self.program = program
        self.folder = home.absolute() / "redis"
        self.socket = _socket_for(self.folder)
        self.log = self.folder / "redis.log"
        self.pidfile = self.folder / "redis.pid"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def broker_url(self) -> str:
        """The address for Celery: database 0."""
        return f"redis+socket://{self.socket}?virtual_host=0"

    @property
    def url(self) -> str:
        """The address for redis-py: database 1, so that a purge of the queues does not touch it."""
        return f"unix://{self.socket}?db=1"

    @property
    def started_here(self) -> bool:
        """Whether this object runs the server; False also where somebody else's was found and is used."""
        return self._process is not None

    def start(self, deadline_s: float = START_DEADLINE_S) -> Self:
        """Starts the server, or uses the one that already answers on the socket.

        Raises:
            RedisNotStarted: It ended at once, or did not answer before the deadline.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with _only_one(self.folder / "start.lock"):
            if not self.answers():
                self._process = self._spawn()
                self._await_answer(deadline_s)
        return self

    def stop(self) -> None:
        """Ends the server if this object started it; safe to call twice."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the watching child; it keeps the group's number ours
        if process.stdin is not None:
            process.stdin.close()

    def answers(self) -> bool:
        """Whether a server answers on the socket right now."""
        client = redis.Redis(unix_socket_path=str(self.socket), socket_timeout=1.0, retry=Retry(NoBackoff(), 0))
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def _spawn(self) -> subprocess.Popen[bytes]:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "pidfile": str(self.pidfile),
            "logfile": str(self.log),
            "daemonize": "no",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        arguments = [word for name, value in settings.items() for word in (f"--{name}", value)]
        return subprocess.Popen(
            ["/bin/sh", "-c", DIES_WITH_PARENT, "readback-redis", str(self.program), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath, "LC_ALL": "C"},  # a newer Redis refuses a locale that the machine lacks
            start_new_session=True,  # Ctrl-C is for us: the broker ends last
        )

    def _await_answer(self, deadline_s: float) -> None:
        process = self._process
        ends_at = time.monotonic() + deadline_s
        while process is not None and process.poll() is None and time.monotonic() < ends_at:
            if self.answers():
                return
            time.sleep(POLL_S)
        self.stop()
        raise RedisNotStarted(f"{self.program} did not answer on {self.socket} in {deadline_s:g} s; see {self.log}")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.stop()


def _socket_for(folder: Path) -> Path:
    """The socket in the folder, or in a short private one where that path is too long for a socket."""
    socket = folder / "redis.sock"
    if len(os.fsencode(socket)) <= SOCKET_PATH_LIMIT:
        return socket
    mark = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"readback-{os.getuid()}-{mark}"
    short.mkdir(mode=0o700, exist_ok=True)
    if short.stat().st_uid != os.getuid() or short.is_symlink():
        raise RedisNotStarted(f"{short} belongs to somebody else; set READBACK_HOME to a shorter path")
    return short / "redis.sock"


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    """Holds the lock file, so that two commands that start at once do not start two servers."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
