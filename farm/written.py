"""What people write into a request, as types that refuse what cannot be meant. Messages never show the value."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time
from typing import Annotated, TypeVar

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints

MOST_LOCAL = 64 - len("+rb-0123456789-999")
"""An address has at most 64 characters before its @ (RFC 5321), and our reference goes there too."""
EARLIEST_YEAR, LATEST_YEAR = 2000, 2100

_NUMBER = re.compile(r"\s*[-+]?[0-9]+(\.[0-9]*)?\s*")
D = TypeVar("D", date, datetime)


def _without_controls(text: str) -> str:
    text = text.replace("\r\n", "\n")
    if any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in text):
        raise ValueError("holds a control character")
    return text


def _one_line(text: str) -> str:
    if any(character in text for character in "\n\t\u2028\u2029"):
        raise ValueError("has more than one line")
    return text


def _email(text: str) -> str:
    try:
        found = validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        raise ValueError("is no e-mail address") from None
    if len(found.local_part) > MOST_LOCAL:
        raise ValueError(f"has more than {MOST_LOCAL} characters before its @: our reference would not fit")
    return f"{found.local_part}@{text.rpartition('@')[2].lower()}"


def _phone(text: str) -> str:
    if not re.fullmatch(r"\+?[0-9 ()/.-]{5,30}", text) or not re.search(r"(\d\D*){5}", text):
        raise ValueError("is no telephone number")
    return text


def _currency(text: str) -> str:
    if not re.fullmatch("[A-Z]{3}", text):
        raise ValueError("is no currency: three capital letters, as EUR")
    return text


def _no_number(written: object) -> object:
    """Numbers, also those that are written as texts, would be read as seconds since 1970."""
    if isinstance(written, int | float) or (isinstance(written, str) and _NUMBER.fullmatch(written)):
        said = "is a number; dates and times are texts, as 2026-12-04, 19:30 or 2026-12-04T12:00:00+01:00"
        raise ValueError(said)
    return written


def _in_reach(moment: D) -> D:
    """Nearer the ends of the calendar, other zones have no date for it."""
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise ValueError(f"is not between {EARLIEST_YEAR} and {LATEST_YEAR}")
    return moment


def _is_local(at: time) -> time:
    if at.tzinfo is not None:
        raise ValueError("is a wall-clock time of the venue and carries no offset")
    return at


Text = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_without_controls)]
Line = Annotated[Text, AfterValidator(_one_line), Field(min_length=1)]
Name = Annotated[Line, AfterValidator(lambda name: " ".join(name.split()))]
Email = Annotated[Line, AfterValidator(_email)]
Phone = Annotated[Line, AfterValidator(_phone)]
Currency = Annotated[str, AfterValidator(_currency)]
Count = Annotated[int, Field(strict=True, ge=0, le=500)]
Day = Annotated[date, BeforeValidator(_no_number), AfterValidator(_in_reach)]
WallTime = Annotated[time, BeforeValidator(_no_number), AfterValidator(_is_local)]
Moment = Annotated[AwareDatetime, BeforeValidator(_no_number), AfterValidator(_in_reach)]
