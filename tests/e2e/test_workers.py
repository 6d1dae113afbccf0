"""Real workers, a real broker, both databases, both pools, against restaurants; judged by their own books."""

from __future__ import annotations

import itertools
import json
import signal
from datetime import date, timedelta

import psutil
import pytest
import redis

from farm.status import AttemptState, BookingStatus, Cause
from farm.verdict import Verdict
from tasks.app import make_app
from tasks.embedded import EmbeddedFarm
from tasks.machine.finding import Found
from tasks.machine.private_redis import PrivateRedis
from tasks.machine.redis import find_redis
from tasks.settings import Settings
from tests.databases import postgresql
from tests.e2e.reseller import Platform
from tools.overlay import Overlay, Standing

__all__ = ["postgresql"]

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

NAMES = ("luna_here", "sole_here", "nord_here")
_days = itertools.count(1)


@pytest.fixture
def day():
    """A day of its own, so that no test takes another one's tables."""
    return date(2029, 1, 1) + timedelta(days=next(_days))


@pytest.fixture(autouse=True)
def clean(houses):
    for twin in houses.values():
        twin.clear()


def deployed(tmp_path_factory, houses, **changes) -> Settings:
    folder = tmp_path_factory.mktemp("farm")
    overlay = Overlay(folder / "overlay")
    for name, twin in houses.items():
        overlay.add(Standing("osteria_luna/osteria_luna", name, twin.origin, "here"))
    return overlay.settings(Settings(home=folder / "home", lease_s=3, resend_s=2, **changes))


@pytest.fixture(scope="module", params=["sqlite-threads", "postgresql-prefork"])
def settings(request, tmp_path_factory, houses):
    url = request.getfixturevalue("postgresql").new_database() if request.param.startswith("postgresql") else None
    return deployed(tmp_path_factory, houses, database_url=url)


@pytest.fixture(scope="module")
def farm(settings):
    pool = "prefork" if settings.database_url else "threads"
    with EmbeddedFarm(settings, pool=pool, concurrency=2) as farm:
        yield farm


@pytest.fixture
def platform(farm):
    return Platform(farm.settings)


def standing(houses, booking):
    """Every standing record with this booking's code, in all the restaurants' own books."""
    code = booking.code.lower()
    return [
        (name, record)
        for name, twin in houses.items()
        for record in twin.records()
        if code in f"{record.email} {record.note}".lower() and record.status == "confirmed"
    ]


def confirmed_once(houses, booking, name):
    assert booking.status is BookingStatus.CONFIRMED, booking.sentence
    ((where, record),) = standing(houses, booking)
    assert (where, record.code) == (name, booking.venue_reference)
    verdict = json.loads(booking.verdict)
    assert (verdict["kind"], verdict["channel"]) == ("matched", "guest_lookup")
    seen = {field["field"]: field["seen"] for field in verdict["fields"]}
    assert seen["when"] == record.starts_at.isoformat(timespec="minutes")
    assert (seen["party"], record.people) == ("2 adults", 2)
    assert record.resource in seen["resource"]
    return record


def test_confirmed_at_once(platform, houses, day):
    booking = platform.settled(platform.queue(day, *NAMES))
    confirmed_once(houses, booking, NAMES[0])
    (attempt,) = platform.attempts(booking.id)
    assert (attempt.state, attempt.sent) == (AttemptState.CONFIRMED, "yes")
    assert [stage.stage for stage in attempt.stages] == [
        "search", "hold", "enter_guest", "guard", "submit", "read_back",
    ]  # fmt: skip


def test_full_then_confirmed_at_the_second(platform, houses, day):
    houses[NAMES[0]].set_fault("full", times=None, day=day.isoformat())
    booking = platform.settled(platform.queue(day, *NAMES))
    confirmed_once(houses, booking, NAMES[1])
    assert [(a.venue, a.cause) for a in platform.attempts(booking.id)] == [
        (NAMES[0], Cause.SLOT_UNAVAILABLE),
        (NAMES[1], None),
    ]
    assert houses[NAMES[0]].fault_hits("full") > 0


def test_a_thank_you_page_is_no_booking(platform, houses, day):
    houses[NAMES[0]].set_fault("lying_thanks", match="liar")
    booking = platform.settled(platform.queue(day, *NAMES, guest="liar"))
    confirmed_once(houses, booking, NAMES[1])
    first = platform.attempts(booking.id)[0]
    assert (first.state, first.cause, first.sent) == (AttemptState.ABSENT, Cause.RECORD_MISSING, "yes")
    assert houses[NAMES[0]].fault_hits("lying_thanks") == 1


def test_cut_after_the_click_is_found_and_never_booked_again(platform, houses, day):
    houses[NAMES[0]].set_fault("dropped_after", match="cut")
    booking = platform.settled(platform.queue(day, *NAMES, guest="cut"))
    confirmed_once(houses, booking, NAMES[0])
    assert "attempt.in_doubt" in platform.kinds(booking.id)
    assert houses[NAMES[0]].fault_hits("dropped_after") == 1


def test_a_refusal_in_known_words_falls_back_after_one_look(platform, houses, day):
    houses[NAMES[0]].set_fault("slot_lost", match="refused")
    booking = platform.settled(platform.queue(day, *NAMES, guest="refused"))
    confirmed_once(houses, booking, NAMES[1])
    first = platform.attempts(booking.id)[0]
    assert (first.state, first.read_backs) == (AttemptState.REFUSED, 1)


def test_a_record_that_differs_is_never_confirmed_and_never_booked_elsewhere(platform, houses, day):
    houses[NAMES[0]].set_fault("shifted_time", match="shifted")
    booking = platform.settled(platform.queue(day, *NAMES, guest="shifted"))
    assert (booking.status, booking.cause) == (BookingStatus.IN_DOUBT, Cause.RECORD_MISMATCH)
    assert "its record differs from what was asked" in booking.sentence
    assert Verdict.model_validate_json(booking.verdict).reason == "the record differs in when"
    assert [name for name, _ in standing(houses, booking)] == [NAMES[0]]
    assert houses[NAMES[0]].fault_hits("shifted_time") == 1


def test_nothing_free_anywhere(platform, houses, day):
    for twin in houses.values():
        twin.set_fault("full", times=None, day=day.isoformat())
    booking = platform.settled(platform.queue(day, *NAMES))
    assert booking.status is BookingStatus.UNAVAILABLE
    assert booking.sentence.count("was full") == 3
    assert standing(houses, booking) == []


def test_cancelled_and_proven(platform, houses, day):
    booking = platform.settled(platform.queue(day, *NAMES))
    assert len(standing(houses, booking)) == 1
    platform.cancel(booking.id)
    booking = platform.until(booking.id, lambda b: b.status in {BookingStatus.CANCELLED, BookingStatus.IN_DOUBT})
    assert booking.status is BookingStatus.CANCELLED, booking.sentence
    assert standing(houses, booking) == []


def test_the_same_message_five_times_books_once(platform, houses, day, farm):
    app = make_app(farm.settings)
    booking_id = platform.queue(day, *NAMES)
    for _ in range(5):
        app.send_task("farm.book", (booking_id,), queue="book")
    confirmed_once(houses, platform.settled(booking_id), NAMES[0])


def test_the_guests_data_is_in_no_log_and_no_history(platform, houses, day, farm):
    """Of everything that this farm did until now, faults included."""
    houses[NAMES[0]].set_fault("dropped_after", match="canary")
    platform.settled(platform.queue(day, *NAMES, guest="canary", note="an allergy"))
    told = "".join(log.read_text() for log in farm.logs.glob("*.log")) + platform.history()
    assert "attempt.in_doubt" in told
    assert [word for word in ("rossi", "example.com", "canary", "123456", "allergy") if word in told.lower()] == []


def broker(settings) -> redis.Redis:
    found = find_redis()
    assert isinstance(found, Found)
    return redis.Redis(unix_socket_path=str(PrivateRedis(found.path, settings.home).socket))


def test_a_broker_that_forgets_everything_only_delays(platform, houses, day, farm):
    ids = [platform.queue(day, *NAMES, guest=f"wiped{n}") for n in range(3)]
    with broker(farm.settings) as client:
        for _ in range(5):
            client.flushall()
    for booking_id in ids:
        confirmed_once(houses, platform.settled(booking_id), NAMES[0])


@pytest.mark.parametrize("step", ["hold", "enter_guest", "submit", "read_back"])
def test_a_worker_killed_at_any_step_still_books_once(houses, tmp_path_factory, day, step):
    settings = deployed(tmp_path_factory, houses)
    platform = Platform(settings)
    with EmbeddedFarm(settings, concurrency=1) as farm:
        booking_id = platform.queue(day, *NAMES)
        platform.until(booking_id, lambda _: step in platform.steps(booking_id))
        worker = psutil.Process(farm.pids[0])
        below = worker.children(recursive=True)
        worker.send_signal(signal.SIGKILL)
        assert below
        assert psutil.wait_procs(below, timeout=15)[1] == [], "a browser outlived its worker"
    with EmbeddedFarm(settings, concurrency=1):
        booking = platform.settled(booking_id)
    assert booking.status is BookingStatus.CONFIRMED, booking.sentence
    assert len(standing(houses, booking)) == 1


def test_a_stopped_farm_keeps_what_is_queued(houses, tmp_path_factory, day):
    settings = deployed(tmp_path_factory, houses)
    platform = Platform(settings)
    with EmbeddedFarm(settings, concurrency=1):
        pass
    booking_id = platform.queue(day, *NAMES)
    with EmbeddedFarm(settings, concurrency=1):
        confirmed_once(houses, platform.settled(booking_id), NAMES[0])
