"""The core's order of steps at a real ticket shop in a real browser, compared with the shop's own database."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta

import pytest
from playwright.async_api import Browser

from farm.errors import CancelUnproven, NoAvailability, PriceOverCap, RequestRefused
from farm.facts import Guest, Money, Party, Slot
from farm.gate import CommitGate
from farm.phases import Step
from farm.request import Request, WantedSlot, WantedStay
from farm.status import Cause, VenueStatus, VerdictKind
from fixtures.kit.cutting_proxy import Cut, CuttingProxy
from fixtures.pretix_shop.shop import PretixShop
from tests.e2e.lab import LabAttempt, Role

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(900),  # the first one installs pretix
]

EIGHT = datetime(2030, 6, 14, 18, 0, tzinfo=UTC)  # 20:00 in Berlin
CONCERT = Request(
    guest=Guest(name="Ada Maria Lovelace", email="ada@guest.example", phone="+49 30 123456"),
    party=Party(adults=2),
    when=WantedSlot(date=date(2030, 6, 14), earliest=time(18), latest=time(22)),
    venues=("lab_concert",),
    service="Standing",
)
TABLE = CONCERT.model_copy(
    update={
        "when": WantedSlot(date=date(2030, 6, 14), earliest=time(19), latest=time(20), preferred=time(19, 30)),
        "venues": ("lab_table",),
        "service": None,
        "note": "by the window",
    }
)


def wish(of: Request, **changes: object) -> Request:
    return of.model_copy(update=changes)


async def test_a_paid_ticket_is_what_the_shop_has(browser: Browser, shop: PretixShop) -> None:
    attempt = LabAttempt(browser, shop, CONCERT)
    before = datetime.now(UTC)
    closing = await attempt.book()
    assert (closing.kind, closing.sent) == ("claimed", "yes")
    assert [step for step, _ in attempt.journal.steps] == [
        Step.SEARCH,
        Step.HOLD,
        Step.ENTER_GUEST,
        Step.GUARD,
        Step.SUBMIT,
    ]
    assert attempt.hold
    assert attempt.hold.expires_at
    assert timedelta(minutes=29) < attempt.hold.expires_at - before < timedelta(minutes=31)

    verdict = (await attempt.look(closing)).verdict
    assert verdict.proves
    assert verdict.channel == "organizer_api"
    assert {field.field: field.result for field in verdict.fields} == dict.fromkeys(
        ("when", "ends_at", "resource", "service", "party", "guest_name", "guest_email", "price"), "same"
    )

    (order,) = attempt.records()
    assert shop.orders() == [order]
    assert closing.claim
    assert (order.event, order.code) == ("concert", closing.claim.reference)
    assert closing.claim.link == f"/lab/concert/order/{order.code}/{order.secret}/"
    assert order.email == f"ada+{str(attempt.reference).lower()}@guest.example"
    assert (order.total_cents, order.provider, order.status) == (5000, "manual", "pending")
    assert [(p.product, p.attendee, p.starts_at) for p in order.positions] == [
        ("Standing", "Ada Maria Lovelace", EIGHT)
    ] * 2


async def test_a_free_ticket_needs_no_payment_step(browser: Browser, shop: PretixShop) -> None:
    attempt = LabAttempt(browser, shop, wish(CONCERT, service="Guest list", party=Party(adults=1)), roles=())
    closing = await attempt.book()
    verdict = (await attempt.look(closing)).verdict
    (order,) = attempt.records()
    assert verdict.proves
    assert (verdict.channel, verdict.venue_reference) == ("order_page", order.code)
    assert (order.total_cents, order.provider, order.status) == (0, "free", "paid")
    assert [p.product for p in order.positions] == ["Guest list"]


async def test_a_ticket_by_bank_transfer_for_a_guest_of_one_name(browser: Browser, shop: PretixShop) -> None:
    guest = Guest(name="Madonna", email="m@guest.example")
    attempt = LabAttempt(browser, shop, wish(CONCERT, guest=guest, party=Party(adults=1)), payment="Bank transfer")
    looked = await attempt.look(await attempt.book())
    (order,) = attempt.records()
    assert looked.verdict.proves
    assert looked.ours[0].due == Money(minor=2500, currency="EUR")
    assert (order.provider, order.total_cents, order.positions[0].attendee) == ("banktransfer", 2500, "Madonna -")


async def test_a_table_slot_is_what_the_shop_has(browser: Browser, shop: PretixShop) -> None:
    attempt = LabAttempt(browser, shop, wish(TABLE, party=Party(adults=2, children=1)), roles=("desk",))
    closing = await attempt.book()
    verdict = (await attempt.look(closing)).verdict
    (order,) = attempt.records()
    (position,) = order.positions
    assert verdict.proves
    assert (verdict.channel, verdict.venue_reference) == ("back_office", order.code)
    assert {f.field: (f.wanted, f.seen) for f in verdict.fields}["when"] == ("2030-06-14T19:30+02:00",) * 2
    assert (position.product, position.attendee) == ("Table for 4", "Ada Maria Lovelace")
    assert position.starts_at == EIGHT - timedelta(minutes=30)
    assert order.answers == ("by the window",)


@pytest.mark.parametrize("request_", [CONCERT, TABLE], ids=["event", "series"])
async def test_every_channel_reads_the_same_record(browser: Browser, shop: PretixShop, request_: Request) -> None:
    attempt = LabAttempt(browser, shop, request_)
    closing = await attempt.book()
    (order,) = attempt.records()
    channels: dict[str, tuple[Role, ...]] = {"organizer_api": ("owner",), "back_office": ("desk",), "order_page": ()}
    for channel, roles in channels.items():
        looked = await attempt.look(closing, roles)
        (ours,) = looked.ours
        assert (looked.verdict.kind, looked.verdict.channel) == (VerdictKind.MATCHED, channel)
        assert (ours.reference, ours.status) == (order.code, VenueStatus.CONFIRMED)
        assert ours.price == Money(minor=order.total_cents, currency="EUR")
        assert ours.when == Slot(
            starts_at=order.positions[0].starts_at,
            ends_at=order.positions[0].starts_at + timedelta(minutes=180 if request_ is CONCERT else 90),
        )
        assert ours.key == f"/lab/{order.event}/order/{order.code}/{order.secret}/"


async def test_want_two_and_one_is_left_is_never_a_smaller_booking(browser: Browser, shop: PretixShop) -> None:
    """The shop page says two; one is sold before the button is pressed: the shop puts one into the cart."""
    attempt = LabAttempt(browser, shop, wish(CONCERT, service="Balcony"))
    script, shown = attempt.ask.script, await _offers(attempt)
    assert shown == {"Balcony": 2, "Guest list": 500, "Standing": 500}
    gate = CommitGate(None, attempt.ask.manifest.safe, shop.origin)
    async with attempt.visits.open(gate, (Step.SEARCH, Step.HOLD), None) as visit:
        await visit.begin(None)
        offers = await script.search(visit, attempt.ask.request)
        (balcony,) = [offer for offer in offers if offer.resource == "Balcony"]
        shop.sell("concert", "Balcony", 1)
        with pytest.raises(Exception, match="Balcony went while it was put into the cart"):
            await script.hold(visit, balcony)
    assert shop.holds() == 0
    with pytest.raises(NoAvailability):
        await attempt.book()
    assert not attempt.records()


async def test_sold_out_is_no_availability(browser: Browser, shop: PretixShop) -> None:
    shop.quota_fill("concert", "Balcony")
    for at in range(3):
        shop.quota_fill("table", "Table for 4", EIGHT + timedelta(minutes=30 * at - 60))
    for request in (wish(CONCERT, service="Balcony"), wish(TABLE, party=Party(adults=4))):
        attempt = LabAttempt(browser, shop, request)
        with pytest.raises(NoAvailability):
            await attempt.book()
    assert (shop.orders(), shop.holds()) == ([], 0)


async def test_reserved_by_others_is_no_availability_and_the_next_date_is_taken(
    browser: Browser, shop: PretixShop
) -> None:
    shop.hold("concert", "Balcony", 2)
    with pytest.raises(NoAvailability):
        await LabAttempt(browser, shop, wish(CONCERT, service="Balcony")).book()
    shop.hold("table", "Table for 4", starts_at=EIGHT - timedelta(minutes=30))
    attempt = LabAttempt(browser, shop, wish(TABLE, party=Party(adults=4)))
    assert (await attempt.look(await attempt.book())).verdict.proves
    assert attempt.records()[0].positions[0].starts_at in {EIGHT, EIGHT - timedelta(minutes=60)}


async def test_a_lost_hold_is_a_known_no_at_the_last_click(browser: Browser, shop: PretixShop) -> None:
    """The hold has run out and somebody else has the places: nothing shows it before the last click."""
    attempt = LabAttempt(browser, shop, wish(CONCERT, service="Balcony"))

    def lose_the_hold() -> None:
        shop.expire_carts()
        shop.sell("concert", "Balcony", 2)

    closing = await attempt.book(lose_the_hold)
    assert (closing.kind, closing.cause, closing.sent) == ("refused", Cause.SLOT_UNAVAILABLE, "yes")
    assert not attempt.records()
    assert (await attempt.look(closing)).verdict.kind is VerdictKind.NOT_FOUND


async def test_an_expired_hold_whose_places_are_free_still_books(browser: Browser, shop: PretixShop) -> None:
    attempt = LabAttempt(browser, shop, CONCERT)
    closing = await attempt.book(shop.expire_carts)
    assert (await attempt.look(closing)).verdict.proves
    assert len(attempt.records()) == 1


@pytest.mark.parametrize("where", ["before", "after", "reply"])
async def test_a_cut_connection_is_a_doubt_that_the_record_settles(
    browser: Browser, shop: PretixShop, where: Cut
) -> None:
    async with CuttingProxy() as proxy:
        proxy.cut(where, "/checkout/confirm/")
        attempt = LabAttempt(browser, shop, CONCERT, proxy=proxy.server, deadline_s=5)
        closing = await attempt.book()
        assert (closing.kind, closing.sent, closing.cause) == ("in_doubt", "yes", Cause.OUTCOME_UNKNOWN)
        assert (proxy.seen, proxy.cuts) == (1, 1)
        if where != "before":
            await asyncio.wait_for(proxy.answered.wait(), 10)
        verdict = (await attempt.look(closing)).verdict
    made = where != "before"
    assert len(attempt.records()) == made
    assert verdict.kind is (VerdictKind.MATCHED if made else VerdictKind.NOT_FOUND)
    assert verdict.complete


async def test_your_cart_is_empty_is_a_doubt_and_not_a_no(browser: Browser, shop: PretixShop) -> None:
    """On a reused connection Chromium sends the lost request again, and the shop answers that the cart is empty."""
    async with CuttingProxy(keepalive=True) as proxy:
        proxy.cut("reply", "/checkout/confirm/")
        attempt = LabAttempt(browser, shop, CONCERT, proxy=proxy.server, deadline_s=15)
        closing = await attempt.book()
        verdict = (await attempt.look(closing)).verdict
    assert proxy.cuts == 1
    assert (closing.kind, closing.claim) == ("in_doubt", None)
    assert verdict.proves
    assert len(attempt.records()) == 1


@pytest.mark.parametrize("role", ["owner", None])
async def test_a_cancellation_is_proven_by_the_record(browser: Browser, shop: PretixShop, role: Role | None) -> None:
    attempt = LabAttempt(browser, shop, wish(CONCERT, service="Balcony"), roles=(role,) if role else ())
    other = shop.sell("concert", "Standing", email=CONCERT.guest.email)
    closing = await attempt.book()
    after = (await attempt.cancel(closing)).verdict
    assert (after.kind, after.venue_status) == (VerdictKind.NOT_FOUND, VenueStatus.CANCELLED)
    assert [order.status for order in attempt.records()] == ["cancelled"]
    assert [order.status for order in shop.orders() if order.code == other] == ["pending"]


async def test_a_cancellation_that_the_shop_does_not_take_is_not_proven(browser: Browser, shop: PretixShop) -> None:
    async with CuttingProxy() as proxy:
        attempt = LabAttempt(browser, shop, CONCERT, proxy=proxy.server, deadline_s=5)
        closing = await attempt.book()
        proxy.cut("before", "/cancel/do")
        with pytest.raises(CancelUnproven):
            await attempt.cancel(closing)
        assert proxy.cuts == 1
    assert [order.status for order in attempt.records()] == ["pending"]


async def test_a_hold_that_is_not_used_is_given_back(browser: Browser, shop: PretixShop) -> None:
    attempt = LabAttempt(browser, shop, CONCERT)

    def change_of_mind() -> None:
        assert shop.holds() == 2
        raise NoAvailability("the guard says no")

    with pytest.raises(NoAvailability):
        await attempt.book(change_of_mind)
    assert (shop.orders(), shop.holds(), attempt.journal.notes) == ([], 0, [])


async def test_what_the_shop_cannot_serve_is_refused_early(browser: Browser, shop: PretixShop) -> None:
    nights = WantedStay(check_in=date(2030, 6, 14), check_out=date(2030, 6, 15))
    for error, request in {
        RequestRefused: wish(CONCERT, when=nights),
        NoAvailability: wish(TABLE, when=WantedSlot(date=date(2031, 6, 14), earliest=time(19), latest=time(20))),
        PriceOverCap: wish(CONCERT, price_cap=Money(minor=4999, currency="EUR")),
    }.items():
        attempt = LabAttempt(browser, shop, request)
        with pytest.raises(error):
            await attempt.book()
    assert (shop.orders(), shop.holds()) == ([], 0)


async def test_the_guest_may_be_entered_twice_and_a_hold_starts_from_its_offer(
    browser: Browser, shop: PretixShop
) -> None:
    attempt = LabAttempt(browser, shop, CONCERT)
    script, request = attempt.ask.script, attempt.ask.request
    gate = CommitGate(None, attempt.ask.manifest.safe, shop.origin)
    async with attempt.visits.open(gate, (Step.SEARCH,), None) as visit:
        await visit.begin(None)
        (standing,) = [o for o in await script.search(visit, request) if o.resource == "Standing"]
    async with attempt.visits.open(gate, (Step.HOLD, Step.ENTER_GUEST), None) as visit:
        await visit.begin(None)
        hold = await script.hold(visit, standing)
        assert await script.enter_guest(visit, hold, request) == await script.enter_guest(visit, hold, request)
    assert not shop.orders()


async def _offers(attempt: LabAttempt) -> dict[str | None, int | None]:
    gate = CommitGate(None, attempt.ask.manifest.safe, attempt.ask.venue.origin)
    async with attempt.visits.open(gate, (Step.SEARCH,), None) as visit:
        await visit.begin(None)
        offers = await attempt.ask.script.search(visit, attempt.ask.request)
    return {offer.resource: offer.left for offer in offers}
