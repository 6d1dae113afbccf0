"""The phase decides what an error means, not its class.

Before the commit an error means "nothing was booked" and the booking may go elsewhere. From
then on nothing may surface as ``NotBooked``: it becomes ``OutcomeUnknown``, and only a read-back can tell.
"""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from traceback import walk_tb
from urllib.parse import quote

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import TimeoutError as PlaywrightTimeout
from pydantic import ValidationError

from farm.crash import browser_lost
from farm.errors import BrowserLost, ContractBroken, FarmError, NotBooked, OutcomeUnknown, VenueChanged, VenueDown
from farm.facts import Guest
from farm.gate import address
from farm.identity import untagged

SCRIPT = "readback_integration_"
"""What the module of a script is named, with its integration."""
SCRIPTS = (SCRIPT, "integrations.")
"""A script, and the modules beside it."""
_ADDRESS = re.compile(r"https?://[^\s\"'<>]+")
"""In what Playwright says; queries and order links carry guests and secrets."""
_PHONE_DIGITS = 9
_CARD = re.compile(r"(?<!\d)(?<!\d\.)(?:\d[ -]?){12,18}\d(?!\d|\.\d)")
"""Also at the end of a sentence; no part of a longer number, and no digits of a fraction."""


class Phase(StrEnum):
    """Where an attempt stands towards its commit."""

    BEFORE = "before"
    COMMIT = "commit"
    AFTER = "after"


class Step(StrEnum):
    """The steps, in their one order; also the names of the stages that are timed."""

    LOG_IN = "log_in"
    SEARCH = "search"
    HOLD = "hold"
    ENTER_GUEST = "enter_guest"
    PAY = "pay"
    GUARD = "guard"
    SUBMIT = "submit"
    READ_BACK = "read_back"
    CANCEL = "cancel"
    CHANGE = "change"
    RELEASE = "release"


def meaning(error: Exception, phase: Phase, step: Step, guest: Guest | None) -> FarmError:
    """What an exception of a step means in its phase, in words that carry no guest data."""
    said = f"{step}: {in_words(error, guest)}"
    if phase is not Phase.BEFORE:
        cause = error.cause if isinstance(error, FarmError) and not isinstance(error, NotBooked) else None
        return OutcomeUnknown(said, cause=cause)
    if browser_lost(error) is not None:
        return BrowserLost(said)
    if isinstance(error, NotBooked | ContractBroken):
        return error.retold(said)
    if isinstance(error, PlaywrightError) and not isinstance(error, PlaywrightTimeout):
        return VenueDown(said)
    if isinstance(error, TimeoutError) and not isinstance(error, PlaywrightTimeout):
        return VenueDown(f"{step}: took longer than its deadline")
    return VenueChanged(said)


def in_words(error: Exception, guest: Guest | None) -> str:
    """The first line of an error, a fact's wrong field, what Playwright waited for, where; without guest data."""
    if isinstance(error, ValidationError):
        return f"{error.title} is not whole: {_first_fault(error)}"
    text = str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = lines[0] if lines else type(error).__name__
    if isinstance(error, PlaywrightError):
        waited = next((line for line in lines if line.lstrip("- ").startswith("waiting for")), "")
        said = f"{said} {waited.lstrip('- ')}".strip()
    elif not isinstance(error, FarmError):
        said = f"{type(error).__name__}: {said}"
    place = _place(error)
    return without_guest(said, guest)[:300] + (f" ({place})" if place else "")


def _place(error: Exception) -> str:
    """The line of the integration that it went wrong in; empty where the script itself said what is wrong."""
    frames = list(walk_tb(error.__traceback__))
    own = [(frame, line) for frame, line in frames if frame.f_globals.get("__name__", "").startswith(SCRIPTS)]
    if not own or (isinstance(error, FarmError) and own[-1] == frames[-1]):
        return ""
    frame, line = own[-1]
    return f"{Path(frame.f_code.co_filename).name}:{line}"


def _first_fault(error: ValidationError) -> str:
    """Which field of a fact is wrong, without its value."""
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(step) for step in fault["loc"])
    said = fault["msg"].removeprefix("Value error, ")
    return f"{where}: {said}" if where else said


def _without_query(url: str) -> str:
    try:
        return address(url)
    except ValueError:  # a page may write https://[object Object]/
        return "[address]"


def without_guest(text: str, guest: Guest | None) -> str:
    """The text with the guest's own data replaced, and whatever may be the number of a card."""
    text = _CARD.sub("[number]", text)
    if guest is None:
        return text
    text = _ADDRESS.sub(lambda found: _without_query(found.group()), text)
    words = [guest.email, untagged(guest.email), guest.name, *(word for word in guest.name.split() if len(word) > 1)]
    words += [quote(word, safe="") for word in words]
    for word in sorted(set(words), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "[guest]", text, flags=re.IGNORECASE)
    digits = re.sub(r"\D", "", guest.phone or "")[-_PHONE_DIGITS:]
    if digits:  # however it is spaced, with whatever prefix
        text = re.sub(r"\+?(?:\d[\s()./-]*){0,6}" + r"[\s()./-]*".join(digits), "[guest]", text)
    return text
