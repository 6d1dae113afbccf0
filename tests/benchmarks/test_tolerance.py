"""The tolerance benchmark: its twin keeps its own book, its judge reads nothing else; one quick run of all of it."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from benchmarks.tolerance.command import judged, reconverged_min
from benchmarks.tolerance.schedule import LIMITS_PER_MIN, Schedule
from benchmarks.tolerance.twin import SHUT_OUT_MIN, STRIKES, Book, Door
from tests.benchmarks.test_benchmarks import run

SCHEDULE = Schedule(minutes=10, minute_s=1)


@pytest.fixture
def door(monkeypatch):
    """A door whose time is the test's: `door.at(minute)` knocks then."""
    now = [0.0]
    monkeypatch.setattr("benchmarks.tolerance.twin.time.monotonic", lambda: now[0])
    door = Door(SCHEDULE)

    def at(minute: float) -> int:
        now[0] = minute
        return door.status()

    return door, at


def test_the_door_serves_so_many_in_any_minute_and_no_more(door):
    _, at = door
    asked = Counter(at(n / 100) for n in range(90))
    assert asked == {200: LIMITS_PER_MIN[0], 429: STRIKES - 1, 403: 90 - LIMITS_PER_MIN[0] - STRIKES + 1}


def test_it_forgives_a_few_refusals(door):
    book, at = door
    assert [at(n / 100) for n in range(62)].count(429) == 2
    assert at(1.001) == 200
    assert book.challenges == 0


def test_whoever_does_not_listen_is_challenged_once_and_shut_out(door):
    book, at = door
    for n in range(300):
        at(n / 300)
    assert book.challenges == 1
    begun = (LIMITS_PER_MIN[0] + STRIKES - 1) / 300
    assert at(begun + SHUT_OUT_MIN - 0.01) == 403
    assert at(begun + SHUT_OUT_MIN + 0.01) == 200
    assert at(40) == 410, "all is over"


def test_the_judge_knows_who_came_near():
    perfect = [number * 10 + n / limit for number, limit in enumerate(LIMITS_PER_MIN) for n in range(10 * limit)]
    said = judged(Book({"200": len(perfect)}, 0, perfect), SCHEDULE)
    assert (said["share_of_best"], said["reconverge_s"], said["refused"]) == (1.0, 0, 0)
    late = [at for at in perfect if not 20 <= at < 24]
    assert reconverged_min(late, 2, SCHEDULE) == 4
    slow = [at for n, at in enumerate(perfect) if n % 2]
    assert judged(Book({}, 0, slow), SCHEDULE)["reconverge_s"] is None


def test_a_quick_run_of_the_farm_and_of_all_baselines():
    done = run("tolerance", "--minutes", "3", "--minute-s", "0.5")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["shifts"] == 3
    assert 0 < said["share_of_best"] <= 1.05
    assert set(said["baselines"]) == {"fixed_at_floor", "fixed_at_mean", "fixed_at_ceiling", "crawlee_session_pool"}
    assert all(one["share_of_best"] > 0 for one in said["baselines"].values())
    assert said["clock"] == "compressed: a minute of the agreement took 0.5 s"


def test_bad_input_is_refused():
    assert run("tolerance", "--minutes", "1").returncode == 2
    assert "share_of_best" in run("tolerance", "--help").stdout
