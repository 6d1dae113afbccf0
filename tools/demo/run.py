"""Runs a demo from nothing to its verdict, in a folder of its own and with nothing of the deployment around it."""

from __future__ import annotations

import asyncio
import fcntl
import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from farm.schema import SchemaFaults
from fixtures.kit.process import TwinFailed
from fixtures.pretix_shop.environment import PretixInstallError
from fixtures.pretix_shop.shop import ShopStartError
from tasks.embedded import EmbeddedFarm, NotStarted
from tasks.machine.private_redis import RedisNotStarted
from tasks.settings import Settings
from tools.configured import NoHome, must_have_home, read_settings
from tools.demo.playing import play
from tools.demo.pretix import pretix
from tools.demo.report import report
from tools.demo.scene import Stage
from tools.demo.tally import Tally
from tools.demo.twins import bologna
from tools.environment import embedded

VISITS_AT_ONCE = 2
LIMIT_S = 150.0
INTERRUPTED = 130


class DemoRunning(RuntimeError):
    """Another demo runs in the same state folder."""


FAILURES = (
    DemoRunning,
    NoHome,
    NotStarted,
    PretixInstallError,
    RedisNotStarted,
    SchemaFaults,
    ShopStartError,
    TwinFailed,
)
"""What keeps a demo from running; each says what to do."""


def run_demo(venue: str | None, console: Console) -> int:
    """Play a demo and say what came of it.

    Args:
        venue: None for the three restaurants, ``pretix`` for the real ticket shop.
        console: Where it is shown: live on a terminal, line by line elsewhere.

    Returns:
        0 only if every row ended as it must and agrees with the venues' own databases; 2 for an unknown venue; 130
        after Ctrl-C, when everything that was started has ended.
    """
    if venue not in {None, "pretix"}:
        console.print(Text(f"There is no demo of {venue!r}: leave --venue away, or say --venue pretix.", style="red"))
        return 2
    try:
        home = read_settings().home.absolute()
        must_have_home(home)
        with _own_folder(home / "demo") as folder, embedded():
            return _play_on(_stage(venue, folder, console), folder, console)
    except FAILURES as error:
        console.print(f"The demo cannot run: {error}", style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("Stopped: everything that the demo had started has ended.")
        return INTERRUPTED


def _stage(venue: str | None, folder: Path, console: Console) -> AbstractContextManager[Stage]:
    if venue is None:
        return bologna(folder)
    return pretix(folder, lambda said: console.print(said, style="dim", markup=False, highlight=False))


def _play_on(setting_up: AbstractContextManager[Stage], folder: Path, console: Console) -> int:
    began = time.monotonic()
    with ExitStack() as running:
        with console.status("starting the venues"):
            stage = running.enter_context(setting_up)
        console.print(Padding(Text(stage.title, style="bold"), (1, 0, 0, 0)))
        console.print(Padding(Text(stage.about, style="dim"), (0, 0, 1, 0)))
        settings = stage.settings(Settings(home=folder))
        with console.status(f"starting a ledger, a Redis and a worker with {VISITS_AT_ONCE} visits at once"):
            running.enter_context(EmbeddedFarm(settings, concurrency=VISITS_AT_ONCE))
        rows = asyncio.run(play(stage, settings.ledger_url, console, LIMIT_S))
        tally = Tally.of(rows, stage.entries(), stage.missed())
        report(stage, tally, console, time.monotonic() - began)
    return 0 if tally.passed else 1


@contextmanager
def _own_folder(folder: Path) -> Iterator[Path]:
    """A fresh folder that no other demo uses as long as this one runs."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DemoRunning(f"another demo runs in {folder}; READBACK_HOME names another state folder") from error
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        yield folder
