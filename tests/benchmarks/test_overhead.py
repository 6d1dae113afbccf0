"""The benchmark runs whole: every candidate books, and the restaurant's own database agrees."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from fixtures.kit.process import ROOT

RATIOS = ("farm_over_bare_cpu", "farm_over_bare_wall", "launch_over_farm")
SECONDS = ("bare_s", "farm_s", "launch_s")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)


@pytest.mark.e2e
@pytest.mark.browser
def test_one_round_of_all_three() -> None:
    done = run("overhead", "--rounds", "1", "--profile")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["rounds"] == 1
    assert all(said[name] > 0 for name in (*RATIOS, *SECONDS))
    for part in ("worker", "relay", "driver", "chromium", "read_back to looked"):
        assert part in done.stderr


def test_benchmarks_are_listed_and_explain_themselves() -> None:
    assert "overhead" in run().stdout
    assert "--rounds" in run("overhead", "--help").stdout


def test_bad_input_is_refused() -> None:
    assert run("speed").returncode == 2
    assert run("overhead", "--rounds", "0").returncode == 2
