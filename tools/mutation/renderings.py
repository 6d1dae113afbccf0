"""How a page may write a fact: dates and times in the venue's language and for machines, and numbers alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from html import escape
from urllib.parse import quote

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time

_LENGTHS = ("full", "long", "medium", "short")
_SKELETONS = ("MMMMEEEEd", "MMMEd", "MMMMd", "MMMd", "yMMMMd", "yMMMd", "yMMMEd", "yMd", "Md", "MEd")
_PATTERNS = ("EEEE d MMMM y", "EEEE d MMMM", "EEE d MMM y", "EEE d MMM", "d MMMM y", "d MMMM", "d MMM y", "d MMM")
_NUMERIC = (
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%d/%m/%y",
    "%d.%m.%y",
    "%Y/%m/%d",
    "%Y%m%d",
    "%d/%m",
    "%d.%m.",
)
_SPACES = re.compile(r"[\s\u00a0\u202f]+")


def of_date(day: date, language: str) -> list[str]:
    """A day as a person or a machine may write it, always in the same order."""
    locale = Locale.parse(language, sep="-")
    written = [format_date(day, length, locale) for length in _LENGTHS]
    written += [format_skeleton(skeleton, day, locale=locale) for skeleton in _SKELETONS]
    written += [format_date(day, pattern, locale) for pattern in _PATTERNS]
    return written + [day.strftime(pattern) for pattern in _NUMERIC]


def of_time(moment: datetime, language: str) -> list[str]:
    """A time of day as a person may write it."""
    hour, minute = moment.hour, moment.minute
    twelve, half = (hour - 1) % 12 + 1, moment.strftime("%p") or "AM"
    written = [format_time(moment, "short", locale=Locale.parse(language, sep="-"))]
    for said in (f"{hour:02d}", f"{hour}"):
        written += [f"{said}:{minute:02d}", f"{said}.{minute:02d}", f"{said}h{minute:02d}", f"{said} h {minute:02d}"]
        written += [
            f"{said} Uhr {minute:02d}" if minute else f"{said} Uhr",
            f"{said}h{minute:02d}" if minute else f"{said}h",
        ]
    brief = f"{twelve}:{minute:02d}" if minute else f"{twelve}"
    for half_said in (half, half.lower(), f"{half[0].lower()}.m.", f"{half[0].lower()}. m."):
        written += [
            f"{hours}{space}{half_said}" for hours in (f"{twelve}:{minute:02d}", brief) for space in ("", " ")
        ]
    return written


def of_moment(moment: datetime) -> list[str]:
    """A moment as machines write it: in its own zone, in UTC, as seconds and milliseconds since 1970."""
    utc, seconds = moment.astimezone(UTC), int(moment.timestamp())
    ways = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y%m%dT%H%M%S")
    return [each.strftime(way) for way in ways for each in (moment, utc)] + [str(seconds * 1000), str(seconds)]


def of_text(text: str) -> list[str]:
    """A text as it stands in a page, in its source, in JSON, and in an address."""
    return list(dict.fromkeys([text, escape(text), text.replace("'", "&#x27;"), quote(text), quote(text, safe="@")]))


def pairs(old: Iterable[str], new: Iterable[str]) -> dict[str, str]:
    """What becomes what, in the same rendering; the first of two counts, and spaces of any kind are one."""
    becomes: dict[str, str] = {}
    for before, after in zip(old, new, strict=True):
        if before != after:
            becomes.setdefault(_SPACES.sub(" ", before), after)
    return becomes


def swap(text: str, becomes: Mapping[str, str]) -> str:
    """The text with every rendering replaced by its other, the longest first; only whole words and numbers."""
    if not becomes:
        return text
    found: dict[str, str] = {}
    for old, new in becomes.items():
        found.setdefault(old.casefold(), new)
    return _pattern(becomes).sub(lambda match: found[_SPACES.sub(" ", match.group()).casefold()], text)


def shows(text: str, written: Iterable[str]) -> bool:
    """True when the text has one of the renderings."""
    wanted = {one: one for one in written if one}
    return bool(wanted) and _pattern(wanted).search(text) is not None


def _pattern(written: Iterable[str]) -> re.Pattern[str]:
    longest = sorted(written, key=len, reverse=True)
    return re.compile("|".join(_whole(_SPACES.sub(" ", one)) for one in longest), re.IGNORECASE)


def _whole(word: str) -> str:
    """A rendering between what is no part of it: no digit beside a digit, no letter beside a letter."""
    body = r"[\s\u00a0\u202f]+".join(re.escape(part) for part in word.split(" "))
    return (
        _beside(word[0], r"(?<!\d)(?<!\d[.:])", r"(?<![^\W\d_])")
        + body
        + _beside(word[-1], r"(?!\d)", r"(?![^\W\d_])")
    )


def _beside(letter: str, digit: str, word: str) -> str:
    if letter.isdigit():
        return digit
    return word if letter.isalpha() else ""


def standing_alone(text: str, number: int, becomes: int, but: Iterable[str] = ()) -> str:
    """The text with a number that stands alone replaced; not in times, dates and amounts, nor inside ``but``."""
    kept = [re.escape(one) for one in but if re.search(rf"(?<!\d){number}(?!\d)", one)]
    alone = rf"(?<![\w.,:/+#-]){number}(?!(?!x\b)[\w:/-]|[.,]\d)"
    pattern = re.compile("|".join([*sorted(kept, key=len, reverse=True), f"({alone})"]), re.IGNORECASE)
    return pattern.sub(lambda match: str(becomes) if match.group(1) else match.group(), text)
