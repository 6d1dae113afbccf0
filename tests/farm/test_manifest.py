"""What a manifest may say of looks, changes and accounts, and what it may not."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from farm.manifest import Manifest, Recheck
from farm.rules import ChangeRule
from tests.farm.attempt import MANIFEST

STOCK: dict[str, Any] = MANIFEST.model_dump()
CHANGE = {"url": "{origin}/sposta"}
MADE = {"kind": "made"}
LISTED = STOCK["accounts"]


def said(**changes: Any) -> Manifest:
    return Manifest.model_validate(STOCK | changes)


def test_unless_it_says_otherwise():
    plain = Manifest.model_validate(
        {key: STOCK[key] for key in ("name", "source", "plants", "recap", "commit")} | {"read_back": []}
    )
    assert (plain.occupants, plain.release_shows, plain.change, plain.made_role) == (False, False, None, None)
    assert plain.recheck == Recheck(after_min=(10,), before_h=(24, 2))
    assert plain.settle.pending_every_s == 60
    assert plain.read_back == ()


def test_a_venue_without_a_look_up_has_to_say_so():
    with pytest.raises(ValidationError, match="read_back"):
        Manifest.model_validate({key: value for key, value in STOCK.items() if key != "read_back"})


def test_each_visit_may_send_only_what_it_is_for():
    manifest = said(change=CHANGE)
    assert manifest.change == ChangeRule(url="{origin}/sposta", deadline_s=30)
    commit, cancel, change = manifest.commits
    assert (commit, cancel, change) == (manifest.commit, manifest.cancel, manifest.change)
    assert manifest.never() == [commit, cancel, change]
    assert manifest.never(change) == [commit, cancel]
    assert manifest.never(cancel) == [commit, change]
    assert manifest.never(commit) == [cancel, change]


def test_the_role_that_is_made():
    assert said(accounts={"desk": {"kind": "token"}, "guest": MADE}).made_role == "guest"
    with pytest.raises(ValidationError, match="only one role may be `made`"):
        said(accounts={"guest": MADE, "friend": MADE})


def test_channels_are_told_apart_by_name():
    guest, desk = STOCK["read_back"]
    with pytest.raises(ValidationError, match="two read-back channels have the same name"):
        said(read_back=[guest, desk | {"name": guest["name"]}])


def test_a_channel_reads_under_a_role_that_is_listed():
    (with_account,) = [one for one in STOCK["read_back"] if one["account"] is not None]
    with pytest.raises(ValidationError, match="account role `owner` is used but not listed"):
        said(read_back=[with_account | {"account": "owner"}])


def test_our_reference_goes_somewhere():
    with pytest.raises(ValidationError, match="must be planted somewhere"):
        said(plants=[])


@pytest.mark.parametrize(
    ("payment", "pays"),
    [("none", False), ("at_venue", False), ("transfer", False), ("deposit", True), ("full", True)],
)
def test_a_card_is_demanded_where_the_commit_charges_it(payment, pays):
    manifest = said(payment=payment, needs=["service"])
    assert manifest.pays is pays
    assert manifest.demands == (("service", "card") if pays else ("service",))


@pytest.mark.parametrize("rule", ["cancel", "change"])
def test_a_rule_acts_under_a_role_that_is_listed(rule):
    acting = {rule: CHANGE | {"account": "guest"}}
    assert said(accounts=LISTED | {"guest": MADE}, **acting).made_role == "guest"
    with pytest.raises(ValidationError, match="account role `guest` is used but not listed"):
        said(**acting)


@pytest.mark.parametrize(
    "recheck",
    [
        {"after_min": [0]},
        {"before_h": [-2]},
        {"after_min": [10**9]},
        {"before_h": [8761]},
        {"before_h": [1] * 11},
        {"at": [1]},
    ],
)
def test_a_plan_of_re_checks_is_bounded(recheck):
    with pytest.raises(ValidationError):
        said(recheck=recheck)
    assert said(recheck={"after_min": [], "before_h": [8760]}).recheck == Recheck(after_min=(), before_h=(8760,))


@pytest.mark.parametrize("seconds", [0, -1, 86401])
def test_looks_at_what_is_pending_have_a_pace(seconds):
    with pytest.raises(ValidationError, match="pending_every_s"):
        said(settle={"pending_every_s": seconds})


@pytest.mark.parametrize("rule", ["commit", "cancel", "change"])
def test_an_address_that_changes_a_record_names_only_what_a_venue_has(rule):
    there = {rule: {"url": "{shop}/sposta"}}
    with pytest.raises(ValidationError, match=r"`\{shop\}` in `\{shop\}/sposta` is neither the origin"):
        said(**there)
    at = said(settings={"shop": "text"}, **there).at({"shop": "http://127.0.0.1:8412"})
    assert getattr(at, rule).url == "http://127.0.0.1:8412/sposta"


def test_an_address_names_only_what_a_venue_has():
    rule = {"url": "{card_origin}/tokens"}
    there = said(settings={"card_origin": "text"}, safe=[rule])
    assert there.safe[0].url == "{card_origin}/tokens"
    for settings in ({}, {"card_origin": "flag"}, {"card_orgin": "text"}):
        with pytest.raises(
            ValidationError, match=r"`\{card_origin\}` in `\{card_origin\}/tokens` is neither the origin"
        ):
            said(settings=settings, safe=[rule])
