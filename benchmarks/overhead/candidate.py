"""A candidate as the benchmark holds it: one process, orders in, answers out, and what its tree burns meanwhile."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from benchmarks.overhead.cpu import burned_s, cpu_s
from benchmarks.overhead.order import Order

LIMIT_S = 90
STOP_S = 60
SETTLE_S = 0.4
"""A browser goes on closing a context after the answer; that counts too, and must not disturb who comes next."""


class CandidateFailed(RuntimeError):
    """It ended, or said nothing in time; the text is what it complained about."""


@dataclass(frozen=True)
class Sample:
    """One booking: from the order handed in until its confirmation is known."""

    wall_s: float
    parts_cpu_s: Mapping[str, float] = field(repr=False)

    @property
    def cpu_s(self) -> float:
        """Of the whole tree."""
        return sum(self.parts_cpu_s.values())


class Candidate:
    """A running candidate.

    Args:
        name: Its module in this package.
        arguments: For that module.
        log: Where it complains.
        also: Processes that work for it without being its children: the Redis.
        environ: More environment.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        log: Path,
        also: Sequence[int] = (),
        environ: dict[str, str] | None = None,
    ) -> None:
        self.name = name
        self._log = log
        with log.open("wb") as complaints:
            self._process = subprocess.Popen(
                [sys.executable, "-m", f"{__package__}.{name}", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                env={**os.environ, **(environ or {})},
                start_new_session=True,  # Ctrl-C is for us; it ends warm, through the closed pipe
            )
        self._roots = [self._process.pid, *also]

    def await_ready(self) -> None:
        """Return when it takes orders.

        Raises:
            CandidateFailed: It does not come up.
        """
        self._heard()

    def book(self, order: Order) -> tuple[str, Sample]:
        """Hand in one order; the venue's code and what it cost.

        Raises:
            CandidateFailed: There is no answer.
        """
        before, began = self.cpu_s(), time.monotonic()
        _pipe(self._process.stdin).write(order.to_json().encode() + b"\n")
        _pipe(self._process.stdin).flush()
        code = str(self._heard()["answer"])
        wall_s = time.monotonic() - began
        time.sleep(SETTLE_S)
        return code, Sample(wall_s, burned_s(before, self.cpu_s()))

    def cpu_s(self) -> dict[str, float]:
        """What it has burned so far, by part."""
        return cpu_s(self._roots)

    def stop(self) -> None:
        """End it by the end of its input."""
        _pipe(self._process.stdin).close()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _pipe(self._process.stdout).close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.stop()

    def _heard(self) -> dict[str, object]:
        output = _pipe(self._process.stdout)
        readable, _, _ = select.select([output], [], [], LIMIT_S)
        line = output.readline() if readable else b""
        if not line:
            raise CandidateFailed(f"{self.name} gave no answer: {self._log.read_text(errors='replace')[-2000:]}")
        said: dict[str, object] = json.loads(line)
        return said


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream
