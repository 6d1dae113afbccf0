"""Ending with the process that started this one."""

from __future__ import annotations

import os
import signal
import threading


def end_with_parent() -> None:
    """End this process (as by SIGTERM) when whoever holds the other end of its standard input goes away."""

    def watch() -> None:
        # not through sys.stdin: a pool's child closes that one, and would wait for the lock that this thread holds
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True, name="parent-watch").start()
