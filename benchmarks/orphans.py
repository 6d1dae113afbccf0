"""Processes whose parent ends stay below this one (a killed worker leaves such behind), to be counted and ended."""

from __future__ import annotations

import ctypes
import sys

_PR_SET_CHILD_SUBREAPER = 36


def keep_orphans() -> None:
    """From now on whatever is started below this process stays below it; does nothing where there is no Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
