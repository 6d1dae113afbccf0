"""Tiers are computed from what was found; a claim above it fails."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest

from farm.manifest import Exemption, Manifest, Quality
from farm.registry import Registry
from farm.schema import read_toml
from farm.tier import Tier
from tests.tools.found import FAULTS, GOOD, TODAY, breaking, found, left_out
from tools.results import Results
from tools.tier import claim, earned, exemptions, judged, lacks

INTEGRATIONS = Path(__file__).parents[2] / "integrations"


def test_everything_found_right_is_gold():
    assert earned(found(), TODAY) is Tier.GOLD
    assert lacks(found(), Tier.GOLD, TODAY) == []


@pytest.mark.parametrize(
    ("broken", "tier"),
    [
        ("manifest.toml", Tier.NONE),
        ("no_sleep", Tier.NONE),
        ("a good run", Tier.NONE),
        ("a cancellation is proven", Tier.BRONZE),
        ("hold from the offer alone", Tier.BRONZE),
        ("full at commit", Tier.BRONZE),
        ("date_shifted on guest_lookup", Tier.BRONZE),
    ],
)
def test_what_each_check_is_worth(broken, tier):
    results = found(checks=breaking(broken))
    assert earned(results, TODAY) is tier
    assert lacks(results, Tier.GOLD, TODAY)[0].startswith(f"{broken}: confirmed, but")


@pytest.mark.parametrize(
    ("changes", "tier", "lack"),
    [
        ({"ran": ("schema", "lint")}, Tier.NONE, "conformance was not looked at"),
        ({"ran": ("schema", "lint", "conformance")}, Tier.BRONZE, "mutation was not looked at"),
        ({"without": "a good run"}, Tier.NONE, "no good run"),
        ({"without": "a cancellation is proven"}, Tier.BRONZE, "no cancellation was proven"),
        ({"without": "full at commit"}, Tier.BRONZE, "no case plays full"),
        ({"faults_hit": FAULTS[1:]}, Tier.BRONZE, "full was played and never struck"),
        ({"survived": ("wrong_party on thanks",)}, Tier.BRONZE, "mutant not noticed: wrong_party on thanks"),
        ({"finds_without_reference": None}, Tier.SILVER, "no complete channel"),
    ],
)
def test_what_was_not_looked_at_is_not_earned(changes, tier, lack):
    results = found(**changes)
    assert earned(results, TODAY) is tier
    assert lacks(results, Tier.GOLD, TODAY)[0].startswith(lack)


def test_a_site_that_cannot_cancel_need_not_prove_it():
    assert earned(found(cancels=False, without="a cancellation is proven"), TODAY) is Tier.GOLD


@pytest.mark.parametrize("fault", ["dropped_after", "reply_lost", "late_record"])
def test_gold_finds_what_the_venue_did_not_answer(fault):
    doubt = tuple(c.model_copy(update={"ended": "in_doubt"}) if c.fault == fault else c for c in GOOD)
    assert earned(found(checks=doubt), TODAY) is Tier.SILVER, "as its case says, and silver all the same"
    failed = tuple(c.model_copy(update={"ok": False}) if c.fault == fault else c for c in GOOD)
    spared = found(checks=failed, exempted=[left_out("fault", fault, TODAY)])
    assert earned(spared, TODAY) is Tier.SILVER, "what did not come out well proves nothing"
    unplayed = found(without=f"{fault} at commit", exempted=[left_out("fault", fault, TODAY)])
    assert earned(unplayed, TODAY) is Tier.SILVER, "what is left out finds no booking"
    assert lacks(unplayed, Tier.GOLD, TODAY) == [f"{fault} was not played"]


@pytest.mark.parametrize(
    ("changes", "kind", "name"),
    [
        ({"without": "full at commit"}, "fault", "full"),
        ({"checks": breaking("no_sleep")}, "rule", "no_sleep"),
        ({"checks": breaking("hold from the offer alone")}, "manner", "hold from the offer alone"),
        ({"checks": breaking("date_shifted on guest_lookup")}, "mutation", "date_shifted on guest_lookup"),
        ({"survived": ("wrong_party on thanks",)}, "mutation", "wrong_party on thanks"),
    ],
)
def test_what_is_left_out_counts_up_to_its_last_day(changes, kind, name):
    results = found(exempted=[left_out(kind, name, TODAY)], **changes)
    assert earned(results, TODAY) is Tier.GOLD
    assert earned(results, TODAY + timedelta(days=1)).rank < Tier.SILVER.rank
    other = found(exempted=[left_out(kind, "something_else", TODAY)], **changes)
    assert earned(other, TODAY).rank < Tier.SILVER.rank


class TestJudged:
    def test_a_claim_above_what_was_earned_fails(self):
        results = judged(found(claimed=Tier.GOLD, checks=breaking("full at commit")), TODAY)
        assert results.earned is Tier.BRONZE
        failed = {check.name: check for check in results.failed(TODAY)}
        assert failed.keys() == {"full at commit", "claim"}
        assert failed["claim"].what.startswith(
            "the manifest claims gold, earned is bronze: full at commit: confirmed"
        )
        assert "readback check luna --write" in failed["claim"].what_to_do

    def test_a_claim_below_it_is_no_fault(self):
        results = judged(found(claimed=Tier.BRONZE), TODAY)
        assert (results.earned, results.failed(TODAY)) == (Tier.GOLD, ())

    def test_half_a_check_claims_nothing(self):
        results = judged(found(claimed=Tier.GOLD, ran=("lint",), checks=GOOD[1:2]), TODAY)
        assert (results.earned, results.failed(TODAY)) == (None, ())

    def test_files_that_are_wrong_earn_nothing_although_nothing_else_was_looked_at(self):
        results = judged(found(ran=("schema", "lint"), checks=breaking("manifest.toml")[:2]), TODAY)
        assert results.earned is Tier.NONE
        assert [check.name for check in results.failed(TODAY)] == ["manifest.toml", "claim"]

    def test_results_know_their_manifest(self):
        there = Registry.load([INTEGRATIONS]).integrations
        luna, shop = Results.blank(there["osteria_luna"], "osteria_luna"), Results.blank(there["pretix"])
        assert (luna.claimed, luna.owners, luna.cancels) == (Tier.SILVER, ("readback",), True)
        assert (luna.finds_without_reference, shop.finds_without_reference) == ("guest_lookup", "organizer_api")


class TestClaim:
    @pytest.fixture
    def manifest(self, tmp_path):
        file = tmp_path / "manifest.toml"
        file.write_text((INTEGRATIONS / "osteria_luna" / "manifest.toml").read_text())
        return file

    def test_it_is_written_where_it_stood_and_nothing_else_changes(self, manifest):
        before = manifest.read_text()
        claim(manifest, Tier.GOLD, date(2027, 2, 3))
        said = read_toml(manifest, Manifest).quality
        assert (said.tier, said.verified_on) == (Tier.GOLD, date(2027, 2, 3))
        rest = [line for line in manifest.read_text().splitlines() if not line.startswith(("tier", "verified"))]
        assert rest == [line for line in before.splitlines() if not line.startswith(("tier", "verified"))]

    def test_it_is_added_where_there_was_none(self, manifest):
        before = manifest.read_text().partition("\n# Written by")[0]
        manifest.write_text(before)
        claim(manifest, Tier.BRONZE, TODAY)
        assert manifest.read_text().startswith(before)
        assert read_toml(manifest, Manifest).quality.tier is Tier.BRONZE

    def test_exemptions_stay(self, manifest):
        spared = '\nexempt = [{ rule = "size", reason = "two sites in one", until = 2027-06-30 }]\n\n[recheck]\n'
        manifest.write_text(manifest.read_text().rstrip("\n") + spared)
        claim(manifest, Tier.BRONZE, TODAY)
        kept = Exemption(rule="size", reason="two sites in one", until=date(2027, 6, 30))
        assert read_toml(manifest, Manifest).quality == Quality(tier=Tier.BRONZE, verified_on=TODAY, exempt=(kept,))
        assert "recheck" in tomllib.loads(manifest.read_text())


def test_the_table_of_all_that_is_left_out_begins_with_what_ends_first():
    later, over = left_out("fault", "full", TODAY + timedelta(days=9)), left_out("rule", "size", date(2026, 1, 1))
    rows = exemptions([found("luna", exempted=[later]), found("shop", exempted=[over])], TODAY)
    assert [(row.integration, row.exempted, row.counts) for row in rows] == [
        ("shop", over, False),
        ("luna", later, True),
    ]
