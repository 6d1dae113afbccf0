"""Finding a Chromium: the headless shell where there is one, for it takes half the time and memory."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.machine.finding import Found, Missing

if TYPE_CHECKING:
    from playwright.async_api import Browser, Playwright

VARIABLE = "READBACK_CHROMIUM"
ON_THE_PATH = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
START_LIMIT_S = 20.0
NO_UDP = ("--disable-quic", "--force-webrtc-ip-handling-policy=disable_non_proxied_udp")
"""What would leave past a proxy. WebRTC's other spelling, without ``force``, does nothing in a headless shell."""
NO_SHARED_WORKERS = "--disable-blink-features=SharedWorker"
"""No gate sees what they ask for, and they do not know as whom."""
DEAD_END = "http://127.0.0.1:1"
"""The proxy of whatever has no visit's way out: nobody listens on the port that was once tcpmux."""
GET_DRIVER = "run `make setup` as root, or install the library that it misses (libatomic1 on Debian and Ubuntu)"
SANDBOX_VARIABLE = "READBACK_CHROMIUM_SANDBOX"
GET_SANDBOX = (
    "let the system give every user namespaces (on Ubuntu `sysctl kernel.apparmor_restrict_unprivileged_userns=0`),"
    f" or set {SANDBOX_VARIABLE}=off where a container is the sandbox"
)
GET = f"run `make setup` as root, or install chromium-headless-shell, or set {VARIABLE} to a Chromium's executable"


def find_chromium(environ: Mapping[str, str] | None = None) -> Found | Missing:
    """The Chromium that visits run in: the named one, else Playwright's own, else one on the PATH.

    Starts nothing, so it is cheap enough for every worker's start.
    """
    environ = os.environ if environ is None else environ
    if named := environ.get(VARIABLE):
        path = Path(named).expanduser()
        if not _is_program(path):
            return Missing(why=f"{VARIABLE} names {path}, which is no executable file", get=GET)
        return Found(path, VARIABLE)
    if (own := playwright_shell(environ)) is not None:
        return Found(own, "Playwright's own headless shell")
    for name in ON_THE_PATH:
        if there := shutil.which(name, path=environ.get("PATH")):
            return Found(Path(there), "on the PATH")
    return Missing(why="no Chromium in Playwright's folder or on the PATH", get=GET)


async def launch(playwright: Playwright, program: Path, *, sandbox: bool) -> Browser:
    """Start a Chromium as every visit has it: nothing of it reaches anything but through a context's own way out.

    Args:
        playwright: The running driver.
        program: What ``find_chromium`` found.
        sandbox: With Chromium's own sandbox, where it can be had: on Linux, and not as root.
    """
    return await playwright.chromium.launch(
        executable_path=program,
        args=[*NO_UDP, NO_SHARED_WORKERS],
        proxy={"server": DEAD_END, "bypass": "<-loopback>"},
        handle_sigint=False,  # an attempt past its commit ends by itself
        handle_sigterm=False,
        handle_sighup=False,
        chromium_sandbox=sandbox and sys.platform == "linux" and os.geteuid() != 0,
    )


def find_driver(environ: Mapping[str, str] | None = None) -> Found | Missing:
    """The program through which Playwright speaks to a browser: one that starts, or why it does not.

    It comes with Playwright's wheel, but needs a library that the smallest systems lack.
    """
    environ = os.environ if environ is None else environ
    named = environ.get("PLAYWRIGHT_NODEJS_PATH")
    program = Path(named) if named else _driver() / "node"
    if trouble := trouble_starting(program):
        return Missing(why=f"{program} does not start: {trouble.removeprefix(f'{program}: ')}", get=GET_DRIVER)
    return Found(program, "PLAYWRIGHT_NODEJS_PATH" if named else "from the playwright wheel")


def playwright_shell(environ: Mapping[str, str]) -> Path | None:
    """The headless shell of the installed Playwright's own revision, if its download was ever completed."""
    package = _driver() / "package"
    browsers = json.loads((package / "browsers.json").read_text())["browsers"]
    revision = next(b["revision"] for b in browsers if b["name"] == "chromium-headless-shell")
    folder = _browsers_folder(environ, package) / f"chromium_headless_shell-{revision}"
    if not os.access(folder / "INSTALLATION_COMPLETE", os.R_OK):
        return None
    programs = [*folder.glob("*/chrome-headless-shell"), *folder.glob("*/headless_shell")]
    return next((p for p in programs if _is_program(p)), None)


def trouble_starting(program: Path) -> str:
    """Why the program does not start, in one line; empty if it does. Asks for its version only."""
    try:
        done = subprocess.run(
            [program, "--version"], timeout=START_LIMIT_S, capture_output=True, text=True, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no answer in {START_LIMIT_S:g} s"
    except OSError as error:
        return str(error)
    if done.returncode == 0:
        return ""
    said = done.stderr.strip().splitlines()
    return said[-1] if said else f"exit code {done.returncode}"


def _driver() -> Path:
    spec = importlib.util.find_spec("playwright")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("playwright is not installed: run `make setup`")
    return Path(spec.origin).parent / "driver"


def _browsers_folder(environ: Mapping[str, str], package: Path) -> Path:
    named = environ.get("PLAYWRIGHT_BROWSERS_PATH")
    if named == "0":
        return package / ".local-browsers"
    if named:
        return Path(named)
    home = Path(environ.get("HOME") or Path.home())
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "ms-playwright"
    return Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "ms-playwright"


def _is_program(path: Path) -> bool:
    return os.access(path, os.X_OK) and path.is_file()  # is_file raises where it may not look
