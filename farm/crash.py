"""A browser of ours that died, told apart from a venue that does not answer: nothing of it is the venue's fault."""

from __future__ import annotations

import re

from playwright.async_api import Error as PlaywrightError

from farm.errors import BrowserLost

_GONE = re.compile(
    r"target crashed|page crashed|has been closed|connection closed|browser closed|browser has disconnected",
    re.IGNORECASE,
)
"""What Playwright 1.65 says once a page, a browser or the driver is gone (reliability fact 26)."""


def browser_lost(error: BaseException | None) -> BrowserLost | None:
    """The loss that an error of Playwright means, also where it was wrapped; None when it means another thing."""
    while error is not None:
        if isinstance(error, PlaywrightError) and _GONE.search(str(error)):
            return BrowserLost()
        error = error.__cause__
    return None
