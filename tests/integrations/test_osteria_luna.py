"""The restaurant's script under the core's order of steps: a real browser, the real twin, its own database."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from farm.compare import expected
from farm.errors import NoAvailability, RequestRefused
from farm.facts import Party
from farm.phases import Step
from farm.status import Cause, VenueStatus, VerdictKind
from fixtures.kit.process import TwinProcess
from tests.integrations.luna import AT_HALF_PAST_EIGHT, WISH, Farm

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def test_a_good_booking_is_what_the_venue_has(farm: Farm, twin: TwinProcess) -> None:
    closing = await farm.book()
    assert (closing.kind, closing.sent) == ("claimed", "yes")
    assert farm.journal.steps == [Step.SEARCH, Step.HOLD, Step.ENTER_GUEST, Step.GUARD, Step.SUBMIT]

    verdict = (await farm.look(closing)).verdict
    (record,) = twin.records()
    assert verdict.proves
    assert (verdict.channel, verdict.venue_reference) == ("guest_lookup", record.code)
    assert {field.field: field.result for field in verdict.fields} == dict.fromkeys(
        ("when", "resource", "party", "guest_name", "guest_email", "guest_phone"), "same"
    )
    assert closing.claim
    assert closing.claim.reference == record.code
    assert (record.starts_at, record.people, record.resource) == (AT_HALF_PAST_EIGHT, 2, "Sala · Tavolo 1")
    assert (record.name, record.phone) == ("Ada Rossi", "+39 051 123456")
    assert record.email == f"ada+{str(farm.reference).lower()}@example.com"
    assert record.note == f"alla finestra ({farm.reference})"


async def test_the_search_reports_all_that_the_page_lists(farm: Farm) -> None:
    async with farm.visit() as visit:
        offers = await farm.ask.script.search(visit, farm.ask.request)
    assert len(offers) == 6 * 6
    assert {offer.party for offer in offers} == {Party(adults=2)}
    assert {offer.resource for offer in offers} <= set(farm.ask.venue.resources)


async def test_full_is_no_availability(farm: Farm, twin: TwinProcess) -> None:
    twin.set_fault("full")
    with pytest.raises(NoAvailability):
        await farm.book()
    assert twin.fault_hits("full") == 1
    assert not twin.records()


async def test_a_party_that_the_site_does_not_take_is_refused(browser: Browser, twin: TwinProcess) -> None:
    with pytest.raises(RequestRefused):
        await Farm(browser, twin, WISH.model_copy(update={"party": Party(adults=7)})).book()


async def test_lying_thanks_is_found_out(farm: Farm, twin: TwinProcess) -> None:
    twin.set_fault("lying_thanks")
    closing = await farm.book()
    assert closing.kind == "claimed"
    verdict = (await farm.look(closing)).verdict
    assert (verdict.kind, verdict.complete, verdict.proves) == (VerdictKind.NOT_FOUND, True, False)
    assert twin.fault_hits("lying_thanks") == 1


async def test_a_shifted_record_is_a_mismatch(farm: Farm, twin: TwinProcess) -> None:
    twin.set_fault("shifted_time")
    verdict = (await farm.look(await farm.book())).verdict
    assert verdict.kind is VerdictKind.MISMATCHED
    assert [field.field for field in verdict.fields if field.result == "differs"] == ["when"]
    assert twin.fault_hits("shifted_time") == 1


@pytest.mark.parametrize(
    ("fault", "kind"), [("dropped_before", VerdictKind.NOT_FOUND), ("dropped_after", VerdictKind.MATCHED)]
)
async def test_a_cut_connection_is_a_doubt_that_the_record_settles(
    farm: Farm, twin: TwinProcess, fault: str, kind: VerdictKind
) -> None:
    twin.set_fault(fault)
    closing = await farm.book()
    assert (closing.kind, closing.sent, closing.cause) == ("in_doubt", "yes", Cause.OUTCOME_UNKNOWN)
    assert "broke off" in closing.detail
    assert (await farm.look(closing)).verdict.kind is kind
    assert len(twin.records()) == (kind is VerdictKind.MATCHED)
    assert twin.fault_hits(fault) == 1


@pytest.mark.parametrize(
    ("fault", "cause"), [("slot_lost", Cause.SLOT_UNAVAILABLE), ("hold_expired", Cause.LEASE_EXPIRED)]
)
async def test_the_venues_no_at_the_last_click_has_a_cause(
    farm: Farm, twin: TwinProcess, fault: str, cause: Cause
) -> None:
    twin.set_fault(fault)
    closing = await farm.book()
    assert (closing.kind, closing.cause) == ("refused", cause)
    assert not twin.records()
    assert twin.fault_hits(fault) == 1


async def test_a_cancellation_is_proven_by_the_record(farm: Farm, twin: TwinProcess) -> None:
    closing = await farm.book()
    after = await farm.cancel(closing)
    assert after.verdict.kind is VerdictKind.NOT_FOUND
    assert after.verdict.venue_status is VenueStatus.CANCELLED
    assert [record.status for record in twin.records()] == ["cancelled"]


async def test_another_booking_of_the_guest_is_left_alone(browser: Browser, farm: Farm, twin: TwinProcess) -> None:
    closing, other = await farm.book(), Farm(browser, twin, WISH)
    await other.book()
    await farm.cancel(closing)
    assert {record.email: record.status for record in twin.records()} == {
        farm.ask.request.guest.email: "cancelled",
        other.ask.request.guest.email: "confirmed",
    }


async def test_hold_starts_from_the_offer_and_the_guest_may_be_entered_twice(farm: Farm, twin: TwinProcess) -> None:
    ask = farm.ask
    async with farm.visit() as visit:
        offer = (await ask.script.search(visit, ask.request))[0]
    async with farm.visit() as visit:
        hold = await ask.script.hold(visit, offer)
        first = await ask.script.enter_guest(visit, hold, ask.request)
        assert await ask.script.enter_guest(visit, hold, ask.request) == first
        assert first.when == expected(ask.request, offer).when
        await ask.script.release(visit, hold)
        assert offer in await ask.script.search(visit, ask.request)
    assert not twin.records()
