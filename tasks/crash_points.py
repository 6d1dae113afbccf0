"""Named places between two durable writes, where a test lets a process die or stand still. Off unless a test says so.

``READBACK_CRASH_AT=after_guard`` kills this process there with SIGKILL, once: the file ``READBACK_CRASH_MARK``, which
is made before, says that it happened, and whoever comes later passes. With ``READBACK_CRASH_HOLD=1`` the process does
not die but stands still there until the test removes the mark, so that something else can be killed meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from pathlib import Path

POINTS = (
    "after_lease",
    "after_start",
    "after_hold",
    "before_guard",
    "after_guard",
    "after_submit",
    "after_click_written",
    "after_look",
    "after_verdict_written",
    "before_cancel",
    "after_cancel",
    "relay_after_pick",
    "relay_after_send",
)
"""In the order of a booking's life; the relay's two stand for themselves."""
AFTER_DELIVERY = "after_delivery"
"""A webhook was sent and that is not written down; in no booking's life."""
_HELD_FOR_S = 60.0
_EVERY_S = 0.02


async def crash_point(name: str) -> None:
    """Die here, or stand still here, if a test asks for it."""
    armed = os.environ.get("READBACK_CRASH_AT")
    if armed and _armed(armed) == name:
        await asyncio.to_thread(_crash)


def _armed(said: str) -> str:
    """The place itself, or with ``@`` the file that names it: a test can arm one place after the other."""
    if not said.startswith("@"):
        return said
    with contextlib.suppress(OSError):
        return Path(said[1:]).read_text(encoding="utf-8").strip()
    return ""


def _crash() -> None:
    mark = Path(os.environ["READBACK_CRASH_MARK"])
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return
    Path(f"{mark}.pid").write_text(str(os.getpid()))
    if not os.environ.get("READBACK_CRASH_HOLD"):
        os.kill(os.getpid(), signal.SIGKILL)
    _stand_still(Path(f"{mark}.held"))


def _stand_still(held: Path) -> None:
    """Until the test takes the file away; not longer than a test may take."""
    held.touch()
    ends_at = time.monotonic() + _HELD_FOR_S
    while held.exists() and time.monotonic() < ends_at:
        threading.Event().wait(_EVERY_S)
