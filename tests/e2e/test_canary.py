"""Guest values and secrets go through every kind of booking and failure; afterwards they are searched for everywhere.

Real workers, a real broker, four venues with accounts, cards and faults, a worker that is killed on the way. Where a
word may stand is named in ``tests/e2e/canary.py``; everywhere else there must be none.
"""

from __future__ import annotations

import shutil
import signal
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from farm.facts import Party
from farm.identity import Reference, made_secret, mint_code
from farm.registry import Registry
from farm.request import Request
from farm.status import BookingStatus, Cause
from farm.tier import Tier
from fixtures.kit.process import TwinProcess
from gateway.cli import app
from ledger.records import BookingRecord
from profiles.secrets import farm_key
from tasks.embedded import EmbeddedFarm
from tasks.masks import MASK
from tasks.settings import Settings
from tests.e2e.canary import CARD, MAY_HOLD, SECRET_COLUMNS, Canary, Leak, in_files, in_ledger, in_text, stand
from tests.e2e.reseller import Platform
from tools.conformance.cases import Cases

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.timeout(240)]

LEDGER = "ledger.sqlite3"
KEYS = ("account.key", "state.key")
ANYBODYS = ("challenge", "crash")
"""Faults that strike whoever comes next."""
S = BookingStatus


@dataclass
class Run:
    """What a run has left."""

    canary: Canary
    home: Path
    scratch: Path
    ended: dict[str, BookingRecord]
    said: str
    minted: list[str]
    tokens: list[str]

    def scenes(self, tag: str) -> set[tuple[str, str]]:
        """Where which scenes of a booking were seen: each as a picture and as a text."""
        seen: dict[str, set[tuple[str, str]]] = {}
        rows = "SELECT kind, venue, scene, id FROM evidence WHERE booking_id = ? AND sha256 IS NOT NULL"
        with sqlite3.connect(self.home / LEDGER) as ledger:
            for kind, venue, scene, item in ledger.execute(rows, (self.ended[tag].id,)):
                assert len(list((self.home / "evidence").rglob(f"{item}.*"))) == 1
                seen.setdefault(kind, set()).add((venue, scene))
        assert seen.get("picture") == seen.get("text"), seen
        return seen.get("text", set())

    @property
    def secrets(self) -> list[str]:
        return [*self.canary.secret, *self.minted, *self.tokens]

    def leaks(self) -> list[Leak]:
        """Every word where it does not belong."""
        personal, keys = self.canary.personal, [(self.home / name).read_text() for name in KEYS]
        leaks = in_ledger(self.home / LEDGER, personal, MAY_HOLD)
        leaks += in_ledger(self.home / LEDGER, [*self.secrets, *keys], SECRET_COLUMNS)
        leaks += in_files(self.home, [*personal, *keys], but=(LEDGER, *KEYS))
        leaks += in_files(self.home, self.secrets)
        leaks += in_files(self.scratch, [*personal, *self.secrets, *keys])
        return leaks + list(in_text("what the commands say", self.said, [*personal, *self.secrets, *keys]))


class Stage:
    """Four venues and the requests for them."""

    def __init__(self, canary: Canary, twins: dict[str, TwinProcess], settings: Settings) -> None:
        self.canary, self.twins = canary, twins
        self.platform = Platform(settings)
        self._registry = Registry.load(settings.integration_folders)
        self._days = iter(range(40, 200))
        self.ids: dict[str, str] = {}

    def ask(self, tag: str, venue: str, *others: str, fault: str | None = None) -> str:
        """Queue a request with a fault that only this guest meets, or whoever comes next."""
        if fault is not None:
            self.twins[venue].set_fault(fault, match=None if fault in ANYBODYS else f"zyxquill.{tag}")
        integration = self._registry.venue(venue).integration
        written = Cases.load(self._registry.integrations[integration].folder).request
        wish = written.at(self._registry.venue(venue), datetime.now(UTC) + timedelta(days=next(self._days)))
        wish = wish.model_copy(
            update={
                "guest": self.canary.guest(tag),
                "note": self.canary.note,
                "context": {"seat": self.canary.context},
                "venues": (venue, *others),
                "card": CARD if wish.card else None,
            }
        )
        self.ids[tag] = self._queue(wish)
        return self.ids[tag]

    def _queue(self, wish: Request) -> str:
        return self.platform._ask(lambda ledger: ledger.accept(wish, mint_code())).booking.id

    def change(self, booking_id: str) -> None:
        wish = self.platform.booking(booking_id).wanted().model_copy(update={"party": Party(adults=3)})
        self.platform._ask(lambda ledger: ledger.request_change(booking_id, wish))

    def ended(self, tag: str) -> BookingRecord:
        return self.platform.settled(self.ids[tag])


def play(stage: Stage, settings: Settings) -> dict[str, BookingRecord]:
    """Every kind of end, with two workers' visits at once; the first farm is killed while it books."""
    with EmbeddedFarm(settings, concurrency=1) as farm:
        killed = stage.ask("killed", "luna")
        stage.platform.until(killed, lambda _: "enter_guest" in stage.platform.steps(killed))
        worker = psutil.Process(farm.pids[0])
        below = worker.children(recursive=True)
        worker.send_signal(signal.SIGKILL)
        psutil.wait_procs(below, timeout=15)
    with EmbeddedFarm(settings, concurrency=2):
        for fault in ANYBODYS:
            stage.ask(fault, "luna", "sole", fault=fault)
            stage.ended(fault)
        stage.ask("plain", "luna")
        stage.ask("cancelled", "luna")
        stage.ask("changed", "luna")
        stage.ask("cut", "luna", "sole", fault="dropped_after")
        stage.ask("shifted", "luna", "sole", fault="shifted_time")
        stage.ask("refused", "luna", "sole", fault="slot_lost")
        stage.ask("renamed", "sole", fault="wrong_party")
        stage.ask("stay", "hotel")
        stage.ask("lost_stay", "hotel", fault="dropped_after")
        stage.ask("paid", "theatre")
        stage.ask("declined", "theatre", fault="card_declined")
        stage.ask("asked", "theatre", fault="needs_3ds")
        stage.ask("liar", "theatre", fault="lying_thanks")
        assert {stage.ended(tag).status for tag in ("cancelled", "changed")} == {S.CONFIRMED}, stage.ended(
            "changed"
        ).sentence
        stage.platform.cancel(stage.ids["cancelled"])
        stage.change(stage.ids["changed"])
        ended = {tag: stage.ended(tag) for tag in stage.ids if tag != "cancelled"}
        gone = {BookingStatus.CANCELLED, BookingStatus.IN_DOUBT}
        ended["cancelled"] = stage.platform.until(stage.ids["cancelled"], lambda booking: booking.status in gone)
        ended["changed"] = stage.platform.until(stage.ids["changed"], lambda booking: booking.change is None)
    return ended


def spoken(ids: list[str], patch: pytest.MonkeyPatch, settings: Settings) -> str:
    """What every command says of these bookings, for people and for programs."""
    patch.setenv("READBACK_HOME", str(settings.home))
    patch.setenv("READBACK_INTEGRATIONS", settings.integrations)
    patch.setenv("READBACK_PARTNERS", settings.partners)
    asked = [["list"], ["list", "--json"], ["doubts"], ["doubts", "--json"], ["leftovers"], ["rate"], ["venues"]]
    asked += [["show", one, *more] for one in ids for more in ([], ["--json"])]
    results = [CliRunner().invoke(app, words) for words in asked]
    assert {result.exit_code for result in results} <= {0}, [result.stderr for result in results if result.exit_code]
    return "".join(result.stdout + result.stderr for result in results)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Iterator[Run]:
    canary, folder = Canary(), tmp_path_factory.mktemp("canary")
    scratch = Path(tempfile.mkdtemp(prefix="cn"))  # short: a socket's path is
    words = canary.passwords
    started = {
        "luna": TwinProcess.start("fixtures.osteria_luna", folder / "luna"),
        "sole": TwinProcess.start("fixtures.osteria_luna", folder / "sole"),
        "hotel": TwinProcess.start(
            "fixtures.hotel_seeblick", folder / "hotel", desk_user="front", desk_password=words["desk"]
        ),
        "theatre": TwinProcess.start(
            "fixtures.marlowe_theatre", folder / "theatre", box_office_password=words["box_office"]
        ),
    }
    likes = {
        "luna": ("osteria_luna", "osteria_luna", None),
        "sole": ("osteria_luna", "osteria_luna", None),
        "hotel": ("hotel_seeblick", "hotel_seeblick", "desk"),
        "theatre": ("marlowe_theatre", "marlowe_theatre", "box_office"),
    }
    for slug, (integration, venue, keeps) in likes.items():
        stand(folder / "overlay", integration, venue, slug, started[slug], keeps)
    settings = Settings(
        home=folder / "home",
        lease_s=3,
        resend_s=2,
        least_tier=Tier.NONE,
        integrations=str(folder / "overlay" / "integrations"),
        partners=str(folder / "overlay" / "partners"),
        vault=f"file:{canary.vault(folder)}",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(scratch))
        patch.setattr(tempfile, "tempdir", None)
        given = {"SEEBLICK_DESK_USER": "front", "SEEBLICK_DESK_PASSWORD": words["desk"]}
        given |= {"MARLOWE_USER": "boxoffice", "MARLOWE_PASSWORD": words["box_office"]}
        for name, value in given.items():
            patch.setenv(f"READBACK_{name}", value)
        stage = Stage(canary, started, settings)
        try:
            ended = play(stage, settings)
            said = spoken(list(stage.ids.values()), patch, settings)
            yield Run(canary, settings.home, scratch, ended, said, minted(stage, settings), tokens(started))
        finally:
            for twin in started.values():
                twin.stop()
            patch.setattr(tempfile, "tempdir", None)
    shutil.rmtree(scratch, ignore_errors=True)


def minted(stage: Stage, settings: Settings) -> list[str]:
    """The passwords of the accounts that guests got on the way."""
    key = farm_key(settings.key_file, make=False)
    rows = [row for one in stage.ids.values() for row in stage.platform.attempts(one) if row.venue == "hotel"]
    found = [Reference.found_in(row.our_reference) for row in rows]
    return [made_secret(key, reference) for reference in found if reference is not None]


def tokens(twins: dict[str, TwinProcess]) -> list[str]:
    """The sessions that the theatre has open for its box office."""
    with twins["theatre"]._truth.reading() as db:
        return [token for (token,) in db.execute("SELECT token FROM staff_sessions")]


def test_every_kind_of_end_was_there(run):
    confirmed = {"killed", "plain", "changed", "cut", "refused", "challenge", "crash", "stay", "lost_stay", "paid"}
    others = {tag: run.ended[tag].sentence for tag in confirmed if run.ended[tag].status is not S.CONFIRMED}
    assert others == {}
    assert run.ended["cancelled"].status is S.CANCELLED
    assert run.ended["changed"].wanted().party.people == 3 or run.ended["changed"].replaced_by
    assert {tag: run.ended[tag].cause for tag in ("shifted", "renamed")} == dict.fromkeys(
        ("shifted", "renamed"), Cause.RECORD_MISMATCH
    )
    assert {run.ended[tag].status for tag in ("declined", "asked", "liar")} <= {S.FAILED, S.UNAVAILABLE, S.IN_DOUBT}
    assert len(run.minted) >= 2
    assert len(run.tokens) == 1, "the box office was asked, and logged in once"


def test_what_is_searched_was_there(run):
    """The words stand where they must, and everything that is searched has something in it."""
    without = in_ledger(run.home / LEDGER, run.canary.personal, {})
    assert {leak.where for leak in without} >= {"bookings.request", "attempts.recap", "attempts.expected"}
    assert (run.home / "logs" / "worker.log").stat().st_size > 0
    ids = [booking.id for booking in run.ended.values()]
    redis = b"".join(path.read_bytes() for path in (run.home / "redis").rglob("*") if path.is_file())
    assert any(one.encode() in redis for one in ids), "the messages are in what Redis wrote"
    assert all(one in run.said for one in ids)
    assert run.scenes("plain") == {("luna", "recap"), ("luna", "claim"), ("luna", "sighting")}
    assert run.scenes("refused") >= {("luna", "recap"), ("sole", "sighting")}
    assert run.scenes("stay") >= {("hotel", "recap"), ("hotel", "sighting")}
    assert run.scenes("paid") >= {("theatre", "recap"), ("theatre", "sighting")}
    pictures = [path.read_bytes()[:3] for path in (run.home / "evidence").rglob("*.jpg")]
    assert len(pictures) > 20
    assert set(pictures) == {b"\xff\xd8\xff"}
    texts = [path.read_text() for path in (run.home / "evidence").rglob("*.txt")]
    assert any("Quando" in text and MASK in text for text in texts), "a record was read, and its guest covered"
    with sqlite3.connect(run.home / LEDGER) as ledger:
        ((kept,),) = ledger.execute("SELECT count(*) FROM log_ins WHERE sealed IS NOT NULL").fetchall()
    assert kept == 1


def test_nothing_is_where_it_does_not_belong(run):
    assert run.leaks() == []


@pytest.mark.parametrize("where", ["log", "event", "column", "file", "scratch", "redis"])
def test_a_leak_that_is_planted_is_found(run, tmp_path, where):
    """Each place that is searched is really searched."""
    home, scratch = tmp_path / "home", tmp_path / "scratch"
    shutil.copytree(run.home, home, ignore=lambda _, names: [name for name in names if name.endswith(".sock")])
    scratch.mkdir()
    (word, secret), booking = (run.canary.name.split()[1], run.canary.number), run.ended["plain"].id

    def write(statement: str, *values: str) -> None:
        with sqlite3.connect(home / LEDGER) as ledger:
            ledger.execute(statement, values)

    if where == "log":
        with (home / "logs" / "worker.log").open("a") as log:
            log.write(f"TimeoutError: filling {word.upper()}\n")
    elif where == "event":
        write(
            "INSERT INTO events (booking_id, number, at, kind, payload, reseller, position)"
            " SELECT booking_id, 999, at, kind, ?, reseller, 999999 FROM events WHERE booking_id = ? LIMIT 1",
            f'{{"detail": "{word}"}}', booking,
        )  # fmt: skip
    elif where == "column":
        write("UPDATE bookings SET request = replace(request, '\"kanarienkarte\"', ?)", f'"{secret}"')
        write("UPDATE attempts SET claim = ? WHERE booking_id = ?", f'{{"card": "{secret}"}}', booking)
    elif where == "file":
        (home / "evidence" / "page.png").write_bytes(b"\x89PNG" + run.canary.note.encode())
    elif where == "scratch":
        (scratch / "core.1").write_bytes(b"\x00" * 9 + secret.encode() + b"\x00")
    else:
        with (home / "redis" / "dump.aof").open("ab") as messages:
            messages.write(f'{{"args": ["zyxquill.plain@{run.canary.domain}"]}}'.encode())
    planted = Run(run.canary, home, scratch, run.ended, "", run.minted, run.tokens)
    assert planted.leaks() != []
