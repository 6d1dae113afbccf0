"""The storm whole, in a short form; what the judge calls wrong; and that nothing dead is counted as killed."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from dataclasses import fields, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import psutil
import pytest

from benchmarks.truth import processes
from benchmarks.truth.demand import FULL, HOUSES, SHOPS, TROUBLES, Wish, draw
from benchmarks.truth.judge import Course, confirmed, judge
from benchmarks.truth.venues import Record
from farm.facts import Facts, Party, Slot
from farm.identity import Reference
from farm.status import AttemptState, BookingStatus
from fixtures.osteria_luna.commit import FAULTS
from ledger.records import AttemptRecord, BookingRecord
from tests.benchmarks.test_benchmarks import run

KEYS = [
    "accepted", "feasible", "confirmed", "confirmation_rate", "false_confirmed", "double_booked", "lost",
    "orphan_holds", "unproven_cancels", "in_doubt_left", "kills", "faults_hit",
]  # fmt: skip
WRONG = ("false_confirmed", "double_booked", "lost", "orphan_holds", "unproven_cancels", "in_doubt_left")


@pytest.mark.e2e
@pytest.mark.browser
@pytest.mark.timeout(240)
def test_a_short_storm() -> None:
    done = run("truth", "--bookings", "8", "--seed", "10", "--no-pretix", limit_s=220)
    assert done.stdout, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert list(said) == KEYS
    assert said["accepted"] == 8
    (kills,) = re.findall(r"^kills: (.+)$", done.stderr, re.MULTILINE)
    assert said["kills"] == sum(int(part.split()[0]) for part in kills.split(", ")) >= 4
    assert sum(said["faults_hit"].values()) > 0
    assert [name for name in WRONG if said[name]] == [], done.stderr
    assert done.returncode == (0 if said["confirmation_rate"] == 1.0 else 1)
    assert "example.com" not in done.stderr


ROME = ZoneInfo("Europe/Rome")
AT = datetime(2029, 1, 1, 20, 0, tzinfo=ROME)
CODE = "0123456789"


def wish() -> Wish:
    wishes = draw(1, 30, FAULTS, pretix=False)
    plain = next(w for w in wishes if not w.faults and w.request.venues[0] == "luna")
    return replace(plain, request=plain.request.model_copy(update={"party": Party(adults=2)}), calls_off="never")


def blank(of, **known):
    return of(**({field.name: None for field in fields(of)} | known))


def course(status: BookingStatus = BookingStatus.CONFIRMED, **changes) -> Course:
    asked = wish()
    at = AT.replace(day=asked.request.when.day.day, month=asked.request.when.day.month)
    expected = Facts(when=Slot(starts_at=at), resource="Sala · Tavolo 1", party=Party(adults=2))
    booking = blank(BookingRecord, id="bk_1", code=CODE, status=status, venue="luna", venue_reference="OL-1")
    attempt = blank(
        AttemptRecord,
        our_reference=f"RB-{CODE}-1",
        state=AttemptState.CONFIRMED,
        expected=expected.model_dump_json(),
        stages=(),
    )
    return replace(Course(asked, booking, [attempt], called_off=False, cancel_open=False), **changes)


def record(of: Course, **changes) -> Record:
    guest = of.wish.request.guest
    at = AT.replace(day=of.wish.request.when.day.day, month=of.wish.request.when.day.month)
    true = Record("luna", "OL-1", Reference(CODE, 1), at, 2, "Sala · Tavolo 1", guest.name, guest.email, stands=True)
    return replace(true, **changes)


def counts(of: Course, *records: Record) -> list[str]:
    return [fault.count for fault in judge([of], records)]


class TestJudge:
    def test_a_true_confirmation(self):
        true = course()
        assert counts(true, record(true)) == []
        assert confirmed([true], []) == 1

    @pytest.mark.parametrize(
        "differs",
        [
            {"starts_at": AT + timedelta(hours=3)},
            {"starts_at": AT + timedelta(minutes=30)},
            {"count": 3},
            {"what": "Sala · Tavolo 2"},
            {"name": "Somebody Else"},
            {"email": "somebody@example.com"},
            {"reference": "OL-2"},
            {"venue": "sole"},
            {"planted": Reference(CODE, 2)},
            {"stands": False},
        ],
    )
    def test_a_record_that_differs_makes_it_false(self, differs):
        of = course()
        assert counts(of, record(of, **differs)) == ["false_confirmed"]
        assert confirmed([of], judge([of], [record(of, **differs)])) == 0

    def test_no_record_makes_it_false(self):
        assert counts(course()) == ["false_confirmed"]

    def test_two_records_of_one_booking(self):
        of = course()
        twice = (record(of), record(of, venue="sole", reference="TS-1"))
        assert counts(of, *twice) == ["double_booked", "false_confirmed"]

    @pytest.mark.parametrize("planted", [None, Reference("ZZZZZZZZZZ", 1)])
    def test_a_record_of_no_booking(self, planted):
        of = course()
        assert counts(of, record(of), record(of, reference="OL-9", planted=planted)) == ["double_booked"]

    @pytest.mark.parametrize("status", ["cancelled", "unavailable", "failed", "expired"])
    def test_nothing_should_stand(self, status):
        of = course(BookingStatus(status))
        assert counts(of) == []
        assert counts(of, record(of, stands=False)) == []
        assert counts(of, record(of)) == ["unproven_cancels"]

    @pytest.mark.parametrize("status", ["queued", "attempting", "verifying", "cancelling", "pending_venue"])
    def test_what_never_ended_is_lost(self, status):
        assert counts(course(BookingStatus(status))) == ["lost"]

    def test_a_wish_to_cancel_that_nobody_heard(self):
        of = course(called_off=True)
        assert counts(of, record(of)) == ["lost"]
        assert not of.feasible
        assert counts(replace(course(BookingStatus.CANCELLED), cancel_open=True)) == ["lost"]

    def test_a_doubt_is_counted(self):
        assert counts(course(BookingStatus.IN_DOUBT)) == ["in_doubt_left"]


class TestDemand:
    def test_the_same_seed_asks_for_the_same(self):
        assert draw(7, 50, FAULTS, pretix=True) == draw(7, 50, FAULTS, pretix=True)
        assert draw(7, 50, FAULTS, pretix=True) != draw(8, 50, FAULTS, pretix=True)

    def test_every_kind_is_in_it(self):
        wishes = draw(7, 200, FAULTS, pretix=True)
        assert len({w.key for w in wishes}) == len({w.request.guest.email for w in wishes}) == 200
        assert {p.trouble.fault for w in wishes for p in w.faults} == {t.fault for t in TROUBLES} & FAULTS
        assert {w.calls_off for w in wishes} == {"never", "running", "confirmed"}
        assert {len(w.request.venues) for w in wishes} == {1, 2, 3}
        assert 0.4 < sum(bool(w.faults) for w in wishes) / 200 < 0.5
        assert any(w.sent_twice for w in wishes)
        assert {w.request.venues[0] for w in wishes} == {*HOUSES, *SHOPS}
        days = [w.request.when.day for w in wishes if w.request.venues[0] in HOUSES]
        assert len(days) - len(set(days)) > 5, "nobody competes with anybody for a table"

    def test_only_what_no_venue_can_serve_is_not_feasible(self):
        for w in draw(7, 200, FAULTS, pretix=True):
            full = {p.venue for p in w.faults if p.trouble is FULL}
            assert w.can_be_had is bool(set(w.request.venues) - full)

    def test_without_pretix_nobody_asks_for_it(self):
        assert {v for w in draw(7, 100, FAULTS, pretix=False) for v in w.request.venues} == set(HOUSES)


class TestSignals:
    @pytest.fixture
    def sleeper(self):
        process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        yield process
        process.kill()
        process.communicate()

    def test_a_living_process_is_hit_once(self, sleeper):
        process = psutil.Process(sleeper.pid)
        assert processes.send(process, signal.SIGKILL)
        assert processes.gone(process)
        assert not processes.send(process, signal.SIGKILL)

    def test_a_zombie_is_not_hit(self, sleeper):
        process = psutil.Process(sleeper.pid)
        sleeper.kill()
        while process.status() != psutil.STATUS_ZOMBIE:  # bounded by the test's own limit
            pass
        assert not processes.send(process, signal.SIGKILL)


def test_bad_input_is_refused(tmp_path) -> None:
    (tmp_path / "something").touch()
    for wrong in (["--bookings", "0"], ["--database", "mysql"], ["--folder", str(tmp_path)]):
        done = run("truth", *wrong)
        assert (done.returncode, done.stdout) == (2, ""), wrong
