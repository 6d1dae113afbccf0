"""``readback check``: what is looked at, what is told, and how it ends. No venue is started here."""

from __future__ import annotations

import io
import json
import re
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from farm.tier import Tier
from gateway.checks import tell
from tools.lint.house import RULES
from tools.results import KINDS, Check, Exempted, Report, Results

BAD = Path(__file__).parents[1] / "tools" / "lint" / "bad"
TODAY = datetime.now(UTC).date()


@pytest.fixture
def bad(tmp_path, monkeypatch):
    """A folder of integrations with one bad one, which has a partner at least."""

    def bad(name: str) -> Path:
        folder = Path(shutil.copytree(BAD / name, tmp_path / "integrations" / name))
        venue = folder / "venues" / f"{name}_ferry.toml"
        venue.write_text(venue.read_text().replace('"nobody"', '"bologna_tables"'))
        monkeypatch.setenv("READBACK_INTEGRATIONS", str(tmp_path / "integrations"))
        return folder

    return bad


def words(text: str) -> str:
    return " ".join(text.split())


class TestHowItEnds:
    def test_a_good_integration(self, run):
        result = run("check", "osteria_luna", "--only", "lint", "--only", "schema")
        assert result.exit_code == 0
        assert f"✓ osteria_luna  all {4 + len(RULES)} checks well" in result.stdout
        assert f"osteria_luna · lint: {len(RULES)} well" in result.stderr

    def test_a_bad_one_says_where_and_what_to_do(self, run, bad):
        bad("no_sleep")
        result = run("check", "no_sleep", "--only", "lint")
        assert result.exit_code == 1
        said = words(result.stdout)
        assert f"✗ no_sleep 1 of {len(RULES)} checks failed" in said
        assert "script.py:" in said
        assert "wait for a sign" in said
        assert "owners readback" in said

    def test_json_is_one_document(self, run, bad):
        bad("no_sleep")
        result = run("check", "no_sleep", "--only", "lint", "--json")
        assert result.exit_code == 1
        report = Report.model_validate(json.loads(result.stdout))
        (results,) = report.results
        assert [check.name for check in results.checks if not check.ok] == ["no_sleep"]
        assert (results.earned, results.ran) == (None, ("lint",))
        assert not result.stderr

    def test_without_a_name_every_one_is_looked_at(self, run, bad):
        bad("no_sleep")
        report = json.loads(run("check", "--only", "lint", "--json").stdout)
        assert {"osteria_luna", "pretix", "no_sleep"} <= {one["integration"] for one in report["results"]}

    def test_without_cases_no_venue_is_started(self, run, bad):
        bad("no_sleep")
        result = run("check", "no_sleep")
        assert result.exit_code == 1
        assert "an integration without cases is not tested" in words(result.stdout)
        assert "none earned, bronze claimed; for bronze: conformance was not looked at" in words(result.stdout)

    def test_a_file_that_cannot_be_read_is_a_failed_check(self, run, bad):
        folder = bad("no_sleep")
        manifest = folder / "manifest.toml"
        manifest.write_text(manifest.read_text().replace("owners", "owner"))
        result = run("check", "no_sleep")
        assert result.exit_code == 1
        assert "✗ no_sleep" in result.stdout
        assert "unknown key `owner`; did you mean `owners`?" in words(result.stdout)


class TestWhatIsNotDoneYet:
    @pytest.fixture
    def begun(self, run, tmp_path, monkeypatch):
        """What `readback new` said, and nothing done yet."""
        said = run("new", "city_ferry", "--from", "rooms", "--into", str(tmp_path))
        monkeypatch.setenv("READBACK_INTEGRATIONS", str(tmp_path / "integrations"))
        monkeypatch.setenv("READBACK_PARTNERS", str(tmp_path / "partners"))
        return said

    def test_new_says_what_comes_next_in_lines_that_can_be_copied(self, begun):
        assert "city_ferry/script.py  5 to do\n" in begun.stdout
        for line in (
            r"  PYTHONPATH=\S+/twins:\S+ python -m city_ferry_twin --port 8499 --data \S+",
            r"  READBACK_INTEGRATIONS=\S+ READBACK_PARTNERS=\S+ readback check city_ferry",
        ):
            assert any(re.fullmatch(line, one) for one in begun.stdout.splitlines()), begun.stdout

    def test_all_of_it_is_named_and_nothing_is_played(self, run, begun):
        result = run("check", "city_ferry")
        assert result.exit_code == 1
        assert f"✗ city_ferry  1 of {4 + len(RULES)} checks failed" in result.stdout
        said = words(result.stdout)
        assert "until then nothing is played" in said
        assert "script.py:59: the name of the button that books" in said
        whole = "".join(said.split())  # a long path is broken where its line ends
        for part in ("partners/city_ferry.toml:", "house.py:"):
            assert part in whole
        assert re.search(r"to_dos: script\.py:1: .* \(and 13 more\)", words(result.stderr))


class TestWhatWasTyped:
    @pytest.mark.parametrize(
        ("words_typed", "said"),
        [
            (["osteria_lunna"], "no integration `osteria_lunna`"),
            (["osteria_luna", "--only", "lnt"], "no kind of check `lnt`"),
        ],
    )
    def test_a_name_that_is_none(self, run, words_typed, said):
        result = run("check", *words_typed)
        assert result.exit_code == 2
        assert said in result.stderr
        assert "did you mean" in result.stderr

    def test_a_tier_is_written_only_after_every_check(self, run, bad):
        folder = bad("css")
        before = (folder / "manifest.toml").read_text()
        result = run("check", "css", "--only", "lint", "--write")
        assert result.exit_code == 2
        assert "no tier of css was computed" in result.stderr
        assert (folder / "manifest.toml").read_text() == before


class TestTheTable:
    def drawn(self, *results: Results, width: int = 400) -> str:
        console = Console(width=width, file=io.StringIO())
        tell(Report(at=datetime.now(UTC), results=results), console)
        assert isinstance(console.file, io.StringIO)
        return console.file.getvalue()

    def shown(self, *results: Results) -> str:
        return words(self.drawn(*results))

    def results(self, *checks: Check, exempted: tuple[Exempted, ...] = (), earned: Tier | None = None) -> Results:
        return Results(
            integration="ferry",
            owners=("ada",),
            checks=checks,
            exempted=exempted,
            earned=earned,
            claimed=Tier.BRONZE,
            ran=KINDS,
            cells=41,
            faults_hit=("full", "crash"),
            killed=12,
            survived=tuple(check.name for check in checks if check.ended == "survived"),
        )

    def test_a_survivor_is_named_with_its_picture(self):
        survivor = Check(
            kind="mutation",
            name="date_shifted on mine",
            ok=False,
            what="the page shows the next day, and the script did not notice: matched",
            what_to_do="read it",
            ended="survived",
            screenshot=Path("pictures/one.png"),
        )
        said = self.shown(self.results(survivor, earned=Tier.BRONZE))
        for part in (
            "date_shifted on mine",
            "did not notice",
            "read it",
            "pictures/one.png",
            "12 of 13 mutants noticed",
        ):
            assert part in said
        assert "41 runs, 2 faults hit" in said
        assert "bronze earned; for silver:" in said
        assert "mutant not noticed: date_shifted on mine" in said

    def test_a_path_is_not_broken_where_words_are(self):
        broken = Check(
            kind="conformance",
            name="full",
            ok=False,
            what="one word " * 20,
            what_to_do="look at\n" + "folder/" * 20 + "page.html",
            screenshot=Path("pictures/" * 20 + "one.png"),
        )
        lines = self.drawn(self.results(broken), width=60).splitlines()
        assert f"    {'folder/' * 20}page.html" in lines
        assert f"    {'pictures/' * 20}one.png" in lines
        assert all(len(line) <= 60 for line in lines if "/" not in line)

    def test_what_is_left_out_is_told_with_its_end(self):
        out = Exempted(kind="fault", name="mail_late", reason="this ferry sends no mail", until=date(2031, 5, 1))
        said = self.shown(self.results(exempted=(out,)))
        assert "Left out" in said
        assert "ferry fault mail_late 2031-05-01 this ferry sends no mail" in said

    def test_what_is_left_out_for_now_fails_nothing(self):
        broken = Check(kind="lint", name="size", ok=False, what="too long", what_to_do="shorten it")
        out = Exempted(kind="rule", name="size", reason="its piers are data", until=TODAY)
        assert "✓ ferry" in self.shown(self.results(broken, exempted=(out,)))
        past = out.model_copy(update={"until": TODAY - timedelta(days=1)})
        assert "✗ ferry" in self.shown(self.results(broken, exempted=(past,)))
