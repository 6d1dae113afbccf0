"""What ``readback doctor`` says: what this machine has, what is missing, and how to get it."""

from __future__ import annotations

import asyncio
import os
import platform
import re
import socket
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
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
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from farm.registry import Registry
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
from tools.console import PlainConsole

STOCK = Path(__file__).parents[1] / "integrations"
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


def examine(environ: Mapping[str, str] | None = None, further: Iterable[Check] = ()) -> list[Finding]:
    """Looks at everything that a worker stands on, by using it: a browser is started, a server is asked.

    Nothing is changed that stays. Takes a second or two; every look is bounded in time. Must not be called from
    inside an event loop.

    Args:
        environ: The settings; the process's own environment by default.
        further: Checks of other layers, such as the ledger's schema; run after these.
    """
    environ = os.environ if environ is None else environ
    home = Path(environ.get("READBACK_HOME") or ".readback")
    named = environ.get("READBACK_INTEGRATIONS", "").split(os.pathsep)
    checks: list[Check] = [
        python,
        lambda: state_folder(home),
        lambda: driver(environ),
        lambda: chromium(environ),
        lambda: redis_server(environ),
        lambda: database(environ, home),
        *([lambda: broker(environ["READBACK_BROKER_URL"])] if environ.get("READBACK_BROKER_URL") else []),
        lambda: venues([STOCK, *(Path(folder) for folder in named if folder)]),
        *further,
    ]
    return [check() for check in checks]


def python() -> Finding:
    """The interpreter's version."""
    running = platform.python_version()
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Finding("Python", running, "install Python 3.11 or newer and run `make clean setup`")
    return Finding("Python", running)


def state_folder(home: Path) -> Finding:
    """Whether bookings can be kept where they would be kept."""
    there = next(folder for folder in (home.absolute(), *home.absolute().parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        why = f"{there} cannot be written: {error.strerror}"
        return Finding("State folder", why, "make it writable, or set READBACK_HOME to another folder")
    return Finding("State folder", str(home.absolute()) + ("" if there == home.absolute() else " (not made yet)"))


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


def database(environ: Mapping[str, str], home: Path) -> Finding:
    """Whether the ledger's database can be reached, and whether its tables are those of this version."""
    address = environ.get("READBACK_DATABASE_URL") or f"sqlite:///{home / 'ledger.sqlite3'}"
    get = "start it, or correct READBACK_DATABASE_URL, or unset it for SQLite"
    try:
        url = database_url(address)
    except (ArgumentError, ValueError):
        return Finding("Database", "READBACK_DATABASE_URL is no address of PostgreSQL or SQLite", get)
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


def venues(folders: Sequence[Path]) -> Finding:
    """Whether everything that lies in the folders of integrations can be read."""
    get = "correct the files, or take their folder out of READBACK_INTEGRATIONS"
    lost = [str(folder) for folder in folders if not folder.is_dir()]
    if lost:
        return Finding("Venues", f"no such folder: {', '.join(lost)}", get)
    try:
        registry = Registry.load(folders)
    except SchemaFaults as error:
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
