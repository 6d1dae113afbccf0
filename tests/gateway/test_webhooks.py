"""``readback webhooks``: health at a glance, and one that was disabled enabled again."""

from __future__ import annotations

import asyncio
import json

import pytest

from farm.delivering import DeliveryState, Judgement, Outcome, WhyDisabled
from ledger.migrate import upgrade
from ledger.store import Ledger
from ledger.webhooks import NewWebhook
from tasks.settings import Settings

GOOD, BAD, GONE = (f"wh_{n * 20}" for n in "123")


async def three_of_them(settings):
    """One of each: well, failing, gone."""
    await upgrade(settings.ledger_url)
    async with await Ledger.open(settings.ledger_url) as ledger:
        for webhook_id, outcome, disable in (
            (GOOD, Outcome(200), None),
            (BAD, Outcome(503), None),
            (GONE, Outcome(410), WhyDisabled.GONE),
        ):
            url = f"https://{webhook_id[-1]}.example/hook/geheim"
            await ledger.webhooks.add(NewWebhook(webhook_id, "a_platform", url, None, b"sealed"))
            await ledger.deliveries.test(webhook_id)
            await ledger.deliveries.take(webhook_id, "me", 30)
            due = await ledger.deliveries.next(webhook_id, "me", 30, again=False)
            assert due is not None
            state = DeliveryState.DELIVERED if outcome.is_delivered else DeliveryState.WAITING
            said = Judgement(state, None if outcome.is_delivered else 5.0, disable=disable)
            await ledger.deliveries.settle("me", due.delivery, outcome, said)


@pytest.fixture
def webhooks(home):
    home.mkdir()
    asyncio.run(three_of_them(Settings(home=home)))


def test_health_at_a_glance(run, webhooks):
    result = run("webhooks")
    well, failing, gone = " ".join(result.stdout.split()).split(" wh_")
    assert "of a_platform at 1.example: well, last at" in well
    assert "1 in a row: answered 503; 1 waiting" in failing
    assert "(it answered 410)" in gone
    assert "readback webhooks enable ID" in result.stderr
    assert "geheim" not in result.stdout + run("webhooks", "--json").stdout


def test_enabled_again(run, webhooks):
    answer = json.loads(run("webhooks", "enable", GONE, "--json").stdout)
    assert (answer["enabled"], answer["failures"], answer["waiting"]) == (True, 0, 1)
    assert [each["enabled"] for each in json.loads(run("webhooks", "--json").stdout)["webhooks"]] == [True] * 3


def test_one_that_is_not_there(run, webhooks):
    result = run("webhooks", "enable", GOOD[:-1])
    assert result.exit_code == 2
    assert f"did you mean `{GOOD}`?" in result.stderr
