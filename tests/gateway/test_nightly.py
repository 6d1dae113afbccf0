"""``readback nightly``: which integrations, how it ends, and what it leaves behind."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from farm.tier import Tier
from gateway.answers import Problem
from ledger.store import Ledger
from tasks.child import Ended
from tasks.settings import Settings
from tests.tools.found import breaking, found
from tools.nightly import checking
from tools.results import Report

GOOD, BAD = found, lambda name: found(name, checks=breaking("full at commit"))


@pytest.fixture
def checks(monkeypatch):
    """What ``readback check`` finds, by integration; who is not in it passes."""
    finds: dict[str, Any] = {}
    asked: list[str] = []

    def run(words, within_s, command):
        asked.append(words[1])
        make = finds.get(words[1], GOOD)
        if make is None:
            return Ended(1, "", "no browser here")
        return Ended(0, Report(at=datetime.now(UTC), results=(make(words[1]),)).model_dump_json(), "")

    monkeypatch.setattr(checking, "run", run)
    finds["asked"] = asked
    return finds


def demoted(home):
    async def look():
        async with await Ledger.open(Settings(home=home).ledger_url) as ledger:
            return {name: one.tier for name, one in (await ledger.demotions.all()).items()}

    return asyncio.run(look())


def test_all_are_checked_unless_some_are_named(run, checks, home):
    result = run("nightly")
    assert result.exit_code == 0, result.stderr
    assert {"osteria_luna", "pretix"} <= set(checks["asked"])
    assert checks["asked"] == sorted(checks["asked"])
    checks["asked"].clear()
    assert run("nightly", "pretix", "pretix").exit_code == 0
    assert checks["asked"] == ["pretix"]
    assert demoted(home) == {}


def test_what_broke_is_demoted_and_a_repair_brings_it_back(run, checks, home):
    checks["osteria_luna"] = BAD
    result = run("nightly", "osteria_luna", "pretix")
    assert result.exit_code == 5
    assert "osteria_luna tell ada, bo" in " ".join(result.stdout.split())
    assert demoted(home) == {"osteria_luna": Tier.BRONZE}
    del checks["osteria_luna"]
    result = run("nightly", "osteria_luna")
    assert result.exit_code == 0
    assert "passed again" in result.stdout
    assert demoted(home) == {}


def test_a_machine_that_cannot_check_demotes_nobody(run, checks, home):
    checks["pretix"] = None
    result = run("nightly", "osteria_luna", "pretix")
    assert result.exit_code == 1
    assert "no browser here" in result.stdout
    assert demoted(home) == {}


def test_what_broke_outweighs_what_was_not_checked(run, checks):
    checks |= {"pretix": None, "osteria_luna": BAD}
    assert run("nightly", "osteria_luna", "pretix").exit_code == 5


def test_runs_that_name_one_folder_share_a_report(run, checks, tmp_path):
    folder = tmp_path / "night"
    checks["osteria_luna"] = BAD
    first = run("nightly", "osteria_luna", "--report", str(folder), "--json")
    assert [one.integration for one in Report.model_validate_json(first.stdout).results] == ["osteria_luna"]
    assert f"Report: {folder / 'index.html'}" in first.stderr
    assert run("nightly", "pretix", "--report", str(folder)).exit_code == 0, "the other one is not this run's"
    whole = Report.model_validate_json((folder / "report.json").read_text())
    assert [one.integration for one in whole.results] == ["osteria_luna", "pretix"]
    assert (folder / "junit.xml").is_file()


def test_an_integration_that_there_is_not_is_named(run, checks):
    result = run("nightly", "osteria_lnua", "--json")
    assert result.exit_code == 2
    assert Problem.model_validate_json(result.stdout).then == "did you mean `osteria_luna`?"
    assert checks["asked"] == []
