"""An unexpected error, in so few words that no guest data can be among them."""

from __future__ import annotations

import traceback


def in_short(error: Exception) -> str:
    """An unexpected error's kind and place; its own words may carry guest data."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {frame.name}, line {frame.lineno}"
