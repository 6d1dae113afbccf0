"""A rule's address with the settings of a venue in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from farm.registry import Registry
from tests.farm.attempt import MANIFEST, VENUE

STOCK = Path(__file__).parents[2] / "integrations"


def test_a_setting_stands_for_its_value_in_every_rule() -> None:
    rule = MANIFEST.commit.model_copy(update={"url": "{card_origin}/tokens?site={origin}"})
    says = MANIFEST.model_copy(update={"commit": rule, "safe": (rule,), "cancel": None})
    there = says.at({"card_origin": "http://127.0.0.1:8412", "wide": True})
    assert there.commit.url == "http://127.0.0.1:8412/tokens?site={origin}"
    assert there.safe[0].url == there.commit.url
    assert there.cancel is None
    sent, site = "http://127.0.0.1:8412/tokens?site=https://house.invalid", "https://house.invalid"
    assert there.commit.surely_is("POST", sent, "document", {}, site)
    assert not says.commit.may_be("POST", sent, "document", {}, site)


def test_the_registry_gives_each_venue_its_own() -> None:
    rule = MANIFEST.commit.model_copy(update={"url": "{card_origin}/tokens"})
    registry = Registry.load([STOCK])
    stock = registry.integrations[VENUE.integration]
    registry.integrations[VENUE.integration] = replace(stock, manifest=MANIFEST.model_copy(update={"commit": rule}))
    for port in (8412, 8512):
        venue = VENUE.model_copy(update={"settings": {"card_origin": f"http://127.0.0.1:{port}"}})
        assert registry.manifest(venue).commit.url == f"http://127.0.0.1:{port}/tokens"
