"""A worker that stands still (SIGSTOP) when the gate has let its commit out and the guard knows of it.

``python -m tests.e2e.sleeper QUEUES POOL CONCURRENCY READY ARMED HOW``: at the next commit after ARMED was made,

- ``before_the_browser`` stops the worker alone, right before it tells its browser to go on;
- ``in_the_browser`` first stops the browser, so that the word to go on lies in its pipe, and then the worker.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from pathlib import Path

from benchmarks.truth import processes
from profiles.egress.way_out import WayOut
from tasks.parent import end_with_parent
from tasks.worker import work

ON_ITS_WAY_S = 0.5
"""For the word to go on to get from the worker through the driver into the browser's pipe."""


def stop_at_the_gate(armed: Path, how: str) -> None:
    """Let the next commit after `armed` was made pass the gate, and then nothing more happen."""
    let_out = WayOut.fresh

    async def fresh(self: WayOut) -> None:
        await let_out(self)
        if not disarmed(armed):
            return
        if how == "in_the_browser":
            for browser in processes.browsers(processes.below()):
                for process in (browser, *browser.children(recursive=True)):
                    processes.send(process, signal.SIGSTOP)
            asyncio.get_running_loop().call_later(ON_ITS_WAY_S, os.kill, os.getpid(), signal.SIGSTOP)
        else:
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)  # to the process it would run on for a while

    WayOut.fresh = fresh  # type: ignore[method-assign]  # the place where a worker can stand still, not what it does


def disarmed(armed: Path) -> bool:
    """True for the one commit that it is armed for."""
    try:
        armed.unlink()
    except FileNotFoundError:
        return False
    return True


if __name__ == "__main__":
    queues, pool, count, ready, armed, how = sys.argv[1:]
    stop_at_the_gate(Path(armed), how)
    end_with_parent()
    work(queues.split(","), pool, int(count), Path(ready))
