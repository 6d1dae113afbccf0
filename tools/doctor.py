"""What ``readback doctor`` says: what this machine has, what is missing, and how to get it."""

from __future__ import annotations

import asyncio
import os
import platform
import re
import socket
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import redis
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import async_playwright
from redis.backoff import NoBackoff
from redis.retry import Retry
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from sqlalchemy.exc import SQLAlchemyError

from farm.schema import SchemaFaults
from ledger.engine import database_url, make_engine
from ledger.migrate import HEAD, revision
from tasks.machine.chromium import GET as GET_CHROMIUM
from tasks.machine.chromium import (
    GET_SANDBOX,
    SANDBOX_VARIABLE,
    find_chromium,
    find_driver,
    launch,
    trouble_starting,
)
from tasks.machine.finding import Given, Missing
from tasks.machine.private_redis import PrivateRedis, RedisNotStarted
from tasks.machine.redis import GET as GET_REDIS
from tasks.machine.redis import find_redis
from tasks.settings import Settings
from tools.configured import (
    GET_HOME,
    GET_NEWER,
    MADE_BY_NEWER,
    NoHome,
    must_have_home,
    read_registry,
    read_settings,
)
from tools.console import PlainConsole
from tools.environment import changed

OLDEST_PYTHON = (3, 11)
PROBE_LIMIT_S = 20.0
ANSWER_LIMIT_S = 3.0
PORTS = {"redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671, "pyamqp": 5672}


@dataclass(frozen=True)
class Finding:
    """One thing looked at. ``get`` says what to do, and is empty when there is nothing to do."""

    what: str
    says: str
    get: str = ""

    @property
    def well(self) -> bool:
        """Whether it can be used as it is."""
        return not self.get


Check = Callable[[], Finding]


def examine(further: Iterable[Check] = ()) -> list[Finding]:
    """Looks at everything that a worker stands on, by using it: a browser is started, a server is asked.

    Nothing is changed that stays. Takes a second or two; every look is bounded in time. Must not be called from
    inside an event loop.

    Args:
        further: Checks of other layers; run after these.
    """
    here, settings = read_what_is_right()
    checks: list[Check] = [
        python,
        lambda: settings,
        lambda: state_folder(here.home),
        lambda: driver(os.environ),
        lambda: chromium(os.environ),
        lambda: redis_server(os.environ),
        lambda: database(here),
        *([lambda: broker(here.broker_url or "")] if here.broker_url else []),
        lambda: venues(here),
        *further,
    ]
    return [check() for check in checks]


def read_what_is_right() -> tuple[Settings, Finding]:
    """The settings, without the variables that cannot be used; these are the finding."""
    try:
        settings = read_settings()
    except SchemaFaults as error:
        wrong: dict[str, str | None] = dict.fromkeys(fault.where for fault in error.faults)
        with changed(wrong):
            settings = read_settings()
        return settings, Finding("Settings", str(error).replace("\n", "; "), f"correct or unset {', '.join(wrong)}")
    given = [name for name in os.environ if name.startswith("READBACK_") and os.environ[name]]
    return settings, Finding("Settings", ", ".join(sorted(given)) or "none: all is embedded")


def python() -> Finding:
    """The interpreter's version."""
    running = platform.python_version()
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Finding("Python", running, "install Python 3.11 or newer and run `make clean setup`")
    return Finding("Python", running)


def state_folder(home: Path) -> Finding:
    """Whether bookings can be kept where they would be kept."""
    try:
        must_have_home(home)
    except NoHome as error:
        return Finding("State folder", str(error), GET_HOME)
    return Finding("State folder", str(home.absolute()) + ("" if home.exists() else " (not made yet)"))


def driver(environ: Mapping[str, str]) -> Finding:
    """Whether Playwright's own program starts."""
    found = find_driver(environ)
    if isinstance(found, Missing):
        return Finding("Playwright", found.why, found.get)
    return Finding("Playwright", f"{version('playwright')}, {found.path} ({found.how})")


def chromium(environ: Mapping[str, str]) -> Finding:
    """Whether the browser that visits run in starts and shows a page."""
    found = find_chromium(environ)
    if isinstance(found, Missing):
        return Finding("Chromium", found.why, found.get)
    if trouble := trouble_starting(found.path):
        return Finding("Chromium", f"{found.path} does not start: {trouble}", GET_CHROMIUM)
    if isinstance(lost := find_driver(environ), Missing):
        return Finding("Chromium", f"{found.path} was not tried: {lost.why}", lost.get)
    try:
        sandbox = environ.get(SANDBOX_VARIABLE) != "off"
        running = asyncio.run(asyncio.wait_for(_open_a_page(found.path, sandbox=sandbox), PROBE_LIMIT_S))
    except (PlaywrightError, TimeoutError) as error:
        if re.search(r"No usable sandbox|sandboxing failed", str(error)):
            return Finding("Chromium", f"{found.path} may not have its sandbox here", GET_SANDBOX)
        said = str(error).strip().splitlines() or [f"no page in {PROBE_LIMIT_S:g} s"]
        return Finding("Chromium", f"{found.path} does not start: {said[0]}", GET_CHROMIUM)
    return Finding("Chromium", f"{running}, {found.path} ({found.how})")


async def _open_a_page(program: Path, *, sandbox: bool) -> str:
    async with async_playwright() as playwright:
        browser = await launch(playwright, program, sandbox=sandbox)
        try:
            page = await browser.new_page()
            await page.set_content("<title>doctor</title>")
            return browser.version
        finally:
            await browser.close()


def redis_server(environ: Mapping[str, str]) -> Finding:
    """Whether the named Redis answers, or else a private one can be started; that one is ended again."""
    found = find_redis(environ)
    if isinstance(found, Missing):
        return Finding("Redis", found.why, found.get)
    if isinstance(found, Given):
        return _ask_redis(found.url, f"the server that {found.how} names")
    with tempfile.TemporaryDirectory(prefix="readback-") as folder:
        try:
            with PrivateRedis(found.path, Path(folder)) as server:
                return _ask_redis(server.url, f"{found.path} ({found.how})")
        except RedisNotStarted:
            return Finding("Redis", f"{found.path} does not start", GET_REDIS)


def _ask_redis(url: str, name: str) -> Finding:
    try:
        client = redis.Redis.from_url(
            url,
            socket_timeout=ANSWER_LIMIT_S,
            socket_connect_timeout=ANSWER_LIMIT_S,
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError:
        return Finding("Redis", f"{name}: the address is none", "write it as redis://host:6379/1")
    started = monotonic()
    try:
        server = client.info("server")
    except redis.RedisError as error:
        get = "start it, or correct READBACK_REDIS_URL, or unset it for a private one"
        return Finding("Redis", f"{name} does not answer ({type(error).__name__})", get)
    finally:
        client.close()
    took_ms = (monotonic() - started) * 1000
    running = server.get("valkey_version") or server.get("redis_version")
    return Finding("Redis", f"{running}, {name}, answers in {took_ms:.0f} ms")


def database(of: Settings) -> Finding:
    """Whether the ledger's database can be reached, and whether its tables are those of this version."""
    get = "start it, or correct READBACK_DATABASE_URL, or unset it for SQLite"
    url = database_url(of.ledger_url)
    shown = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return Finding("Database", f"{shown} (not made yet)")  # to connect would make it
    if url.get_backend_name() == "postgresql":
        url = url.update_query_dict({"connect_timeout": f"{ANSWER_LIMIT_S:.0f}"})
    engine = make_engine(url.render_as_string(hide_password=False), connections=1)
    try:
        with engine.connect() as connection:
            there = revision(connection)
    except SQLAlchemyError as error:
        return Finding("Database", f"{shown} cannot be reached ({type(error).__name__})", get)
    finally:
        engine.dispose()
    if there is not None and there > HEAD:
        return Finding("Database", f"{shown}: {MADE_BY_NEWER}", GET_NEWER)
    if there not in {None, HEAD}:
        return Finding("Database", f"{shown} has tables of revision {there}, not {HEAD}", "run `readback migrate`")
    return Finding("Database", f"{shown} answers" + ("" if there else " (no tables yet)"))


def broker(address: str) -> Finding:
    """Whether somebody listens at the named broker, which may be a Redis or a RabbitMQ."""
    get = "start it, or correct READBACK_BROKER_URL, or unset it to use the Redis"
    parts = urlsplit(address)
    try:
        port = parts.port or PORTS.get(parts.scheme)
    except ValueError:  # no number, or too large
        port = None
    if parts.scheme.endswith("+socket"):
        there, where = Path(parts.path).is_socket(), parts.path
    elif parts.hostname is None or port is None:
        return Finding("Broker", "READBACK_BROKER_URL is no address of a broker", get)
    else:
        there, where = _listens(parts.hostname, port), f"{parts.scheme}://{parts.hostname}:{port}"
    return Finding("Broker", f"{where} listens") if there else Finding("Broker", f"nobody listens at {where}", get)


def _listens(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=ANSWER_LIMIT_S):
            return True
    except OSError:
        return False


def venues(of: Settings) -> Finding:
    """Whether everything that can be booked can be read, and whether somebody has agreed to it."""
    try:
        registry = read_registry(of)
    except SchemaFaults as error:
        get = "correct the files, or take their folder out of READBACK_INTEGRATIONS or READBACK_PARTNERS"
        return Finding("Venues", "; ".join(str(fault) for fault in error.faults), get)
    return Finding("Venues", f"{len(registry.venues)} on {len(registry.integrations)} integrations")


def rendered(findings: Iterable[Finding]) -> RenderableType:
    """The findings as a table, with what to do under it."""
    findings = list(findings)
    table = Table(box=None, show_header=False, pad_edge=False)
    for _ in range(3):
        table.add_column(overflow="fold")  # a path is worth nothing when it is cut
    for finding in findings:
        mark = Text("ok", style="green") if finding.well else Text("missing", style="bold red")
        table.add_row(mark, Text(finding.what), Text(finding.says))
    to_do = [Text(f"{f.what}: {f.get}.", style="bold") for f in findings if not f.well]
    return Group(table, *([Text(""), *to_do] if to_do else [Text("Nothing is missing.")]))


def main() -> int:
    """``python -m tools.doctor``: exit code 0 when nothing is missing."""
    findings = examine()
    PlainConsole().print(rendered(findings))
    return 0 if all(finding.well for finding in findings) else 1


if __name__ == "__main__":
    sys.exit(main())
