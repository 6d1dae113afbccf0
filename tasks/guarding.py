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
from contextlib import suppress
from pathlib import Path

from profiles.egress.control import AlreadyGuarded, Guard, socket_of
from tasks.parent import end_with_parent

START_S = 20.0
POLL_S = 0.02
LINGER_S = 10.0
"""One that a worker has started ends when no worker has been there for so long."""
_DETACHED = '"$@" </dev/null >>"$0" 2>&1 &'
"""The shell goes at once: what it has started is nobody's child, and no signal to a worker's tree reaches it."""


async def guard_until_told(home: Path, linger_s: float | None = None) -> None:
    """Guard the ways out of this state folder, until SIGTERM or SIGINT.

    Args:
        home: The state folder.
        linger_s: End also when nobody has been connected for so long.

    Raises:
        AlreadyGuarded: Another guard runs there.
    """
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    async with Guard(home) as guard:
        if linger_s is None:
            await told.wait()
            return
        ends = {asyncio.create_task(end) for end in (told.wait(), guard.idle(linger_s))}
        _, waiting = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in waiting:
            end.cancel()


def start_guard(home: Path) -> None:
    """Start a guard that is nobody's child, and return when it answers (or another one does), or after a while."""
    log = home.absolute() / "logs" / "egress.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-m", "tasks.guarding", str(home.absolute()), "--linger", str(LINGER_S)]
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
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--linger", type=float, metavar="S", help="end when nobody has been connected for so long")
    how.add_argument("--with-parent", action="store_true", help="end when standard input does")
    given = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    if given.with_parent:
        end_with_parent()
    with suppress(AlreadyGuarded):
        asyncio.run(guard_until_told(given.home, given.linger))


if __name__ == "__main__":
    main()
