"""One call and its answer: what is asked again, what is raised, what a newer server may add."""

from __future__ import annotations

import pytest
from readback_client import (
    Client,
    KeyRefused,
    NotFound,
    Problem,
    TooManyRequests,
    Unreachable,
    plans,
)
from starlette.responses import JSONResponse, PlainTextResponse

from tests.clients.conftest import KEY
from tests.clients.stand_in import problem

WISH = {
    "guest": {"name": "Ada Geheim", "email": "ada@example.com"},
    "party": {"adults": 2},
    "when": {"date": "2030-06-14", "earliest": "19:00", "latest": "21:00"},
    "venues": ["luna"],
}


@pytest.mark.usefixtures("hasty")
class TestBooking:
    def test_each_call_has_a_key_of_its_own(self, client, api):
        first, second = client.book(WISH), client.book(WISH)
        assert (first.status, first.confirmed, first.waits.waiting_for) == ("queued", False, "worker")
        assert first.id != second.id
        assert len(set(api.keys)) == 2

    def test_the_callers_key_gives_the_same_booking(self, client):
        assert client.book(WISH, "order-1").id == client.book(WISH, "order-1").id

    @pytest.mark.parametrize(
        "trouble",
        [
            "cut",
            problem(409, "still-being-written", Retry_After="0"),
            problem(429, "too-many-requests", Retry_After="0"),
            problem(503, "ledger-away", Retry_After="0"),
            PlainTextResponse("a proxy", 502),
        ],
        ids=["cut", "still-being-written", "too-many", "away", "proxy"],
    )
    def test_its_own_tries_share_a_key(self, client, api, trouble):
        api.next.extend([trouble] * (plans.TRIES - 1))
        assert client.book(WISH).status == "queued"
        assert len(api.keys) == plans.TRIES
        assert len(set(api.keys)) == len(api.bookings) == 1

    def test_it_gives_up_and_says_the_key(self, client, api):
        api.next.extend(["cut"] * plans.TRIES)
        with pytest.raises(Unreachable, match="POST /v1/bookings") as raised:
            client.book(WISH)
        assert len(api.keys) == plans.TRIES
        assert raised.value.idempotency_key == api.keys[0]
        assert "Geheim" not in str(raised.value)
        assert client.book(WISH, raised.value.idempotency_key).status == "queued"

    @pytest.mark.parametrize("kind", ["bad-request", "idempotency-conflict"])
    def test_what_stays_wrong_is_not_asked_again(self, client, api, kind):
        api.next.append(problem(422, kind))
        with pytest.raises(Problem) as raised:
            client.book(WISH)
        error = raised.value
        assert (error.status, error.kind, error.request_id, error.then) == (422, kind, "req_1", "correct it")
        assert [(fault.where, fault.what) for fault in error.faults] == [("guest.email", "is no e-mail address")]
        assert "guest.email: is no e-mail address" in str(error)
        assert len(api.seen) == 1

    def test_who_is_told_to_come_back_much_later_is_told_at_once(self, client, api):
        api.next.append(problem(429, "too-many-requests", Retry_After="3600"))
        with pytest.raises(TooManyRequests) as raised:
            client.book(WISH)
        assert (raised.value.retry_after_s, len(api.seen)) == (3600, 1)


@pytest.mark.usefixtures("hasty")
class TestOnce:
    """What is done each time that it arrives."""

    @pytest.mark.parametrize("lost", ["cut", PlainTextResponse("a proxy", 504)], ids=["cut", "proxy"])
    def test_it_is_not_sent_again_where_it_may_have_arrived(self, client, api, lost):
        api.next.append(lost)
        with pytest.raises((Unreachable, Problem)):
            client.add_webhook("https://platform.example/hook")
        assert api.seen == [("POST", "/v1/webhooks")]

    def test_it_is_sent_again_where_nothing_was_done(self, client, api):
        api.next.extend([problem(503, "ledger-away", Retry_After="0"), problem(422, "bad-request")])
        with pytest.raises(Problem, match="422"):
            client.rotate_secret("wh_1")
        assert len(api.seen) == 2


class TestAnswers:
    def test_what_a_newer_server_adds_is_kept(self, client, api):
        booking = client.booking(api.queue())
        assert booking.model_extra == {"a_newer_field": {"deep": True}}

    @pytest.mark.parametrize(
        ("status", "kind"), [("confirmed", "contested"), ("verifying", "matched"), ("in_doubt", "matched")]
    )
    def test_confirmed_is_what_was_read_back_and_matched(self, client, api, status, kind):
        verdict = {"kind": kind, "channel": "c", "at": "2030-01-01T00:00:00Z"}
        booking = api.queue(status=status, verdict=verdict)
        assert not client.booking(booking).confirmed
        api.confirm(booking)
        assert client.booking(booking).confirmed

    def test_a_page_of_somebody_else_is_no_answer(self, client, api):
        api.next.append(PlainTextResponse("welcome to the hotel's wireless net"))
        with pytest.raises(Unreachable, match="none of a Readback API"):
            client.booking("bk_1")

    def test_what_is_not_there(self, client):
        with pytest.raises(NotFound):
            client.booking("bk_99")

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_key_that_may_not(self, client, api, status):
        api.next.append(problem(status, "wrong-key"))
        with pytest.raises(KeyRefused):
            client.booking("bk_1")

    def test_a_redirect_carries_the_key_nowhere(self, client, api):
        api.next.append(JSONResponse({}, 307, headers={"Location": f"{api.url}/elsewhere"}))
        with pytest.raises(Problem):
            client.booking("bk_1")
        assert len(api.seen) == 1

    def test_an_id_is_one_part_of_the_path(self, client, api):
        with pytest.raises(NotFound):
            client.booking("../venues?x=1")
        assert api.seen == [("GET", "/v1/bookings/..%2Fvenues%3Fx%3D1")]


class TestLists:
    def test_pages_are_fetched_as_they_are_needed(self, client, api):
        wanted = [api.queue() for _ in range(5)]
        found = client.bookings()
        assert next(found).id == wanted[-1]
        assert len(api.seen) == 1
        assert [booking.id for booking in found] == wanted[-2::-1]

    def test_filters(self, client, api):
        api.queue()
        done = api.queue()
        api.confirm(done)
        assert [booking.id for booking in client.bookings(status=["confirmed", "failed"])] == [done]
        assert [booking.id for booking in client.bookings(status="confirmed")] == [done]

    def test_events(self, client, api):
        for _ in range(7):
            api.queue()
        assert [event.number for event in client.events(after=2)] == [3, 4, 5, 6, 7]

    def test_the_rest(self, client, api):
        booking = api.queue()
        assert client.change(booking, when={"date": "2030-06-15"}).model_extra["asked"] == {
            "when": {"date": "2030-06-15"}
        }
        assert client.cancel(booking).status == "cancelled"
        assert next(client.venues(city="Bologna")).city == "Bologna"
        assert client.availability("luna", "2030-06-14").seen == ()


class TestAccount:
    def test_the_environment(self, client_of, api, monkeypatch):
        monkeypatch.setenv("READBACK_API_KEY", KEY)
        monkeypatch.setenv("READBACK_API_URL", api.url)
        client_of().booking(api.queue())
        assert api.authorizations == {f"Bearer {KEY}"}

    def test_no_key(self, monkeypatch):
        monkeypatch.delenv("READBACK_API_KEY", raising=False)
        with pytest.raises(ValueError, match="READBACK_API_KEY"):
            Client()
