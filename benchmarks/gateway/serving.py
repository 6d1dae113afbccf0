"""A server of the benchmark as a process of its own: the gateway on a ledger, or what it is held against."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from fixtures.kit.process import ROOT

STARTS_WITHIN_S = 60.0
ENDS_WITHIN_S = 20.0
LOOK_S = 0.02
BESIDE_PYTHON = Path(sys.executable).parent
GATEWAY = (str(BESIDE_PYTHON / "readback"), "gateway", "--port")
BARE = (sys.executable, "-m", "benchmarks.gateway.bare")
"""Their commands; the port comes last."""


class NotServed(Exception):
    """The server ended, or did not answer in time; the text is the end of its log."""


class Served:
    """One server on a port that stays its own, also when it was killed and started again.

    It is started when made, so that several start side by side; it answers once it is ``ready``.
    """

    def __init__(self, command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> None:
        folder.mkdir(parents=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._command = [*command, str(self.port)]
        self._log = folder / "log"
        self._environ = os.environ | {"READBACK_HOME": str(folder), **environ}
        self._process = self._start()

    def kill(self) -> bool:
        """Kill it at once; whether it was alive until then."""
        self._process.kill()
        return self._process.wait(ENDS_WITHIN_S) == -signal.SIGKILL

    def restart(self) -> None:
        """Start it again once it was killed."""
        self._process = self._start()
        self.ready()

    def ready(self) -> None:
        """Wait until it answers.

        Raises:
            NotServed: It does not.
        """
        give_up = time.monotonic() + STARTS_WITHIN_S
        while not _answers(self.port):
            if self._process.poll() is not None or time.monotonic() > give_up:
                raise NotServed(self._log.read_text(errors="replace")[-2000:])
            time.sleep(LOOK_S)

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(ENDS_WITHIN_S)

    def __enter__(self) -> Self:
        try:
            self.ready()
        except NotServed:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                self._command, cwd=ROOT, env=self._environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )


def _answers(port: int) -> bool:
    with socket.socket() as attempt:
        attempt.settimeout(1.0)
        return attempt.connect_ex(("127.0.0.1", port)) == 0
