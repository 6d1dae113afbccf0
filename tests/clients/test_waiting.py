"""Waiting and following: streams that break, that are kept back, that are refused."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import islice

import pytest
from readback_client import NotFound, NotSettled, Problem, Unreachable, plans

from tests.clients.conftest import KEY
from tests.clients.stand_in import Serving, StandIn


@pytest.fixture
def later():
    """Do something in a moment, on another thread."""
    started: list[threading.Timer] = []

    def later(what: Callable[..., object], *given: object, after_s: float = 0.2) -> None:
        started.append(threading.Timer(after_s, what, given))
        started[-1].start()

    yield later
    for timer in started:
        timer.join()


def until(holds: Callable[[], object]) -> None:
    """Return once it is so."""
    while not holds():
        time.sleep(0.01)


def asked(api, booking):
    return api.seen.count(("GET", f"/v1/bookings/{booking}"))


@pytest.mark.usefixtures("hasty")
class TestWait:
    @pytest.mark.parametrize("streams", ["well", "cut", "kept_back", "refused", "page"])
    def test_it_ends_with_the_booking(self, client, api, later, streams, monkeypatch):
        monkeypatch.setattr(plans, "QUIET_S", 0.1)
        api.streams, booking = streams, api.queue()
        later(api.confirm, booking)
        began = time.monotonic()
        settled = client.wait(booking, timeout_s=20)
        assert settled.confirmed
        assert time.monotonic() - began < 5
        assert streams in {"well", "cut"} or len(api.resumed) <= 3

    def test_a_stream_that_is_kept_back_is_tried_once(self, client, api, later, monkeypatch):
        monkeypatch.setattr(plans, "QUIET_S", 0.1)
        api.streams, booking = "kept_back", api.queue()
        later(api.confirm, booking, after_s=1.0)
        assert client.wait(booking, timeout_s=20).confirmed
        assert api.resumed == ["1"]

    def test_a_stream_that_comes_through_saves_asking(self, client, api, later):
        booking = api.queue()
        later(api.confirm, booking, after_s=0.5)
        assert client.wait(booking, timeout_s=20).confirmed
        assert asked(api, booking) == 2  # before, and at `booking.confirmed`
        assert api.resumed == ["1"]

    def test_a_stream_that_broke_goes_on_where_it_was(self, client, api, later):
        api.streams, booking = "cut", api.queue()

        def go_on():
            until(lambda: api.resumed == ["1"])
            api.tell(booking, "attempt.started")
            until(lambda: len(api.resumed) > 1)
            api.confirm(booking)

        later(go_on)
        assert client.wait(booking, timeout_s=20).confirmed
        assert api.resumed[:2] == ["1", "2"]

    def test_time_is_over(self, client, api):
        booking = api.queue()
        began = time.monotonic()
        with pytest.raises(NotSettled) as raised:
            client.wait(booking, timeout_s=0.5)
        assert raised.value.booking.id == booking
        assert 0.5 <= time.monotonic() - began < 2.5  # its pings came all the while

    def test_a_settled_one_needs_no_stream(self, client, api):
        booking = api.queue()
        api.confirm(booking)
        assert client.wait(booking).confirmed
        assert api.resumed == []

    @pytest.mark.parametrize("what", ["cancellation", "change"])
    def test_a_confirmed_one_that_is_called_off_or_changed_is_waited_for(self, client, api, later, what):
        booking = api.queue()
        api.confirm(booking)
        waits = {"for": what, "until": None, "sentence": "it was asked for"}
        api.tell(booking, "booking.asked", waits=waits)
        later(lambda: api.tell(booking, "booking.over", waits=None, sentence="over"))
        assert client.wait(booking, timeout_s=20).sentence == "over"

    def test_a_person_is_not_waited_for(self, client, api):
        waits = {"for": "person", "until": None, "sentence": "a person must look"}
        assert client.wait(api.queue(status="in_doubt", settled=True, waits=waits)).status == "in_doubt"

    def test_without_streams_none_is_opened(self, client_of, api, later):
        booking = api.queue()
        later(api.confirm, booking)
        assert client_of(key=KEY, url=api.url, streams=False).wait(booking, timeout_s=20).confirmed
        assert api.resumed == []

    def test_what_is_not_there(self, client):
        with pytest.raises(NotFound):
            client.wait("bk_99")

    def test_a_gateway_that_is_started_again_does_not_end_a_wait(self, client_of, later):
        stand_in = StandIn()
        first = Serving.start(stand_in)
        booking, client = stand_in.queue(), client_of(key=KEY, url=stand_in.url)
        states = client.watch(booking, timeout_s=30)
        assert next(states).status == "queued"
        first.stop()
        port, again = int(stand_in.url.rpartition(":")[2]), []
        later(lambda: again.append(Serving.start(stand_in, port)), after_s=0.5)
        later(stand_in.confirm, booking, after_s=1.0)
        assert [state.status for state in states] == ["confirmed"]
        again[0].stop()

    def test_a_host_that_was_never_there(self, client_of):
        with pytest.raises(Unreachable):
            client_of(key=KEY, url="http://127.0.0.1:9").wait("bk_1", timeout_s=5)


def test_each_change_is_shown_once(client, api, later):
    booking = api.queue()
    states = client.watch(booking, timeout_s=20)
    assert next(states).status == "queued"
    later(lambda: api.tell(booking, "booking.attempting", status="attempting"))
    later(api.tell, booking, "attempt.stage", after_s=0.3)
    later(api.confirm, booking, after_s=0.5)
    assert [state.status for state in states] == ["attempting", "confirmed"]


@pytest.mark.usefixtures("hasty")
class TestStream:
    def test_nothing_is_lost_or_repeated_where_it_breaks(self, client, api):
        api.streams = "cut"
        for _ in range(4):
            api.queue()
        assert [event.number for event in islice(client.stream(after=0), 4)] == [1, 2, 3, 4]
        assert api.resumed == ["0", "1", "2", "3"]

    def test_it_goes_on_behind_a_number(self, client, api):
        for _ in range(4):
            api.queue()
        assert [event.number for event in islice(client.stream(after=2), 2)] == [3, 4]

    def test_of_one_booking_until_it_is_settled(self, client, api):
        api.streams, first = "cut", api.queue()
        booking = api.queue()
        api.tell(first, "booking.deferred")
        api.confirm(booking)
        found = list(client.stream(booking=booking))
        assert [(event.booking, event.sequence) for event in found] == [(booking, 1), (booking, 2)]
        assert api.resumed == [None, "1", "2"]

    def test_what_happens_before_the_first_event_has_come_is_not_lost(self, client, api, later):
        api.streams, _ = "begun", api.queue()

        def go_on():
            until(lambda: api.resumed)
            api.queue()
            api.streams = "well"

        later(go_on)
        assert next(client.stream()).number == 2
        assert set(api.resumed) == {None, "1"}

    def test_it_says_no(self, client, api):
        api.streams = "refused"
        with pytest.raises(Problem, match="403"):
            next(client.stream())

    def test_it_does_not_come_through(self, client, api, monkeypatch):
        monkeypatch.setattr(plans, "QUIET_S", 0.1)
        api.streams = "kept_back"
        with pytest.raises(Unreachable, match="stream"):
            next(client.stream())
        assert len(api.resumed) == plans.TRIES
