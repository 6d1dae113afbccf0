"""The benchmarks run whole; every candidate of the farm's books, and the restaurant's own database agrees."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.overhead.farm import settings
from fixtures.kit.process import ROOT
from profiles.partner import Partners

RATIOS = ("farm_over_bare_cpu", "farm_over_bare_wall", "launch_over_farm")
SECONDS = ("bare_s", "farm_s", "launch_s")


DEPLOYMENT = {
    "READBACK_BROKER_URL": "redis://:s3cret@127.0.0.1:1/0",
    "READBACK_REDIS_URL": "redis://:s3cret@127.0.0.1:1/1",
    "READBACK_DATABASE_URL": "postgresql://farm:s3cret@127.0.0.1:1/farm",
}
"""What a benchmark must leave alone: nobody answers there."""


def run(*arguments: str, limit_s: float = 90) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    environ = os.environ | DEPLOYMENT
    return subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=limit_s, check=False
    )


@pytest.mark.e2e
@pytest.mark.browser
def test_one_round_of_all_three() -> None:
    done = run("overhead", "--rounds", "1", "--profile")
    assert done.returncode == 0, done.stderr
    assert "s3cret" not in done.stdout + done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["rounds"] == 1
    assert all(said[name] > 0 for name in (*RATIOS, *SECONDS))
    quoted = re.search(r"```json\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert quoted is not None
    assert json.loads(quoted[1]).keys() == said.keys()
    for part in ("worker", "relay", "driver", "chromium", "read_back to looked"):
        assert part in done.stderr


@pytest.mark.parametrize("load_all", [False, True])
def test_the_farm_leaves_out_what_its_profile_says_or_nothing(tmp_path, load_all) -> None:
    here = settings(tmp_path, "http://127.0.0.1:1", "", load_all=load_all)
    (partner,) = Partners.load([Path(here.partners)]).by_slug.values()
    assert ("stylesheet" in partner.fingerprint.skip) is not load_all


def test_a_round_of_the_ledger_both_ways() -> None:
    done = run("ledger", "--rounds", "1")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert (said["database"], said["rounds"]) == ("sqlite", 1)
    assert all(said[name] > 0 for name in ("async_over_threads_cpu", "threads_cpu_ms", "async_ms"))


@pytest.mark.e2e
@pytest.mark.browser
def test_a_round_of_bookings_through_the_guard_and_straight() -> None:
    done = run("egress", "--rounds", "1")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["rounds"] == 1
    assert all(said[f"{name}_{what}"] > 0 for name in ("straight", "inside", "guard") for what in ("wall_s", "cpu_s"))


def test_benchmarks_are_listed_and_explain_themselves() -> None:
    assert {"overhead", "ledger", "egress", "truth"} <= set(run().stdout.split())
    assert "--rounds" in run("overhead", "--help").stdout


def test_bad_input_is_refused() -> None:
    assert run("speed").returncode == 2
    assert run("overhead", "--rounds", "0").returncode == 2
    wrong = run("ledger", "--database", "mysql://nobody@127.0.0.1/nothing")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "sqlite or postgresql" in wrong.stderr
