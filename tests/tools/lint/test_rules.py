"""Each rule catches its own bad script and nothing else; what is shipped breaks none."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tools.lint.house import RULES, lint
from tools.lint.reaching import is_card
from tools.lint.source import Unreadable

BAD = Path(__file__).parent / "bad"
ROOT = Path(__file__).parents[3]
SHIPPED = sorted(path.parent for path in (ROOT / "integrations").glob("*/manifest.toml"))
GUIDE = ROOT / "docs" / "quayside" / "integrations" / "quayside"


def card_number() -> str:
    """One that passes the check, made here: none is written anywhere."""
    digits = [4, *range(1, 10), *range(5)]
    doubled = sum(sum(divmod(2 * digit, 10)) if place % 2 == 0 else digit for place, digit in enumerate(digits))
    return "".join(map(str, [*digits, -doubled % 10]))


@pytest.fixture
def copy(tmp_path):
    """A bad script's folder, to be made worse or better."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(BAD / name, tmp_path / name))

    return copy


def rules_of(folder: Path) -> set[str]:
    return {finding.rule.name for finding in lint(folder)}


class TestEachRule:
    def test_every_rule_has_a_bad_script(self):
        assert {rule.name for rule in RULES} == {path.name for path in BAD.iterdir()}

    @pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
    def test_it_catches_its_bad_script_and_no_other_rule_does(self, rule):
        found = lint(BAD / rule.name)
        assert [finding.rule for finding in found] == [rule]
        assert all(finding.line > 1 for finding in found) or rule.name == "declared"
        assert rule.sentence.endswith(".")
        assert rule.what_to_do

    @pytest.mark.parametrize("folder", [*SHIPPED, GUIDE], ids=lambda folder: folder.name)
    def test_what_is_shipped_is_clean(self, folder):
        assert [str(finding) for finding in lint(folder)] == []


class TestReasons:
    @pytest.mark.parametrize(
        "line",
        [
            "return page.get_by_role('row').first  # the newest one comes first",
            "# why: the newest one comes first\n    return page.get_by_role('row').first",
            "return (  # the newest one comes first\n        page.get_by_role('row').first\n    )",
        ],
    )
    def test_a_comment_there_or_on_the_line_before_is_one(self, copy, line):
        folder = copy("no_goto")
        (folder / "pages.py").write_text(f"def newest(page):\n    {line}\n")
        assert rules_of(folder) == {"no_goto"}

    @pytest.mark.parametrize(
        "line",
        [
            "return page.get_by_role('row').first  # noqa: PLR2004 because of this",
            "return page.get_by_role('row').first  # first",
            "# why: the newest one comes first\n\n    return page.get_by_role('row').first",
        ],
    )
    def test_a_mark_for_a_tool_or_a_word_or_a_comment_elsewhere_is_none(self, copy, line):
        folder = copy("no_goto")
        (folder / "pages.py").write_text(f"def newest(page):\n    {line}\n")
        assert rules_of(folder) == {"no_goto", "counting"}


class TestEmptyLists:
    @pytest.mark.parametrize(
        ("body", "is_clean"),
        [
            ("found = await visit.rows(a, none=b)\n    if not found:\n        return []", True),
            ("if not await visit.rows(a, none=b):\n        return []", True),
            ("return await visit.rows(a, none=b)", True),
            ("if await visit.rows(a, none=b):\n        return []", False),
            ("if not await a.count():\n        return list()", False),
            ("for one in a:\n        return ()", False),
        ],
    )
    def test_only_the_venues_own_nothing_is_one(self, copy, body, is_clean):
        folder = copy("no_goto")
        (folder / "pages.py").write_text(f"async def listed(visit, a, b):\n    {body}\n")
        assert rules_of(folder) == {"no_goto"} | (set() if is_clean else {"empty_list"})


class TestSecrets:
    @pytest.mark.parametrize("shape", ["{0}", "{1} {2} {3} {4}", "{1}-{2}-{3}-{4}", "card={0};", "Nr.{0}, or {0}."])
    def test_a_card_number_is_found_however_it_is_written(self, copy, shape):
        number = card_number()
        parts = [number[place : place + 4] for place in range(0, 16, 4)]
        folder = copy("no_goto")
        (folder / "pages.py").write_text(f"PAID_WITH = {shape.format(number, *parts)!r}\n")
        assert rules_of(folder) == {"no_goto", "secrets"}

    def test_other_long_numbers_are_none(self):
        number = card_number()
        wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
        assert is_card(number)
        assert not any(
            map(is_card, [wrong, "0" * 16, "+39 051 123456", "2026-11-25T20:30:00+01:00", number + "00000"])
        )

    def test_a_secret_among_a_venues_settings_is_found(self, copy):
        folder = copy("no_goto")
        with (folder / "venues" / "no_goto_ferry.toml").open("a") as file:
            file.write('\n[settings]\napi_token = "edelweiss"\n')
        assert rules_of(folder) == {"no_goto", "secrets"}


def add(file: Path, text: str) -> None:
    with file.open("a") as more:
        more.write(text)


class TestWaysAround:
    """A rule has several ways of being broken; its bad script shows one."""

    @pytest.mark.parametrize(
        ("text", "rule"),
        [
            ("from contextlib import suppress\n\nwith suppress(ValueError):\n    NOTHING = None\n", "no_try"),
            ('PASSWORD = "edelweiss"\n', "secrets"),
            ('OPENED = dict(token="edelweiss")\n', "secrets"),
            ('TOKEN: str = "edelweiss"\n', "secrets"),
        ],
    )
    def test_in_code(self, copy, text, rule):
        folder = copy("no_goto")
        (folder / "pages.py").write_text(text)
        assert rules_of(folder) == {"no_goto", rule}

    @pytest.mark.parametrize(
        ("text", "rule", "says"),
        [
            (
                '\n[[quality.exempt]]\nrule = "size"\nreason = "its piers are data"\n',
                "past_dates",
                "`until` is missing",
            ),
            ('\n[[piers]]\nsecret = "edelweiss"\n', "secrets", "written out under `secret`"),
            ('\n[payee]\npaid_with = "{card}"\n', "secrets", "a card number"),
        ],
    )
    def test_in_the_manifest(self, copy, text, rule, says):
        folder = copy("no_goto")
        add(folder / "manifest.toml", text.replace("{card}", card_number()))
        found = {finding.rule.name: str(finding) for finding in lint(folder)}
        assert set(found) == {"no_goto", rule}
        assert says in found[rule]

    @pytest.mark.parametrize(
        ("call", "says"),
        [("Refusal(", "no script returns a `Refusal`"), ("status(", "no script asks `visit.status`")],
    )
    def test_words_that_nobody_uses(self, copy, call, says):
        folder = copy("no_goto")
        script = folder / "script.py"
        script.write_text(script.read_text().replace(call, f"other_{call}"))
        found = [str(one) for one in lint(folder) if one.rule.name == "dead_words"]
        assert len(found) == 1
        assert says in found[0]

    def test_a_source_has_its_day(self, copy):
        folder = copy("no_goto")
        manifest = folder / "manifest.toml"
        manifest.write_text(re.sub(r"(?m)^source = .*$", 'source = "the site itself"', manifest.read_text()))
        assert rules_of(folder) == {"no_goto", "declared"}

    @pytest.mark.parametrize(
        ("old", "new", "says"),
        [
            ("", "No_Goto", "the folder `No_Goto`"),
            ("venues/no_goto_ferry.toml", "venues/NoGoto.toml", "the venue `NoGoto`"),
            ("script.py", "pages.py", "there is no script.py"),
        ],
    )
    def test_names(self, copy, old, new, says):
        folder = copy("no_goto")
        (folder / old).rename(folder / new if old else folder.with_name(new))
        found = [str(one) for one in lint(folder if old else folder.with_name(new)) if one.rule.name == "names"]
        assert any(says in one for one in found), found


class TestExemptions:
    def exempt(self, folder: Path, until: str) -> None:
        with (folder / "manifest.toml").open("a") as file:
            file.write(f'\n[[quality.exempt]]\nrule = "size"\nreason = "its piers are data"\nuntil = "{until}"\n')

    def test_one_that_holds_takes_the_finding_away(self, copy):
        folder = copy("size")
        self.exempt(folder, (datetime.now(UTC).date() + timedelta(days=1)).isoformat())
        assert lint(folder) == []

    def test_one_that_is_past_does_not_and_is_a_finding_itself(self, copy):
        folder = copy("size")
        self.exempt(folder, (datetime.now(UTC).date() - timedelta(days=1)).isoformat())
        assert rules_of(folder) == {"size", "past_dates"}


@pytest.mark.parametrize(("file", "text"), [("script.py", "def"), ("manifest.toml", "name =")])
def test_a_file_that_cannot_be_read_is_named(copy, file, text):
    folder = copy("no_goto")
    (folder / file).write_text(text)
    with pytest.raises(Unreadable, match=file):
        lint(folder)


def test_a_card_number_was_made_right():
    assert len(card_number()) == 16
