"""A ``readback`` command as a process of its own: what it does to its memory or its browser stays there."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

READBACK = (sys.executable, "-m", "gateway.cli")
ENDS_S = 10.0
"""How long one that was told to end may take."""
LAST_WORDS = 5


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended.

    Attributes:
        code: Its exit code; None when it was ended because its time was up.
        out: What it printed.
        last_words: The last lines that it said on the way.
    """

    code: int | None
    out: str
    last_words: str


def run(words: Sequence[str], within_s: float, command: Sequence[str] = READBACK) -> Ended:
    """Run ``readback WORDS`` to its end; one that takes longer is ended, with everything that it started."""
    process = subprocess.Popen(
        [*command, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        out, said = process.communicate(timeout=within_s)
    except BaseException as error:
        _end_tree(process)
        if not isinstance(error, subprocess.TimeoutExpired):
            raise
        out, said = process.communicate()
        return Ended(None, out, _last(said))
    return Ended(process.returncode, out, _last(said))


def _last(said: str) -> str:
    return "\n".join(said.strip().splitlines()[-LAST_WORDS:])


def _end_tree(process: subprocess.Popen[str]) -> None:
    """SIGTERM to the command, so that it ends its own; then whatever is left of them is killed."""
    with contextlib.suppress(psutil.Error):
        tree = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(ENDS_S)
        process.kill()
        for left in tree:
            with contextlib.suppress(psutil.Error):
                left.kill()
        psutil.wait_procs(tree, ENDS_S)
