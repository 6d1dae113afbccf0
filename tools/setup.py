"""What pip cannot bring: finds or gets a Chromium, its driver's library and a Redis, at the end of ``make setup``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tasks.machine.chromium import GET as GET_CHROMIUM
from tasks.machine.chromium import find_chromium, find_driver, playwright_shell, trouble_starting
from tasks.machine.finding import Found, Given, Missing
from tasks.machine.redis import find_redis

DOWNLOAD_LIMIT_S = 300.0
APT_LIMIT_S = 300.0


@dataclass(frozen=True)
class Way:
    """One way to get a part: the commands, run in order until one fails."""

    says: str
    commands: tuple[Sequence[str], ...]
    limit_s: float
    allowed: Callable[[], bool]


def root_with_apt() -> bool:
    """Whether packages of the system may be installed here without asking."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def by_apt(*packages: str) -> Way:
    """The first of the packages that this system has, of its own package index."""
    install = " || ".join(f"apt-get install -qq -y --no-install-recommends {name}" for name in packages)
    return Way(
        says=f"installing {' or '.join(packages)} with apt-get",
        commands=(("apt-get", "update", "-qq"), ("sh", "-c", install)),
        limit_s=APT_LIMIT_S,
        allowed=root_with_apt,
    )


DRIVER_WAYS = (by_apt("libatomic1"),)
CHROMIUM_WAYS = (
    Way(
        says="downloading Playwright's headless shell",
        commands=((sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"),),
        limit_s=DOWNLOAD_LIMIT_S,
        allowed=lambda: True,
    ),
    Way(
        says="installing the libraries that Playwright's headless shell needs",
        commands=((sys.executable, "-m", "playwright", "install-deps", "chromium-headless-shell"),),
        limit_s=APT_LIMIT_S,
        allowed=lambda: root_with_apt() and playwright_shell(os.environ) is not None,
    ),
    by_apt("chromium-headless-shell", "chromium"),
)
REDIS_WAYS = (by_apt("valkey-server", "redis-server"),)


def get(name: str, find: Callable[[], Found | Given | Missing], ways: Sequence[Way]) -> bool:
    """Finds the part, or tries the ways in order until it is found; prints one line for each thing done."""
    found = find()
    for way in ways:
        if not isinstance(found, Missing):
            break
        if way.allowed():
            print(f"{name}: {way.says}", flush=True)
            trouble = attempt(way)
            if trouble:
                print(f"{name}: {trouble}", flush=True)
            found = find()
    match found:
        case Found(path=path, how=how):
            print(f"{name}: {path} ({how})")
        case Given(how=how):
            print(f"{name}: the server that {how} names")
        case Missing(why=why, get=how):
            print(f"{name}: {why}. To get it: {how}.", file=sys.stderr)
            return False
    return True


def attempt(way: Way) -> str:
    """Runs the way's commands; what went wrong, or nothing."""
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in way.commands:
        try:
            done = subprocess.run(
                command, timeout=way.limit_s, capture_output=True, text=True, env=environ, check=False
            )
        except subprocess.TimeoutExpired:
            return f"gave up after {way.limit_s:g} s"
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
            error = next((line for line in said if "error" in line.lower()), said[-1])
            return f"that did not work: {error.strip()}"
    return ""


def working_chromium() -> Found | Missing:
    """A Chromium that starts: a downloaded one may lack libraries of the system."""
    found = find_chromium()
    if isinstance(found, Found) and (trouble := trouble_starting(found.path)):
        return Missing(why=f"{found.path} does not start: {trouble}", get=GET_CHROMIUM)
    return found


def main() -> int:
    """Exit code 0 when everything is there."""
    there = [
        get("Playwright", find_driver, DRIVER_WAYS),  # first: it downloads the browser
        get("Chromium", working_chromium, CHROMIUM_WAYS),
        get("Redis", find_redis, REDIS_WAYS),
    ]
    if all(there):
        return 0
    print("Set-up is not complete; `.venv/bin/readback doctor` looks again.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
