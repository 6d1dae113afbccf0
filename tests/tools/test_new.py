"""A new integration of each kind: what is to do is named, and once it is done the check has nothing to say."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from farm.registry import Registry
from profiles.partner import Partners
from tasks.settings import Settings
from tools.check.order import check, farm_for_checks
from tools.check.written import schema_checks
from tools.conformance.suite import THE_REST, Cell, run
from tools.lint.house import lint
from tools.new.kinds import KINDS
from tools.new.writing import MARK, CannotWrite, New
from tools.results import Kind

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


@every_kind
def test_what_is_left_to_do_is_named_line_by_line(kind, tmp_path):
    written = New("locanda_mare", kind, tmp_path).write()
    marked = sum(path.read_text().count(MARK) for path in written)
    found = [one for one in lint(tmp_path / "integrations" / "locanda_mare") if one.rule.name == "to_dos"]
    assert len(found) == marked > 10
    assert any("the name of the button that books" in one.text for one in found)
    assert {Path(one.file).parts[-2] for one in found if "/" in one.file} == {
        *("partners", "venues", "locanda_mare_twin")
    }


@every_kind
def test_done_it_keeps_every_rule(kind, tmp_path):
    written = New("locanda_mare", kind, tmp_path, filled=True).write()
    assert not [path for path in written if MARK in path.read_text()]
    assert [str(one) for one in lint(tmp_path / "integrations" / "locanda_mare")] == []
    registry = Registry.load([tmp_path / "integrations"])
    found = schema_checks(registry.integrations["locanda_mare"], registry, Partners.load([tmp_path / "partners"]))
    assert [one.what for one in found if not one.ok] == []


@pytest.mark.browser
@pytest.mark.timeout(400)
async def test_done_it_books_at_its_twin_and_keeps_its_manners(tmp_path):
    New("locanda_mare", KINDS["tables"], tmp_path, filled=True).write()
    settings = Settings(integrations=str(tmp_path / "integrations"), partners=str(tmp_path / "partners"))
    async with farm_for_checks(settings, tmp_path / "home") as farm:
        integration = farm.registry.integrations["locanda_mare"]
        results = await run(integration, farm, tmp_path / "played", only=_is_played)
    assert [f"{one.name}: {one.what}" for one in results.checks if not one.ok] == []
    assert {one.about for one in results.checks} == {"good_run", "cancel", "manners", "fault"}


def _is_played(cell: Cell) -> bool:
    """All but most of the faults, which take a minute more: `readback check` plays them."""
    return cell.fault in {None, "dropped_after", "lying_thanks"}


@pytest.mark.browser
async def test_without_a_good_run_nothing_else_is_played(tmp_path):
    script = New("locanda_mare", KINDS["rooms"], tmp_path, filled=True).write()[0]
    script.write_text(script.read_text().replace('shown["People"]', 'shown["Guests"]'))
    settings = Settings(integrations=str(tmp_path / "integrations"), partners=str(tmp_path / "partners"))
    async with farm_for_checks(settings, tmp_path / "home") as farm:
        integration = farm.registry.integrations["locanda_mare"]
        kinds: tuple[Kind, ...] = ("conformance", "mutation")
        results = await check(integration, farm, tmp_path / "played", datetime.now(UTC).date(), kinds=kinds)
    good, rest = results.checks
    assert not good.ok
    assert "KeyError: 'Guests' (script.py:" in good.what
    assert (rest.name, rest.ok) == (THE_REST, False)
    assert "25 runs were not played" in rest.what
    assert (results.cells, results.ran, results.earned) == (1, (), None)


class TestWriting:
    @pytest.mark.parametrize("name", ["", "Locanda", "locanda-mare", "1st", "a__b", "../up"])
    def test_a_name_that_is_none_is_refused(self, name, tmp_path):
        with pytest.raises(CannotWrite, match="no name for an integration"):
            New(name, KINDS["tables"], tmp_path).write()
        assert list(tmp_path.iterdir()) == []

    def test_nothing_is_written_over(self, tmp_path):
        script = New("locanda_mare", KINDS["tables"], tmp_path).write()[0]
        Path(script).write_text("mine")
        with pytest.raises(CannotWrite, match="is there already"):
            New("locanda_mare", KINDS["tables"], tmp_path).write()
        assert script.read_text() == "mine"
        New("locanda_mare", KINDS["tables"], tmp_path).write(force=True)
        assert script.read_text() != "mine"
