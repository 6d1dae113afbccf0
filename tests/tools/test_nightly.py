"""A night: what each check came to, what the ledger remembers of it, and what people and machines are told."""

from __future__ import annotations

import base64
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import psutil
import pytest

from farm.registry import Registry
from farm.tier import Tier
from ledger.migrate import upgrade
from ledger.store import Ledger
from tests.tools.found import GOOD, breaking, found, left_out
from tools.console import PlainConsole
from tools.nightly.checking import checked
from tools.nightly.folder import JSON, JUNIT, PAGE, keep, publish
from tools.nightly.outcome import Outcome, remember
from tools.nightly.summary import summary
from tools.results import Check, Report, Results
from tools.tier import judged

AT = datetime(2026, 11, 25, 3, 4, tzinfo=UTC)
TODAY = AT.date()
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
LUNA = Registry.load([Path(__file__).parents[2] / "integrations"]).integrations["osteria_luna"]


def broken(integration="seeblick", **changes):
    return judged(found(integration, checks=breaking("full at commit", **changes)), TODAY)


def told(*results, at=AT):
    return Report(at=at, results=results).model_dump_json()


class TestChecking:
    """A child that stands in for ``readback check``."""

    def check(self, code, within_s=20.0):
        return checked(LUNA, TODAY, within_s, [sys.executable, "-c", code])

    def test_what_it_prints_is_what_was_found(self):
        said = told(found("osteria_luna", seconds=1))
        code = f"import sys; assert sys.argv[1:] == ['check', 'osteria_luna', '--json']; print({said!r})"
        results = self.check(code)
        assert (results.earned, results.not_checked) == (Tier.GOLD, None)
        assert results.checks == GOOD

    def test_its_exit_code_is_no_news(self):
        said = told(found("osteria_luna", checks=breaking("full at commit")))
        assert self.check(f"print({said!r}); raise SystemExit(5)").earned is Tier.BRONZE

    def test_a_twin_that_does_not_start_says_nothing_of_the_integration(self):
        stopped = Check(kind="run", name="twin", ok=False, what="no module named starlette")
        said = told(found("osteria_luna", checks=(*GOOD[:2], stopped), ran=("schema", "lint")))
        results = self.check(f"print({said!r})")
        assert (results.not_checked, results.earned) == ("no module named starlette", None)

    def test_one_that_does_not_end_is_ended_with_all_that_it_started_and_has_failed(self, tmp_path):
        left = tmp_path / "child"
        asleep = f"{[sys.executable, '-c', 'import time; time.sleep(600)']!r}"
        code = (
            f"import subprocess, pathlib; child = subprocess.Popen({asleep});"
            f"pathlib.Path({str(left)!r}).write_text(str(child.pid)); child.wait()"
        )
        results = self.check(code, within_s=3)
        (check,) = results.failed(TODAY)
        assert (check.kind, check.what) == ("run", "it did not come to its end within 3 s")
        assert results.earned is Tier.NONE
        assert results.owners == ("readback",)
        assert not psutil.pid_exists(int(left.read_text())) or is_dead(int(left.read_text()))

    @pytest.mark.parametrize(
        ("code", "why"),
        [
            ("import sys; print('boom', file=sys.stderr); sys.exit(1)", "its check ended with exit code 1: boom"),
            ("raise SystemExit(3)", "its check ended with exit code 3: it said nothing"),
            ("print('{}')", "its check ended with exit code 0: it said nothing"),
            (
                "import json, sys; print(json.dumps({'error': 'no browser', 'faults': ["
                "{'where': 'PATH', 'what': 'has none'}], 'then': None})); sys.exit(1)",
                "no browser; PATH: has none",
            ),
        ],
    )
    def test_one_that_this_machine_cannot_make_says_nothing_of_the_integration(self, code, why):
        results = self.check(code)
        assert results.not_checked == why
        assert (results.earned, results.failed(TODAY)) == (None, ())


def is_dead(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


class TestRemembering:
    @pytest.fixture
    async def ledger(self, tmp_path):
        url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
        await upgrade(url)
        async with await Ledger.open(url, lambda: AT) as ledger:
            yield ledger

    async def test_what_broke_is_demoted_to_what_it_earned_with_why_and_where(self, ledger):
        assert await remember(ledger, broken(), TODAY, Path("/reports/index.html")) == "broke"
        demoted = (await ledger.demotions.all())["seeblick"]
        assert (demoted.tier, demoted.venue, demoted.since) == (Tier.BRONZE, "seeblick_house", AT)
        assert demoted.reason == "full at commit: confirmed, but unavailable was to come"
        assert demoted.report == "/reports/index.html"

    async def test_what_passes_is_back(self, ledger):
        await remember(ledger, broken(), TODAY)
        assert await remember(ledger, judged(found("seeblick"), TODAY), TODAY) == "restored"
        assert await ledger.demotions.all() == {}
        assert await remember(ledger, judged(found("seeblick"), TODAY), TODAY) == "passed"

    @pytest.mark.parametrize("changes", [{"not_checked": "no browser"}, {"ran": ("lint",)}])
    async def test_what_was_not_looked_at_stays_as_it_is(self, ledger, changes):
        await remember(ledger, broken(), TODAY)
        assert await remember(ledger, judged(found("seeblick", **changes), TODAY), TODAY) == "not_checked"
        assert set(await ledger.demotions.all()) == {"seeblick"}
        assert await remember(ledger, judged(found("luna", **changes), TODAY), TODAY) == "not_checked"
        assert set(await ledger.demotions.all()) == {"seeblick"}

    async def test_what_claims_little_may_fail_much(self, ledger):
        modest = judged(found(claimed=Tier.BRONZE, checks=breaking("full at commit")), TODAY)
        assert await remember(ledger, modest, TODAY) == "passed"

    async def test_a_check_without_end_is_a_demotion_to_nothing(self, ledger):
        endless = Check(kind="run", name="the check ends", ok=False, what="it did not come to its end within 3 s")
        results = found(claimed=Tier.SILVER, checks=(endless,), ran=(), earned=Tier.NONE)
        assert await remember(ledger, results, TODAY) == "broke"
        demoted = (await ledger.demotions.all())["luna"]
        assert (demoted.tier, demoted.reason) == (Tier.NONE, "it did not come to its end within 3 s")


class TestFolder:
    @pytest.fixture
    def picture(self, tmp_path):
        file = tmp_path / "elsewhere.png"
        file.write_bytes(PICTURE)
        return file

    @pytest.fixture
    def night(self, tmp_path, picture):
        """One passed, one broke, one could not be checked."""
        folder = tmp_path / "night"
        later = [left_out("fault", "mail_late", TODAY + timedelta(days=9))]
        keep(judged(found("luna", exempted=later), TODAY), AT, folder)
        keep(broken(screenshot=picture, what="<b>full</b> & \x00 gone"), AT, folder)
        keep(found("arco", not_checked="no browser here", checks=(), ran=()), AT, folder)
        return folder

    def test_parts_of_a_night_come_together(self, night):
        assert publish(night) == night / PAGE
        report = Report.model_validate_json((night / JSON).read_text())
        assert [one.integration for one in report.results] == ["arco", "luna", "seeblick"]
        assert not report.ok

    def test_an_integration_that_is_checked_again_takes_the_place_of_its_first_check(self, night):
        later = AT + timedelta(hours=2)
        keep(judged(found("seeblick"), TODAY), later, night)
        publish(night)
        report = Report.model_validate_json((night / JSON).read_text())
        assert report.at == later
        assert {one.integration: one.earned for one in report.results}["seeblick"] is Tier.GOLD
        assert list((night / "seeblick").glob("*.png")) == []

    def test_pictures_lie_beside_the_results(self, night, picture):
        picture.unlink()
        publish(night)
        report = Report.model_validate_json((night / JSON).read_text())
        (failed,) = [check for one in report.results for check in one.checks if check.screenshot]
        assert failed.screenshot is not None
        assert failed.screenshot.parent == night / "seeblick"
        assert failed.screenshot.read_bytes() == PICTURE

    def test_a_picture_that_is_not_there_is_not_named(self, night, tmp_path):
        kept = keep(broken(screenshot=tmp_path / "gone.png"), AT, night)
        assert [check.screenshot for check in kept.checks if check.screenshot] == []

    def test_the_page_tells_what_broke_to_whom_with_the_picture_in_it(self, night):
        said = publish(night).read_text()
        assert "<h1>1 of 3 integrations broke, 1 could not be checked</h1>" in said
        assert "Tell ada, bo. It claims silver and earned bronze" in said
        assert "&lt;b&gt;full&lt;/b&gt; &amp;" in said
        assert "<b>" not in said
        assert f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}" in said
        assert "no browser here" in said
        assert said.count("<section") == 2, "nothing to say of what passed"
        assert "src=" not in said.replace('src="data:', ""), "everything is inside"

    def test_the_xml_has_a_case_per_check(self, night):
        publish(night)
        suites = {one.get("name"): one for one in ElementTree.parse(night / JUNIT).getroot()}
        arco, luna, seeblick = (suites[name] for name in ("arco", "luna", "seeblick"))
        assert len(luna.findall("testcase")) == len(GOOD) + 1, "and one that is left out"
        assert (luna.get("failures"), luna.get("skipped"), luna.get("errors")) == ("0", "1", "0")
        assert (seeblick.get("failures"), arco.get("errors")) == ("2", "1")
        failures = {case.get("name"): case.find("failure") for case in seeblick.findall("testcase")}
        told = {name: failure.get("message") for name, failure in failures.items() if failure is not None}
        assert told["full at commit"] == "<b>full</b> & \ufffd gone"
        assert set(told) == {"full at commit", "claim"}
        assert {one.get("name"): one.get("value") for one in seeblick.iter("property")}["owners"] == "ada, bo"


def test_the_summary_names_what_broke_its_owners_and_what_to_do(capsys):
    spared = left_out("rule", "script_size", TODAY - timedelta(days=1))
    rows: list[tuple[Results, Outcome]] = [
        (judged(found("luna", exempted=[spared]), TODAY), "passed"),
        (broken(what_to_do="list its words under [[refusal]]"), "broke"),
        (found("arco", not_checked="no browser here", checks=()), "not_checked"),
    ]
    console = PlainConsole()
    console.width = 140
    for part in summary(rows, TODAY):
        console.print(part)
    said = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "luna ✓ passed gold, claims silver 10 of 10 14 4 of 4 12 of 12 83 ada, bo" in said
    assert "seeblick ✗ broke bronze, claims silver 9 of 11 14 4 of 4 12 of 12 83 ada, bo" in said
    assert "seeblick tell ada, bo" in said
    assert "→ list its words under [[refusal]]" in said
    assert "no browser here" in said
    assert "luna rule script_size over since 2026-11-24 this house has none of it" in said


def test_a_report_goes_through_json_and_back():
    report = Report(at=AT, results=(broken(), judged(found("luna"), TODAY)))
    assert Report.model_validate_json(report.model_dump_json()) == report
    assert json.loads(report.model_dump_json())["results"][0]["earned"] == "bronze"
