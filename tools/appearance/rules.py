"""What must agree in everything that a visit says; each rule by itself, and every contradiction in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

from farm.facts import Fact
from profiles.fingerprint import Machine, this_machine
from tools.appearance.reading import Reading

_VERSION = re.compile(r"Chrome/(\d+)")
_NAMES_ITSELF = {"chrome": "", "edge": "Edg/"}


class Contradiction(Fact):
    """Two things of one visit that do not fit.

    Attributes:
        where: The request or the place that says it.
        wanted: What everything else says, or the profile.
    """

    rule: str
    where: str
    said: str
    wanted: str


Found = Iterator[tuple[str, object, object]]
"""Of everything that one rule looks at: where, what is said there, and what it must be."""


def contradictions(reading: Reading) -> tuple[Contradiction, ...]:
    """Everything that does not fit, in the order of the rules."""
    return tuple(
        Contradiction(rule=name, where=where, said=str(said), wanted=str(wanted))
        for name, rule in RULES.items()
        for where, said, wanted in rule(reading)
        if said != wanted
    )


def _user_agent(reading: Reading) -> Found:
    """The same words in every request and every place, of the agreed family."""
    first = reading.said[0].user_agent
    yield from _headers(reading, "user-agent", first)
    yield from ((one.where, one.user_agent, first) for one in reading.said)
    named = next((family for family, word in _NAMES_ITSELF.items() if word and word in first), "chrome")
    yield "page", named, reading.wanted.family


def _engine(reading: Reading) -> Found:
    """The version that really runs, in the words and in the hints."""
    major = reading.engine.partition(".")[0]
    for one in reading.said:
        yield one.where, "".join(_VERSION.findall(one.user_agent)), major
        yield one.where, dict(one.brands).get("Chromium"), major
        yield one.where, dict(one.full_brands).get("Chromium"), reading.engine


def _headless(reading: Reading) -> Found:
    """No word that a browser says only of how it was started."""
    for where, headers in reading.asked.items():
        yield where, [name for name, value in headers.items() if "Headless" in value], []
    for one in reading.said:
        yield one.where, [name for name, _ in (*one.brands, *one.full_brands) if "Headless" in name], []


def _hints(reading: Reading) -> Found:
    """Client hints: in every request what scripts are told, everywhere the same."""
    first = reading.said[0]
    listed = ", ".join(f'"{name}";v="{version}"' for name, version in first.brands)
    yield from _headers(reading, "sec-ch-ua", listed)
    for one in reading.said:
        yield one.where, one.brands, first.brands
        yield one.where, one.full_brands, first.full_brands
    own = "Microsoft Edge" in dict(first.brands)
    yield "page", own, reading.wanted.family == "edge"


def _platform(reading: Reading) -> Found:
    """The worker's own system and chip, in the words, the hints and the values."""
    machine = this_machine()
    yield from _headers(reading, "sec-ch-ua-platform", f'"{machine.name}"')
    for one in reading.said:
        yield one.where, f"({machine.in_user_agent})" in one.user_agent, True
        yield one.where, one.hint_platform, machine.name
        yield one.where, one.hint_release, machine.release
        yield one.where, one.hint_architecture, machine.architecture
        yield one.where, one.platform in _platforms(machine), True


def _platforms(machine: Machine) -> tuple[str, ...]:
    return ("MacIntel",) if machine.name == "macOS" else ("Linux x86_64", "Linux aarch64", "Linux armv81")


def _mobile(reading: Reading) -> Found:
    """A computer with a mouse, and nothing that a telephone says."""
    yield from _headers(reading, "sec-ch-ua-mobile", "?0")
    for one in reading.said:
        yield one.where, one.hint_mobile, False
        yield one.where, "Mobile" in one.user_agent, False
        if one.touch_points is not None:
            yield one.where, one.touch_points, 0


def _language(reading: Reading) -> Found:
    """The profile's locale, in every request, every list, and the numbers."""
    for where, headers in reading.asked.items():
        yield where, headers.get("accept-language", "").partition(",")[0], reading.wanted.locale
    for one in reading.said:
        yield one.where, one.language, reading.wanted.locale
        yield one.where, one.languages[:1], (reading.wanted.locale,)
        yield one.where, one.intl_locale, reading.wanted.locale
        yield one.where, one.languages, reading.said[0].languages


def _timezone(reading: Reading) -> Found:
    """The profile's zone by its name, and clocks that keep it in winter and in summer."""
    zone = ZoneInfo(reading.wanted.timezone)
    days = (datetime(2027, month, 15, 12, tzinfo=UTC).astimezone(zone) for month in (1, 7))
    offsets = tuple(int((day.utcoffset() or day - day).total_seconds() // 60) for day in days)
    for one in reading.said:
        same = one.timezone == zone.key or _clock(one.timezone) == _clock(zone.key)
        yield one.where, zone.key if same else one.timezone, zone.key
        yield one.where, one.offsets_min, offsets


def _clock(name: str) -> tuple[object, ...]:
    """How a zone's clock went since 1900: browsers call some zones by names that they had before."""
    if name not in available_timezones():
        return (name,)
    zone = ZoneInfo(name)
    months = (datetime(year, month, 1, tzinfo=UTC) for year in range(1900, 2038) for month in range(1, 13))
    return tuple(month.astimezone(zone).utcoffset() for month in months)


def _window(reading: Reading) -> Found:
    """The profile's window and scale, on a screen that it fits, and style sheets that see the same."""
    wanted = reading.wanted.viewport.width, reading.wanted.viewport.height
    for one in reading.said:
        if one.window is None:
            continue
        if one.where == "page":
            yield one.where, one.window.inner, wanted
        yield one.where, one.window.scale, reading.wanted.scale
        yield one.where, _fits(one.window.inner, one.window.outer), True
        yield one.where, _fits(one.window.outer, one.window.screen), True
        yield one.where, (one.window.matches_width, one.window.matches_scale), (True, True)


def _fits(inner: tuple[int, int], outer: tuple[int, int]) -> bool:
    return inner[0] <= outer[0] and inner[1] <= outer[1]


def _scheme(reading: Reading) -> Found:
    """The profile's colour scheme, and one only."""
    for one in reading.said:
        if one.window is not None:
            yield one.where, one.window.scheme, reading.wanted.color_scheme


def _hardware(reading: Reading) -> Found:
    """The same processors, memory and graphics, whoever asks."""
    first = reading.said[0]
    for one in reading.said:
        yield one.where, (one.processors, one.memory_gb), (first.processors, first.memory_gb)
        if one.window is not None and first.window is not None:
            yield one.where, one.window.webgl, first.window.webgl


def _hidden(reading: Reading) -> Found:
    """No worker that outlives its page: no gate sees what it asks for, and it says what it likes."""
    yield "page", reading.service_worker, False
    yield from ((one.where, one.shared_worker, False) for one in reading.said)


def _headers(reading: Reading, name: str, wanted: str) -> Iterable[tuple[str, object, object]]:
    return [(where, headers.get(name), wanted) for where, headers in reading.asked.items()]


RULES: dict[str, Callable[[Reading], Found]] = {
    "user_agent": _user_agent,
    "engine": _engine,
    "headless": _headless,
    "hints": _hints,
    "platform": _platform,
    "mobile": _mobile,
    "language": _language,
    "timezone": _timezone,
    "window": _window,
    "scheme": _scheme,
    "hardware": _hardware,
    "hidden": _hidden,
}
