"""Who a visit says it is: one coherent identity, drawn within the agreed family, and true to the engine that runs."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import permutations
from typing import Literal

from fake_useragent.utils import load

Family = Literal["chrome", "edge"]
Brand = tuple[str, str]

_DRAWN = re.compile(
    r"(Mozilla/5\.0 \([^)]+\) AppleWebKit/537\.36 \(KHTML, like Gecko\)) Chrome/[\d.]+ Safari/537\.36( Edg/[\d.]+)?"
)
_GREASE = " (:-./);=?_"
_GREASE_VERSIONS = ("8", "99", "24")
"""How Chromium makes up the brand that names nobody, from its own major version."""


@dataclass(frozen=True)
class Machine:
    """What the worker runs on, as a browser says it.

    Attributes:
        in_user_agent: What stands in brackets; Chromium says the same for every release of a system.
        name: The system in client hints.
        release: Its version in client hints; Chromium says none on Linux.
        architecture: ``x86`` or ``arm``.
    """

    in_user_agent: str
    name: str
    release: str
    architecture: str


@dataclass(frozen=True)
class Identity:
    """What every request and every page of one visit says, in words and in client hints.

    Attributes:
        user_agent: Its version is the engine's.
        brands: Name and major version, as ``Sec-CH-UA`` has them.
        full_brands: The same with full versions.
    """

    user_agent: str
    locale: str
    brands: tuple[Brand, ...]
    full_brands: tuple[Brand, ...]
    machine: Machine

    @property
    def headers(self) -> dict[str, str]:
        """What every request says, on the wire too: pages say it by themselves, from the same values."""
        return {
            "User-Agent": self.user_agent,
            "Accept-Language": self.locale,
            "Sec-CH-UA": ", ".join(f'"{name}";v="{version}"' for name, version in self.brands),
            "Sec-CH-UA-Mobile": "?0",
            "Sec-CH-UA-Platform": f'"{self.machine.name}"',
        }

    @property
    def override(self) -> dict[str, object]:
        """The same for the browser itself (``Emulation.setUserAgentOverride``)."""
        return {
            "userAgent": self.user_agent,
            "acceptLanguage": self.locale,
            "userAgentMetadata": {
                "brands": _listed(self.brands),
                "fullVersionList": _listed(self.full_brands),
                "platform": self.machine.name,
                "platformVersion": self.machine.release,
                "architecture": self.machine.architecture,
                "bitness": "64",
                "model": "",
                "mobile": False,
                "wow64": False,
                "formFactors": ["Desktop"],
            },
        }


def identity_of(family: Family, locale: str, engine: str, seed: str, machine: Machine) -> Identity:
    """The identity of a session: the same for the same arguments, whoever asks, on whichever day.

    Args:
        family: What the profile names.
        locale: What pages are asked for in.
        engine: The full version of the browser that really runs.
        seed: The session: visits of one partner under one account say the same.
        machine: The worker's.
    """
    major = engine.partition(".")[0]
    drawn = _skeletons(family, machine.in_user_agent)
    skeleton = drawn[int.from_bytes(sha256(seed.encode()).digest()[:8]) % len(drawn)]
    own = (("Microsoft Edge", major),) if family == "edge" else ()
    return Identity(
        user_agent=skeleton.format(major=major),
        locale=locale,
        brands=_brands(int(major), (("Chromium", major), *own)),
        full_brands=_brands(int(major), (("Chromium", engine), *((name, engine) for name, _ in own)), full=True),
        machine=machine,
    )


def this_machine(system: str | None = None, architecture: str | None = None) -> Machine:
    """The worker's own machine.

    Raises:
        ValueError: No browser is known to call itself anything there.
    """
    system = system or platform.system()
    chip = "arm" if (architecture or platform.machine()).lower() in {"aarch64", "arm64"} else "x86"
    if system == "Linux":
        return Machine("X11; Linux x86_64", "Linux", "", chip)
    if system == "Darwin":
        return Machine("Macintosh; Intel Mac OS X 10_15_7", "macOS", platform.mac_ver()[0] or "10.15.7", chip)
    raise ValueError(f"no identity is known for a worker on {system}")


@cache
def _skeletons(family: Family, in_user_agent: str) -> tuple[str, ...]:
    """What browsers of the family call themselves on the machine, with the version left open."""
    engine = "AppleWebKit/537.36 (KHTML, like Gecko)"
    start = f"Mozilla/5.0 ({in_user_agent}) {engine}"
    drawn = (_DRAWN.fullmatch(seen) for seen in _seen(family))
    # where nobody was seen with the family's own word, the engine's is the same
    starts = {match[1] for match in drawn if match is not None and match[1] == start} or {start}
    own = " Edg/{major}.0.0.0" if family == "edge" else ""
    return tuple(f"{one} Chrome/{{major}}.0.0.0 Safari/537.36{own}" for one in sorted(starts))


def _seen(family: Family) -> list[str]:
    name = {"chrome": "Chrome", "edge": "Edge"}[family]
    return [str(one["useragent"]) for one in load() if one["browser"] == name and one["type"] == "desktop"]


def _brands(major: int, real: tuple[Brand, ...], *, full: bool = False) -> tuple[Brand, ...]:
    """The brands in the engine's own order, with the one that it makes up so that nobody relies on the list."""
    letters = _GREASE[major % len(_GREASE)], _GREASE[(major + 1) % len(_GREASE)]
    version = _GREASE_VERSIONS[major % len(_GREASE_VERSIONS)]
    made_up = (f"Not{letters[0]}A{letters[1]}Brand", f"{version}.0.0.0" if full else version)
    listed = (made_up, *real)
    orders = list(permutations(range(len(listed))))
    places = orders[major % len(orders)]
    placed: dict[int, Brand] = dict(zip(places, listed, strict=True))
    return tuple(placed[place] for place in range(len(listed)))


def _listed(brands: tuple[Brand, ...]) -> list[dict[str, str]]:
    return [{"brand": name, "version": version} for name, version in brands]
