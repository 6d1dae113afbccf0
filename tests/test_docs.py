"""What the pages say is what the code does: files, commands, settings, words, links, the picture."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
import typer.main
import yaml
from pydantic import BaseModel

from farm.contract import VenueScript
from farm.facts import Guest, Money, Party
from farm.intake import admit
from farm.manifest import AccountRole, Channel, Exemption, Manifest, Quality, Recheck, RefusedText, Settle, Tolerance
from farm.registry import Registry
from farm.request import Request, WantedSlot, WantedStay
from farm.rules import CancelRule, ChangeRule, CommitRule, RequestRule
from farm.status import AttemptState, Attendance, BookingStatus, VenueStatus, VerdictKind
from farm.venue import Place, Sold, Venue
from farm.verdict import Verdict
from gateway.answers import AttemptAnswer, BookingAnswer, StageAnswer
from gateway.api.app import make_app
from gateway.cli import Doors, app
from profiles.partner import Partner, Partners
from profiles.terms.access import AccessTerms, AgreedStep, Hours
from profiles.terms.fingerprint import FingerprintTerms, Viewport
from profiles.terms.pacing import PacingTerms
from profiles.terms.session import AccountTerms, MailboxTerms, SessionTerms
from profiles.terms.tolerance import ToleranceTerms
from tasks.crash_points import POINTS
from tasks.settings import Settings
from tools.conformance.manners import MANNERS
from tools.lint.house import RULES
from tools.mutation.mutations import MUTATIONS
from tools.picture import BadPicture, draw
from tools.results import KINDS

ROOT = Path(__file__).parents[1]
README, DOCS = ROOT / "README.md", ROOT / "docs"
GUIDE, RESELLERS, OPERATING = (
    DOCS / "writing-an-integration.md",
    DOCS / "for-resellers.md",
    DOCS / "operating.md",
)
CHECKING = DOCS / "checking-an-integration.md"
SURVIVAL = DOCS / "how-a-booking-survives.md"
PARTNERS = DOCS / "partners.md"
PLATFORMS = DOCS / "for-platforms.md"
PAGES = (README, GUIDE, RESELLERS, PLATFORMS, OPERATING, SURVIVAL, CHECKING, PARTNERS)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`(docs/[\w/.-]+)`:\s*\n\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
NAME = re.compile(r"READBACK_[A-Z_]*[A-Z]")


def spans(page: Path) -> list[str]:
    """What stands in code marks, outside of fences."""
    return [span for _, span in SPAN.findall(FENCE.sub("", page.read_text()))]


def names(page: Path) -> set[str]:
    """Every word of the spans."""
    return {word for span in spans(page) for word in re.findall(r"\w+", span)}


def fields(*models: type[BaseModel]) -> set[str]:
    return {name for model in models for name in model.model_fields}


def commands() -> Iterator[tuple[str, list[str]]]:
    """Every readback command line of the pages: the page, and its words."""
    for page in PAGES:
        lines = spans(page)
        for kind, block in FENCE.findall(page.read_text()):
            lines += [line.removeprefix("$ ") for line in block.splitlines() if kind == "sh" or line.startswith("$ ")]
        for line in lines:
            words = shlex.split(line.partition(" &")[0], comments=True) if line.startswith("readback ") else []
            if len(words) > 1:
                yield page.name, words[1:]


class TestFiles:
    def test_the_guide_shows_files_that_are_there(self):
        shown = FILE.findall(GUIDE.read_text())
        assert len(shown) == 7
        for path, _, block in shown:
            assert block in (ROOT / path).read_text(), path

    def test_every_block_can_be_read(self):
        for page in PAGES:
            for kind, block in FENCE.findall(page.read_text()):
                if kind == "toml":
                    tomllib.loads(block)
                elif kind == "json":
                    json.loads(block)

    def test_what_the_guide_made_can_be_booked(self):
        folders = [DOCS / "locanda", DOCS / "quayside"]
        registry = Registry.load([ROOT / "integrations", *(folder / "integrations" for folder in folders)])
        partners = Partners.load([folder / "partners" for folder in folders])
        for folder, slug in zip(folders, ("locanda_mare", "quayside_boats"), strict=True):
            venue = registry.venue(slug)
            assert venue.host in partners.must_have(venue.partner).access.hosts
            assert isinstance(registry.script(venue), VenueScript)
            wish = admit(json.loads((folder / "request.json").read_text()), registry, datetime.now(UTC))
            assert [one.slug for one in registry.candidates(wish)] == [slug]

    def test_the_profile_of_the_e_mail_is_one(self, tmp_path):
        """It uses every table, and says of each number who gave it."""
        (shown,) = [block for kind, block in FENCE.findall(PARTNERS.read_text()) if kind == "toml"]
        (tmp_path / "grachtenhuis.toml").write_text(shown)
        partner = Partners.load([tmp_path]).must_have("grachtenhuis")
        assert partner.tolerance is not None
        sources = (partner.session, partner.pacing, partner.tolerance, partner.fingerprint)
        assert all("3 November 2026" in (one.source or "") for one in sources)
        said = {key for table in tomllib.loads(shown).values() if isinstance(table, dict) for key in table}
        assert said - names(PARTNERS) - {"accounts"} == set()

    def test_the_request_for_resellers_is_the_example(self):
        (shown,) = [json.loads(block) for kind, block in FENCE.findall(RESELLERS.read_text()) if kind == "json"]
        assert shown | {"guest": 0} == json.loads((ROOT / "examples/table-for-two.json").read_text()) | {"guest": 0}
        admit(shown, Registry.load([ROOT / "integrations"]), datetime.now(UTC))

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
    def test_links_lead_somewhere(self, page):
        found = re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text())
        assert found
        assert [link for link in found if not (page.parent / link).exists()] == []

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
    def test_named_tests_are_there(self, page):
        text = page.read_text()
        for path in re.findall(r"`(tests/[\w/]+\.py)`", text):
            assert (ROOT / path).is_file(), path
        workers = (ROOT / "tests/e2e/test_workers.py").read_text()
        assert [name for name in re.findall(r"`(test_\w+)`", text) if f"def {name}(" not in workers] == []


class TestCommands:
    def test_there_are_some(self):
        assert len(list(commands())) > 30

    @pytest.mark.parametrize(("page", "words"), list(commands()), ids=lambda value: " ".join(value)[:60])
    def test_a_command_is_one(self, page, words):
        doors = typer.main.get_command(app)
        assert isinstance(doors, Doors)
        if words != ["--help"]:
            missing = {
                "book": ["REQUEST.json"],
                "show": ["ID"],
                "cancel": ["ID"],
                "new": ["NAME", "--from", "rooms"],
            }.get(words[0], [])
            given = words[1:] if any(not word.startswith("-") for word in words[1:]) else [*words[1:], *missing]
            doors.commands[words[0]].make_context(words[0], given)
        files = [word for word in words if word.endswith(".json") and word != "REQUEST.json"]
        assert [file for file in files if not (ROOT / file).is_file()] == []


class TestWords:
    def test_readme(self):
        said = names(README)
        for axis in (BookingStatus, VenueStatus, VerdictKind, Attendance):
            assert {str(value) for value in axis} <= said

    def test_requests_and_answers(self):
        said = names(RESELLERS)
        assert fields(Request, Guest, Party, WantedSlot, WantedStay, Money) - said == set()
        assert fields(BookingAnswer, AttemptAnswer, StageAnswer, Verdict) - said == set()
        assert {str(status) for status in BookingStatus} <= said

    def test_the_schemas_of_the_guide(self):
        said = names(GUIDE)
        acting = (RequestRule, CommitRule, CancelRule, ChangeRule)
        rules = (*acting, Channel, AccountRole, RefusedText, Tolerance, Settle, Recheck)
        assert fields(Manifest, *rules, Quality, Exemption) - said == set()
        assert fields(Venue, Place, Sold) - said - {"slug", "integration"} == set()
        terms = (
            AccessTerms,
            Hours,
            SessionTerms,
            AccountTerms,
            MailboxTerms,
            PacingTerms,
            ToleranceTerms,
            FingerprintTerms,
            Viewport,
        )
        assert fields(Partner, *terms) - said - {"slug"} == set()
        (access,) = [line for line in GUIDE.read_text().splitlines() if line.startswith("| `access`")]
        assert set(get_args(AgreedStep)) <= set(re.findall(r"\w+", access))

    def test_the_rules_manners_and_mutations_of_the_check(self):
        """Each has its line, and no line is of another."""
        text = CHECKING.read_text()
        rules, mutations = text.partition("## Mutation")[::2]
        rules, _, manners = rules.partition("## Conformance")
        listed = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)
        assert listed.findall(rules.partition("## Lint")[2]) == [rule.name for rule in RULES]
        assert listed.findall(manners) == list(MANNERS)
        assert listed.findall(mutations) == [mutation.name for mutation in MUTATIONS]
        assert listed.findall(text.partition("## Lint")[0]) == list(KINDS)

    def test_the_page_for_platforms_names_every_route_and_no_other(self):
        said = {
            re.sub(r"{\w+}", "{}", span)
            for span in spans(PLATFORMS)
            if re.match(r"(GET|POST|PATCH|PUT|DELETE) /", span)
        }
        there = {
            f"{method.upper()} {re.sub(r'{[^}]+}', '{}', path)}"
            for path, methods in make_app(Settings()).openapi()["paths"].items()
            for method in methods
        }
        assert said == there

    def test_settings(self):
        """Every variable that any file of ours names stands on the page, and no other."""
        said = set(NAME.findall(OPERATING.read_text()))
        assert {f"READBACK_{name.upper()}" for name in Settings.model_fields} <= said
        folders = ("farm", "ledger", "profiles", "integrations", "tasks", "gateway", "tools", "fixtures")
        files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".toml"}]
        used = {name for path in files for name in NAME.findall(path.read_text())}
        settings = {f"READBACK_{name.upper()}" for name in Settings.model_fields}
        assert said == used | settings

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
    def test_no_page_knows_a_variable_that_nobody_reads(self, page):
        assert set(NAME.findall(page.read_text())) <= set(NAME.findall(OPERATING.read_text()))

    def test_the_crash_points(self):
        said = set(re.findall(r"`(\w+)`", SURVIVAL.read_text().partition("## Dying on purpose")[2]))
        assert set(POINTS) <= said


class TestServers:
    def test_the_image_holds_what_its_commands_import(self):
        let_in = set(re.findall(r"^!(\w+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
        houses = {"farm", "ledger", "profiles", "integrations", "tasks", "gateway", "tools", "fixtures", "benchmarks"}
        files = [path for folder in let_in & houses for path in (ROOT / folder).rglob("*.py")]
        imported = {name for path in files for name in re.findall(r"^\s*from (\w+)", path.read_text(), re.MULTILINE)}
        assert imported & houses <= let_in
        assert "integrations" in let_in

    def test_the_mounts_of_the_page_are_for_services_that_are_there(self):
        (block,) = [block for kind, block in FENCE.findall(OPERATING.read_text()) if kind == "yaml"]
        mine = yaml.safe_load(block)["services"]
        there = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
        assert set(mine) == {name for name, service in there.items() if service.get("build")} - {"migrate"}

    def test_no_command_for_servers_needs_a_venue_of_this_machine(self):
        """What comes with Readback stands on 127.0.0.1."""
        servers = OPERATING.read_text().partition("## On servers")[2].partition("\n## ")[0]
        header = (ROOT / "docker-compose.yml").read_text().partition("name:")[0]
        assert "REQUEST.json" in servers
        assert "REQUEST.json" in header
        assert "examples/" not in servers + header


class TestPicture:
    @pytest.mark.parametrize("name", ["life", "attempt"])
    def test_it_is_what_its_text_draws(self, name):
        assert (DOCS / f"{name}.svg").read_text() == draw((DOCS / f"{name}.txt").read_text())

    def test_the_states_of_an_attempt_are_those_of_the_code(self):
        ends = set(re.findall(r"^  > (\w+):", (DOCS / "attempt.txt").read_text(), re.MULTILINE))
        assert ends <= {str(state) for state in AttemptState}
        assert {str(state) for state in AttemptState} - ends <= {
            "prepared",
            "committing",
            "claimed",
            "in_doubt",
            "cancelled",
        }

    def test_its_words_are_those_of_the_code(self):
        ends = re.findall(r"^  > ([\w, ]+):", (DOCS / "life.txt").read_text(), re.MULTILINE)
        said = {status for end in ends for status in end.split(", ")}
        moving = {"queued", "attempting", "verifying", "cancelling"}
        assert said == {str(status) for status in BookingStatus} - moving

    def test_readable_by_everybody(self):
        picture = ET.fromstring(draw((DOCS / "life.txt").read_text()))
        parts = {element.tag.rpartition("}")[2]: element for element in picture.iter()}
        assert picture.get("role") == "img"
        assert parts["title"].text == "A booking's life"
        assert "Read back: the venue's own record" in (parts["desc"].text or "")
        assert "prefers-color-scheme: dark" in (parts["style"].text or "")

    @pytest.mark.parametrize("line", ["  ^ Nowhere: why", "what is this"])
    def test_a_line_that_cannot_be_drawn_is_named(self, line):
        with pytest.raises(BadPicture, match=r"Nowhere|what is this"):
            draw(f"title T\n== S\nOne: what\n{line}\n")

    def test_what_does_not_fit_is_named_and_not_drawn_over_something_else(self):
        with pytest.raises(BadPicture, match="39 letters do not fit"):
            draw(f"title T\n== S\nOne: what\n  > end: {'x' * 39}\n")
        with pytest.raises(BadPicture, match="only the last step has room"):
            draw("title T\n== S\nOne: what\n  > a: x\n  > b: y\nTwo: what\n")
