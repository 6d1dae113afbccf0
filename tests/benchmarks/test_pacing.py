"""The pacing benchmark: figures from times made by hand, and a short run of real processes."""

from __future__ import annotations

import json

from benchmarks.pacing.departures import SECOND_NS, Agreed, figures
from tests.benchmarks.test_benchmarks import run


def at(*seconds: float) -> list[int]:
    return [round(each * SECOND_NS) for each in seconds]


def test_the_worst_minute_is_found_however_it_is_cut():
    agreed = Agreed(3, 1, 120, 0)
    assert figures(at(0, 30, 59.9, 60, 119.8), agreed) == {"worst_window": 3, "violations": 0, "utilisation": 0.8333}
    said = figures(at(0, 30, 59.8, 59.9, 100, 119.7), agreed)
    assert (said["worst_window"], said["violations"]) == (4, 2)  # one too many at 59.9, and again at 119.7
    assert figures([], agreed) == {"worst_window": 0, "violations": 0, "utilisation": 0.0}


def test_a_few_seconds_of_real_processes():
    done = run("pacing", "--workers", "2", "--seconds", "3", "--per-min", "300", "--burst", "5", "--alone")
    said = json.loads(done.stdout.splitlines()[-1])
    assert list(said)[:4] == ["agreed_per_min", "worst_window", "violations", "utilisation"]
    assert said["violations"] == 0
    assert 5 <= said["worst_window"] <= 5 + 4 * 5
    assert "readback" in done.stderr
