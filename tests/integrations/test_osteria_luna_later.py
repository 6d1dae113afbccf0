"""What becomes of a booking at the restaurant: held and given back, awaited, changed, called off by the house."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Locator

from farm.errors import NoAvailability, VenueDown
from farm.facts import Claim, Facts, Party, Refusal, Slot
from farm.gate import CommitGate
from farm.request import Request, WantedSlot
from farm.status import Cause, VenueStatus, VerdictKind
from farm.visit import Visit
from fixtures.kit.process import TwinProcess
from tests.farm.small_site import EVER, now
from tests.integrations.luna import AT_HALF_PAST_EIGHT, WISH, Farm

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


LATER = WantedSlot(date=date(2029, 12, 5), earliest=time(19), latest=time(20), preferred=time(19, 40))
"""Nearest to it is 19:30."""
AT_HALF_PAST_SEVEN = datetime(2029, 12, 5, 18, 30, tzinfo=UTC)


async def change(farm: Farm, wish: Request) -> tuple[Claim | Refusal, CommitGate]:
    """Change the guest's only booking as the core does: a look in one visit, the change on a blank page."""
    async with farm.visit() as looking:
        (seen,) = await farm.ask.script.read_back(looking, farm.lookup())
    manifest = farm.ask.manifest
    gate = CommitGate(manifest.change, manifest.safe, farm.ask.venue.origin, never=[manifest.commit, manifest.cancel])
    async with farm.visit(gate) as visit:
        gate.open_once(EVER, now)
        answer = await farm.ask.script.change(visit, seen, wish)
        visit.check()
    return answer, gate


async def test_a_hold_is_given_back_by_a_visit_that_never_saw_it(farm: Farm, twin: TwinProcess) -> None:
    script = farm.ask.script
    async with farm.visit() as visit:
        offer = (await script.search(visit, farm.ask.request))[0]
        hold = await script.hold(visit, offer)
    (kept,) = twin.holds()
    assert hold.expires_at
    assert abs(kept.expires_at - hold.expires_at) < timedelta(seconds=1)
    async with farm.visit() as visit:
        assert offer not in await script.search(visit, farm.ask.request)
    async with farm.visit() as visit:
        await script.release(visit, hold)
    assert not twin.holds()
    async with farm.visit() as visit:
        assert offer in await script.search(visit, farm.ask.request)
        await script.release(visit, hold)


async def test_a_hold_is_booked_from_a_visit_that_never_saw_it(farm: Farm, twin: TwinProcess) -> None:
    script = farm.ask.script
    async with farm.visit() as visit:
        hold = await script.hold(visit, (await script.search(visit, farm.ask.request))[0])
    async with farm.visit() as visit:
        await script.enter_guest(visit, hold, farm.ask.request)
    assert [kept.email for kept in twin.holds()] == [farm.ask.request.guest.email]


async def test_a_refused_click_leaves_no_hold(farm: Farm, twin: TwinProcess) -> None:
    twin.set_fault("refusal_as_500")
    closing = await farm.book()
    assert (closing.kind, closing.cause) == ("refused", Cause.SLOT_UNAVAILABLE)
    assert twin.fault_hits("refusal_as_500") == 1
    assert not twin.records()
    assert not twin.holds()


async def test_thanks_without_a_code_are_a_claim_without_a_reference(farm: Farm, twin: TwinProcess) -> None:
    twin.set_fault("no_reference_shown")
    closing = await farm.book()
    assert closing.claim == Claim(reference=None, shows=Facts(when=Slot(starts_at=AT_HALF_PAST_EIGHT)))
    assert twin.fault_hits("no_reference_shown") == 1
    verdict = (await farm.look(closing)).verdict
    assert verdict.proves
    assert [verdict.venue_reference] == [record.code for record in twin.records()]


async def test_an_error_that_says_thank_you_is_found_out(farm: Farm, twin: TwinProcess) -> None:
    twin.set_fault("error_says_thank_you")
    verdict = (await farm.look(await farm.book())).verdict
    assert (verdict.kind, verdict.complete) == (VerdictKind.NOT_FOUND, True)
    assert twin.fault_hits("error_says_thank_you") == 1
    assert not twin.records()
    assert len(twin.holds()) == 1


async def test_a_record_for_fewer_is_a_mismatch(farm: Farm, twin: TwinProcess) -> None:
    twin.set_fault("wrong_party")
    verdict = (await farm.look(await farm.book())).verdict
    assert verdict.kind is VerdictKind.MISMATCHED
    assert [field.field for field in verdict.fields if field.result == "differs"] == ["party"]
    assert twin.fault_hits("wrong_party") == 1


@pytest.mark.parametrize(
    ("answer", "status"),
    [("accept", VenueStatus.CONFIRMED), ("decline", VenueStatus.REJECTED), (None, VenueStatus.CANCELLED)],
)
async def test_a_request_that_the_house_answers(
    farm: Farm, twin: TwinProcess, answer: str | None, status: VenueStatus
) -> None:
    twin.set_fault("needs_approval")
    closing = await farm.book()
    assert closing.kind == "claimed"
    assert twin.fault_hits("needs_approval") == 1
    first = (await farm.look(closing)).verdict
    assert first.venue_status is VenueStatus.PENDING
    (record,) = twin.records()
    if answer is None:
        await farm.cancel(closing)
        assert [record.status for record in twin.records()] == ["cancelled"]
    else:
        twin.answer(record.code, answer)
    after = (await farm.look(closing)).verdict
    assert after.venue_status is status
    assert after.proves == (status is VenueStatus.CONFIRMED)


async def test_a_house_that_calls_off_is_seen(farm: Farm, twin: TwinProcess) -> None:
    closing = await farm.book()
    twin.answer(twin.records()[0].code, "drop")
    verdict = (await farm.look(closing)).verdict
    assert (verdict.kind, verdict.venue_status) == (VerdictKind.NOT_FOUND, VenueStatus.CANCELLED)


async def test_a_house_that_approves_says_so_in_its_list(browser: Browser, tmp_path: Path) -> None:
    with TwinProcess.start("fixtures.osteria_luna", tmp_path, approval="desk") as asking:
        farm = Farm(browser, asking, WISH)
        async with farm.visit() as visit:
            offers = await farm.ask.script.search(visit, farm.ask.request)
        assert {offer.becomes for offer in offers} == {VenueStatus.PENDING}
        closing = await farm.book()
        assert closing.kind == "claimed"
        assert [record.status for record in asking.records()] == ["pending"]


async def test_a_booking_is_changed_in_place(farm: Farm, twin: TwinProcess) -> None:
    await farm.book()
    (before,) = twin.records()
    answer, gate = await change(farm, WISH.model_copy(update={"when": LATER, "party": Party(adults=4)}))
    assert (answer, gate.sent) == (Claim(reference=before.code), "yes")
    (after,) = twin.records()
    assert (after.code, after.starts_at, after.people) == (before.code, AT_HALF_PAST_SEVEN, 4)
    assert (after.email, after.note, after.status) == (before.email, before.note, "confirmed")
    async with farm.visit() as visit:
        (seen,) = await farm.ask.script.read_back(visit, farm.lookup())
    assert (seen.when, seen.party, seen.resource) == (
        Slot(starts_at=AT_HALF_PAST_SEVEN),
        Party(adults=4),
        after.resource,
    )


async def test_without_a_preferred_time_the_earliest_is_taken(farm: Farm, twin: TwinProcess) -> None:
    await farm.book()
    wish = LATER.model_copy(update={"preferred": None, "earliest": time(19, 20), "latest": time(21)})
    await change(farm, WISH.model_copy(update={"when": wish}))
    assert [record.starts_at for record in twin.records()] == [AT_HALF_PAST_SEVEN]


@pytest.mark.parametrize(
    ("fault", "cause"), [("change_refused", Cause.REQUEST_REFUSED), (None, Cause.SLOT_UNAVAILABLE)]
)
async def test_a_change_that_the_house_refuses(
    farm: Farm, twin: TwinProcess, monkeypatch: pytest.MonkeyPatch, fault: str | None, cause: Cause
) -> None:
    await farm.book()
    before = twin.records()
    if fault:
        twin.set_fault(fault)
    else:
        _takes_all_tables_before_the_click(farm, twin, monkeypatch)
    answer, gate = await change(farm, WISH.model_copy(update={"when": LATER}))
    assert isinstance(answer, Refusal)
    assert farm.ask.manifest.cause_of(answer.text) is cause
    assert gate.sent == "yes"
    assert before[0] in twin.records()
    assert fault is None or twin.fault_hits(fault) == 1


def _takes_all_tables_before_the_click(farm: Farm, twin: TwinProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    press = Visit.press

    async def beaten(visit: Visit, target: Locator, **signs: Locator) -> str:
        if "changed" in signs:
            async with httpx.AsyncClient(base_url=twin.origin) as rival:
                choice = await target.get_attribute("value")
                await rival.post("/prenota/blocco", data={"scelta": choice, "coperti": 2})
        return await press(visit, target, **signs)

    monkeypatch.setattr(Visit, "press", beaten)


async def test_a_party_that_the_site_does_not_take_is_refused_before_anything_leaves(
    farm: Farm, twin: TwinProcess
) -> None:
    await farm.book()
    answer, gate = await change(farm, WISH.model_copy(update={"party": Party(adults=7)}))
    assert isinstance(answer, Refusal)
    assert farm.ask.manifest.cause_of(answer.text) is Cause.REQUEST_REFUSED
    assert gate.sent == "no"


async def test_a_wish_that_no_table_fits_changes_nothing(farm: Farm, twin: TwinProcess) -> None:
    await farm.book()
    before = twin.records()
    wish = WantedSlot(date=date(2029, 12, 5), earliest=time(12), latest=time(14))
    with pytest.raises(NoAvailability):
        await change(farm, WISH.model_copy(update={"when": wish}))
    assert twin.records() == before


async def test_a_change_that_is_cut_shows_in_the_record(farm: Farm, twin: TwinProcess) -> None:
    await farm.book()
    twin.set_fault("change_dropped_after")
    with pytest.raises(VenueDown, match="broke off"):
        await change(farm, WISH.model_copy(update={"when": LATER}))
    assert twin.fault_hits("change_dropped_after") == 1
    async with farm.visit() as visit:
        (seen,) = await farm.ask.script.read_back(visit, farm.lookup())
    assert seen.when == Slot(starts_at=AT_HALF_PAST_SEVEN)
    assert [record.starts_at for record in twin.records()] == [AT_HALF_PAST_SEVEN]


async def test_a_change_that_is_only_said_shows_in_the_record(farm: Farm, twin: TwinProcess) -> None:
    await farm.book()
    twin.set_fault("change_lost")
    answer, _ = await change(farm, WISH.model_copy(update={"when": LATER}))
    assert isinstance(answer, Claim)
    assert twin.fault_hits("change_lost") == 1
    async with farm.visit() as visit:
        (seen,) = await farm.ask.script.read_back(visit, farm.lookup())
    assert seen.when == Slot(starts_at=AT_HALF_PAST_EIGHT)
