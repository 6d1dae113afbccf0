"""The egress guard of this host: one process, started when none answers, that outlasts the workers that it serves."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path

from profiles.egress.control import AlreadyGuarded, Guard, socket_of
from tasks.parent import end_with_parent

START_S = 20.0
POLL_S = 0.02
DRAIN_S = 300.0
"""A task's hard limit: what is past its commit when the guard is told to end still gets its answer."""
LINGER_S = 10.0
"""One that a worker has started ends when no worker has been there for so long."""
_DETACHED = '"$@" </dev/null >>"$0" 2>&1 &'
"""The shell goes at once: what it has started is nobody's child, and no signal to a worker's tree reaches it."""


async def guard_until_told(home: Path, host: str, linger_s: float | None = None) -> None:
    """Guard the ways out of this state folder, until SIGTERM or SIGINT, and then until the visits that are out end.

    Args:
        home: The state folder.
        host: The name or address on which browsers find it.
        linger_s: End also when nobody has been connected for so long.

    Raises:
        AlreadyGuarded: Another guard runs there.
    """
    told, once_more = asyncio.Event(), asyncio.Event()

    def tell() -> None:
        (once_more if told.is_set() else told).set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, tell)
    async with Guard(home, host) as guard:
        await _first(told.wait(), *(() if linger_s is None else (guard.idle(linger_s),)))
        await _first(once_more.wait(), guard.drained(), asyncio.sleep(DRAIN_S))


async def _first(*ends: Coroutine[None, None, object]) -> None:
    """Return when the first of them does."""
    waiting = [asyncio.ensure_future(end) for end in ends]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for end in waiting:
        end.cancel()


def start_guard(home: Path, host: str) -> None:
    """Start a guard that is nobody's child, and return when it answers (or another one does), or after a while."""
    log = home.absolute() / "logs" / "egress.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-m", "tasks.guarding", str(home.absolute()), host, "--linger", str(LINGER_S)]
    subprocess.run(["/bin/sh", "-c", _DETACHED, str(log), *words], check=True, start_new_session=True)
    ends_at = time.monotonic() + START_S
    while not is_guarded(home) and time.monotonic() < ends_at:
        time.sleep(POLL_S)


def is_guarded(home: Path) -> bool:
    """True when a guard answers there."""
    with socket.socket(socket.AF_UNIX) as asked:
        asked.settimeout(POLL_S * 50)
        try:
            asked.connect(str(socket_of(home)))
            return bool(asked.recv(1))
        except OSError:
            return False


def main() -> None:
    """One guard, of the embedded farm or of a worker that found none."""
    parser = argparse.ArgumentParser(description="The egress guard of one state folder.")
    parser.add_argument("home", type=Path)
    parser.add_argument("host", help="name or address on which browsers find it")
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--linger", type=float, metavar="S", help="end when nobody has been connected for so long")
    how.add_argument("--with-parent", action="store_true", help="end when standard input does")
    given = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    if given.with_parent:
        end_with_parent()
    with suppress(AlreadyGuarded):
        asyncio.run(guard_until_told(given.home, given.host, given.linger))


if __name__ == "__main__":
    main()
