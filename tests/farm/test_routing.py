"""Where a booking goes next."""

from datetime import UTC, date, datetime, time, timedelta

from farm.facts import Guest, Party
from farm.request import Request, WantedSlot
from farm.routing import Route, Stop, Tried, next_step
from farm.status import BookingStatus, Cause
from farm.venue import Venue

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def venue(slug, partner="p"):
    return Venue(
        slug=slug, name=slug.title(), kind="restaurant", timezone="Europe/Rome", currency="EUR",
        origin="https://venue.example", partner=partner,
    )  # fmt: skip


REQUEST = Request(
    guest=Guest(name="Ada", email="a@example.com"),
    party=Party(adults=2),
    when=WantedSlot(date=date(2026, 12, 4), earliest=time(20), latest=time(21)),
    venues=("a", "b", "c"),
    know_by=NOW + timedelta(hours=1),
)
ABC = [venue("a"), venue("b"), venue("c", partner="q")]


def after(*causes, now=NOW):
    tried = [Tried(slug, next(v.partner for v in ABC if v.slug == slug), cause) for slug, cause in causes]
    return next_step(REQUEST, ABC, tried, now)


def test_in_the_order_of_the_request():
    assert after() == Route(ABC[0], REQUEST)
    assert after(("a", Cause.SLOT_UNAVAILABLE)) == Route(ABC[1], REQUEST)
    assert after(("a", Cause.RECORD_MISSING), ("b", Cause.VENUE_CHANGED)) == Route(ABC[2], REQUEST)


def test_a_lost_session_is_tried_once_more_at_the_same_venue_then_never_again():
    assert after(("a", Cause.SESSION_EXPIRED)) == Route(ABC[0], REQUEST)
    assert after(("a", Cause.SESSION_EXPIRED), ("a", Cause.SESSION_EXPIRED)) == Route(ABC[1], REQUEST)


def test_a_partner_that_refused_access_is_left_alone():
    assert after(("a", Cause.CHALLENGE_PRESENTED)) == Route(ABC[2], REQUEST)


def test_the_end_says_why_each_venue_did_not_serve():
    end = after(("a", Cause.SLOT_UNAVAILABLE), ("b", Cause.RECORD_MISSING), ("c", Cause.VENUE_UNREACHABLE))
    assert isinstance(end, Stop)
    assert end.status is BookingStatus.UNAVAILABLE
    assert end.sentence == (
        "Nothing could be booked: A was full; B said yes but kept no record; C could not be reached."
    )


def test_nothing_but_faults_is_a_failure_not_a_full_house():
    end = after(("a", Cause.VENUE_CHANGED), ("b", Cause.VENUE_UNREACHABLE), ("c", Cause.CONTRACT_BROKEN))
    assert end.status is BookingStatus.FAILED


def test_time_is_up():
    end = after(("a", Cause.SLOT_UNAVAILABLE), now=NOW + timedelta(hours=2))
    assert end.status is BookingStatus.EXPIRED


def test_a_wish_to_cancel_wins():
    tried = [Tried("a", "p", Cause.SLOT_UNAVAILABLE), Tried("", "", Cause.CANCEL_REQUESTED)]
    end = next_step(REQUEST, ABC, tried, NOW)
    assert isinstance(end, Stop)
    assert end.status is BookingStatus.CANCELLED


def test_nor_is_one_that_does_not_agree_to_our_visits():
    assert after(("a", Cause.ACCESS_NOT_AGREED)) == Route(ABC[2], REQUEST)


def test_what_failed_before_another_venue_was_tried_is_not_tried_again():
    assert after(("a", Cause.SESSION_EXPIRED), ("b", Cause.SLOT_UNAVAILABLE)) == Route(ABC[2], REQUEST)


def test_the_guest_is_told_in_time():
    assert REQUEST.know_by is not None
    end = after(now=REQUEST.know_by)
    assert isinstance(end, Stop)
    assert end.status is BookingStatus.EXPIRED


def test_what_is_past_is_asked_of_nobody():
    over = REQUEST.model_copy(update={"know_by": None})
    late = datetime(2026, 12, 4, 20, 1, tzinfo=UTC)  # 21:01 in Bologna
    assert isinstance(next_step(over, ABC, [], late - timedelta(minutes=1)), Route)
    end = next_step(over, ABC, [], late)
    assert isinstance(end, Stop)
    assert (end.status, end.sentence) == (
        BookingStatus.EXPIRED,
        "The time that was wanted is past: nothing was tried yet.",
    )


def test_only_where_it_was_full_is_asked_again_with_a_wider_window():
    wider = REQUEST.model_copy(update={"when": REQUEST.when.model_copy(update={"widen_min": 30})})

    def then(*causes):
        tried = [Tried(one.slug, one.partner, cause) for one, cause in zip(ABC, causes, strict=True)]
        return next_step(wider, ABC, tried, NOW)

    full, changed = Cause.SLOT_UNAVAILABLE, Cause.VENUE_CHANGED
    route = then(changed, full, changed)
    assert isinstance(route, Route)
    assert (route.venue, route.widened, route.request.when) == (ABC[1], True, wider.when.widened())
    assert isinstance(then(changed, changed, Cause.PRICE_OVER_CAP), Stop)


def test_a_closed_venue_is_passed_over():
    assert next_step(REQUEST, ABC, [], NOW, dict.fromkeys({"a", "b"}, Cause.TIER_TOO_LOW)) == Route(ABC[2], REQUEST)


def test_a_venue_that_closes_between_two_tries_is_not_tried_again():
    tried = [Tried("a", "p", Cause.SESSION_EXPIRED)]
    assert next_step(REQUEST, ABC, tried, NOW) == Route(ABC[0], REQUEST)
    assert next_step(REQUEST, ABC, tried, NOW, dict.fromkeys({"a"}, Cause.TIER_TOO_LOW)) == Route(ABC[1], REQUEST)


def test_where_every_venue_is_closed_the_end_says_so():
    end = next_step(REQUEST, ABC, [], NOW, dict.fromkeys({"a", "b", "c"}, Cause.TIER_TOO_LOW))
    assert isinstance(end, Stop)
    assert (end.status, end.cause) == (BookingStatus.FAILED, Cause.TIER_TOO_LOW)
    assert end.sentence.startswith("Nothing could be booked: A does not take bookings from us now;")


def test_what_was_tried_has_the_last_word_about_why():
    end = next_step(
        REQUEST, ABC[:2], [Tried("b", "p", Cause.SLOT_UNAVAILABLE)], NOW, dict.fromkeys({"a"}, Cause.TIER_TOO_LOW)
    )
    assert isinstance(end, Stop)
    assert (end.status, end.cause) == (BookingStatus.UNAVAILABLE, Cause.SLOT_UNAVAILABLE)
    assert end.sentence == "Nothing could be booked: A does not take bookings from us now; B was full."


def test_only_what_is_closed_is_said_to_be():
    end = next_step(REQUEST, ABC[:2], [Tried("a", "p", Cause.CHALLENGE_PRESENTED)], NOW)
    assert isinstance(end, Stop)
    assert end.sentence == "Nothing could be booked: A does not take bookings from us now."
    tried = [Tried("b", "p", Cause.SLOT_UNAVAILABLE), Tried("a", "p", Cause.VENUE_CHANGED)]
    end = next_step(REQUEST, ABC[:2], tried, NOW, {"a": Cause.TIER_TOO_LOW})
    assert isinstance(end, Stop)
    assert end.sentence == "Nothing could be booked: B was full; A could not take the booking."
