"""The end of the last click: what the gate is told, and what may still leave after it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from farm.closing import answered
from farm.errors import AccessRefused, KeptLogInLost, SessionLost
from farm.facts import Claim, Facts, Party, Refusal, Slot
from farm.gate import Ruling
from farm.manifest import Tolerance
from farm.status import Cause
from tests.farm.attempt import MANIFEST, OFFER, VENUE, WHEN, Script, World, ended


async def test_a_claim_after_one_request():
    async def submit(world):
        assert world.click() is Ruling.PASS
        return Claim(reference="OL-1")

    closing, world = await ended(submit)
    assert (closing.kind, closing.sent) == ("claimed", "yes")
    assert world.click() is Ruling.STOP


async def test_a_page_that_thanks_for_something_else_is_a_doubt_with_its_number():
    async def submit(world):
        world.click()
        return Claim(reference="OL-1", shows=Facts(party=Party(adults=7)))

    closing, _ = await ended(submit)
    assert (closing.kind, closing.sent, closing.cause) == ("in_doubt", "yes", Cause.OUTCOME_UNKNOWN)
    assert closing.detail == "the page after the click shows another party"
    assert closing.claim
    assert closing.claim.reference == "OL-1"


async def test_what_the_thank_you_page_does_not_show_is_not_compared():
    async def submit(world):
        world.click()
        return Claim(reference=" ", shows=Facts(resource=""))

    closing, _ = await ended(submit)
    assert (closing.kind, closing.claim) == ("claimed", Claim(shows=Facts()))


async def test_a_claim_without_a_request_is_a_broken_contract():
    async def submit(world):
        return Claim(reference="OL-1")

    closing, _ = await ended(submit)
    assert (closing.kind, closing.sent, closing.cause) == ("in_doubt", "no", Cause.CONTRACT_BROKEN)


@pytest.mark.parametrize("text", ["Spiacenti, questo tavolo non è più disponibile", "Errore 17"])
async def test_a_refusal_is_one_only_in_known_words(text):
    async def submit(world):
        world.click()
        return Refusal(text=text)

    closing, _ = await ended(submit)
    assert (closing.kind, closing.sent) == ("in_doubt" if "17" in text else "refused", "yes")


@pytest.mark.parametrize("error", [KeyError("Codice"), TimeoutError(), SessionLost(), KeptLogInLost()])
async def test_an_error_before_anything_left_is_a_sure_no_and_stays_one(error):
    async def submit(world):
        raise error

    closing, world = await ended(submit)
    assert (closing.kind, closing.sent) == ("in_doubt", "no")
    assert world.click() is Ruling.STOP, "the page pressed its button after the answer `no` was written"


@pytest.mark.parametrize("error", [SessionLost(), KeptLogInLost()])
async def test_a_log_in_that_ends_with_the_click_is_a_doubt_and_never_made_up_for(error):
    clicks = []

    async def submit(world):
        clicks.append(world.click())
        raise error

    closing, world = await ended(submit)
    assert (closing.kind, closing.sent, clicks) == ("in_doubt", "yes", [Ruling.PASS])
    assert world.click() is Ruling.STOP


async def test_past_its_deadline_nothing_leaves():
    async def submit(world):
        await asyncio.sleep(30)

    closing, world = await ended(submit, deadline_s=0.05)
    assert (closing.kind, closing.sent) == ("in_doubt", "no")
    assert world.click() is Ruling.STOP


async def test_a_cancelled_click_leaves_a_shut_gate():
    reached = asyncio.Event()
    worlds = []

    async def submit(world):
        worlds.append(world)
        reached.set()
        await asyncio.sleep(30)

    task = asyncio.create_task(ended(submit))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert worlds[0].click() is Ruling.STOP


async def test_the_deadline_is_one_moment_for_ledger_and_click():
    """After it somebody else may book elsewhere: a guard that took too long leaves no time to click."""

    async def submit(world):
        world.click()
        return Claim(reference="OL-1")

    def dawdle():
        while datetime.now(UTC) < world.until:
            pass

    world = World()
    closing, _ = await ended(submit, deadline_s=0.05, world=world, at_guard=dawdle)
    assert (closing.kind, closing.sent) == ("in_doubt", "no")
    assert "deadline" in closing.detail
    assert world.click() is Ruling.STOP


async def test_a_claim_outlives_what_ends_the_visit_after_it():
    """Channels that need the reference or the link could never be asked without it."""

    async def submit(world):
        world.click()
        world.poison = AccessRefused("an advertisement was answered 403")
        return Claim(reference="OL-1", link="/order/1")

    closing, _ = await ended(submit)
    assert (closing.kind, closing.sent) == ("in_doubt", "yes")
    assert closing.claim == Claim(reference="OL-1", link="/order/1")


async def test_a_visit_that_was_refused_at_the_guard_is_not_clicked():
    async def submit(world):
        raise AssertionError("clicked")

    world = World()

    def refuse():
        world.poison = AccessRefused("429")

    closing, _ = await ended(submit, world=world, at_guard=refuse)
    assert (closing.kind, closing.sent) == ("in_doubt", "no")
    assert "429" in closing.detail


async def test_submit_that_returns_nothing_is_a_doubt():
    async def submit(world):
        world.click()

    closing, _ = await ended(submit)
    assert (closing.kind, closing.sent, closing.cause) == ("in_doubt", "yes", Cause.CONTRACT_BROKEN)


CARRIES: dict[str, str] = {"ora": "time", "coperti": "people"}


@pytest.mark.parametrize("fails", [False, True])
async def test_a_click_that_would_send_something_else_is_held_and_said(fails):
    """Whatever the script makes of a page that gets no answer."""

    async def submit(world):
        assert world.click("ora=20:00&coperti=3") is Ruling.STOP
        if fails:
            raise TimeoutError
        return Claim(reference="OL-1")

    closing, world = await ended(submit, body=CARRIES)
    assert (closing.kind, closing.sent, closing.cause) == ("in_doubt", "no", Cause.RECAP_MISMATCH)
    assert closing.detail == "the click would have sent another people: it was stopped"
    assert world.click("ora=20:00&coperti=2") is Ruling.STOP


async def test_the_time_is_sent_as_the_venue_writes_it():
    class Abroad(Script):
        async def search(self, visit, request):
            return [OFFER.model_copy(update={"when": Slot(starts_at=WHEN.starts_at.astimezone(UTC))})]

    async def submit(visit):
        assert world.click("ora=20:00&coperti=2") is Ruling.PASS
        return Claim(reference="OL-1")

    world = World()
    closing, _ = await ended(script=Abroad(submit), world=world, body=CARRIES)
    assert (closing.kind, closing.sent) == ("claimed", "yes")


@pytest.mark.parametrize(("sent", "kind"), [("yes", "claimed"), ("unknown", "claimed"), ("no", "in_doubt")])
def test_a_claim_counts_unless_nothing_can_have_left(sent, kind):
    """Where a redirect or a safe request may have booked, the number is worth a look."""
    claim = Claim(reference="OL-1")
    closing = answered(claim, sent, Facts(), VENUE, MANIFEST)
    assert (closing.kind, closing.sent) == (kind, sent)
    assert closing.claim == (claim if kind == "claimed" else None)


def test_an_answer_that_is_none_says_so():
    closing = answered(None, "yes", Facts(), VENUE, MANIFEST)
    assert closing.detail == "`submit` returned NoneType, neither a claim nor a refusal"
    assert "never left" in answered(Claim(), "no", Facts(), VENUE, MANIFEST).detail


@pytest.mark.parametrize(("later_min", "kind"), [(10, "claimed"), (11, "in_doubt")])
def test_the_page_after_the_click_may_differ_as_far_as_the_record(later_min, kind):
    tolerant = MANIFEST.model_copy(update={"tolerance": Tolerance(starts_at_min=10)})
    shown = Slot(starts_at=WHEN.starts_at + timedelta(minutes=later_min))
    closing = answered(Claim(shows=Facts(when=shown)), "yes", Facts(when=WHEN), VENUE, tolerant)
    assert closing.kind == kind
