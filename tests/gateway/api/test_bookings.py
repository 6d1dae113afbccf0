"""Bookings over HTTP: queued once, listed, changed, called off."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from sqlalchemy import insert, update

from farm.intake import shaped
from farm.status import BookingStatus
from gateway.api import bookings as routes
from ledger.engine import Database
from ledger.names import new_id
from ledger.tables import bookings
from tests.gateway.conftest import GOOD
from tests.ledger.lives import queued

AS_JSON = {"Content-Type": "application/json"}


def keyed(key="order-1"):
    return {"Idempotency-Key": key}


async def made(client, key="order-1", **changes):
    answer = await client.post("/v1/bookings", json=GOOD | changes, headers=keyed(key))
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def faults(answer):
    return {(fault["where"], fault["what"]) for fault in answer.json()["faults"]}


def kind(answer):
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["status"] == answer.status_code
    assert said["then"]
    return said["type"].removeprefix("/problems/")


async def test_a_booking_is_shown_to_its_reseller_alone(mine, theirs, ledger):
    booking = await queued(ledger)
    shown = await mine.get(f"/v1/bookings/{booking}")
    assert (shown.status_code, shown.json()["status"]) == (200, "queued")
    hidden, missing = await theirs.get(f"/v1/bookings/{booking}"), await theirs.get("/v1/bookings/bk_none")
    assert hidden.status_code == missing.status_code == 404
    assert hidden.headers["content-type"] == "application/problem+json"
    assert [hidden.json() | {"instance": None}] == [missing.json() | {"instance": None}]


class TestQueueing:
    async def test_a_request_is_queued_for_the_reseller_of_the_key(self, theirs, ledger):
        answer = await theirs.post("/v1/bookings", json=GOOD, headers=keyed())
        assert answer.status_code == 201
        said = answer.json()
        assert (said["reseller"], said["status"]) == ("theirs", "queued")
        assert answer.headers["location"] == f"/v1/bookings/{said['id']}"
        assert (await theirs.get(answer.headers["location"])).json()["id"] == said["id"]
        stored = await ledger.booking(said["id"])
        assert (stored.reseller, stored.idempotency_key, stored.wanted().guest.name) == (
            "theirs",
            "order-1",
            "Ada Geheim",
        )
        assert "Geheim" not in answer.text

    async def test_the_same_key_gives_the_booking_as_it_is_now(self, mine, ledger):
        first = await mine.post("/v1/bookings", json=GOOD, headers=keyed())
        await mine.post(f"/v1/bookings/{first.json()['id']}/cancel")
        again = await mine.post("/v1/bookings", json=GOOD | {"reseller": "local"}, headers=keyed())
        assert (first.status_code, again.status_code) == (201, 200)
        assert again.json()["id"] == first.json()["id"]
        assert again.json()["cancel_requested_at"]
        assert again.headers["location"] == first.headers["location"]
        assert len(await ledger.bookings()) == 1

    async def test_the_same_key_answers_also_when_its_time_is_past(self, mine, ledger):
        past = GOOD | {"when": GOOD["when"] | {"date": "2020-06-14"}, "reseller": "local"}
        accepted = await ledger.accept(shaped(past), "K000000009", "order-1")
        again = await mine.post("/v1/bookings", json=past, headers=keyed())
        assert (again.status_code, again.json()["id"]) == (200, accepted.booking.id)

    async def test_another_request_under_the_key_is_refused(self, mine, ledger):
        await made(mine)
        other = await mine.post("/v1/bookings", json=GOOD | {"party": {"adults": 3}}, headers=keyed())
        assert (other.status_code, kind(other)) == (422, "idempotency-conflict")
        assert len(await ledger.bookings()) == 1

    async def test_two_resellers_may_use_the_same_key(self, mine, theirs):
        assert await made(mine) != await made(theirs)

    @pytest.mark.parametrize("key", [None, "", "a b", "ü", "k" * 256, "a\tb"])
    async def test_a_key_is_visible_ascii(self, mine, ledger, key):
        headers = [] if key is None else [("Idempotency-Key", key.encode())]
        answer = await mine.post("/v1/bookings", json=GOOD, headers=headers)
        assert (answer.status_code, kind(answer)) == (
            (400, "idempotency-key-missing") if key is None else (422, "bad-request")
        )
        assert not await ledger.bookings()

    async def test_a_key_is_given_once(self, mine):
        headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
        answer = await mine.post("/v1/bookings", json=GOOD, headers=headers)
        assert faults(answer) == {("Idempotency-Key", "is given more than once")}

    async def test_another_reseller_cannot_be_named(self, theirs, ledger):
        answer = await theirs.post("/v1/bookings", json=GOOD | {"reseller": "local"}, headers=keyed())
        assert (answer.status_code, kind(answer)) == (422, "bad-request")
        assert [where for where, _ in faults(answer)] == ["reseller"]
        assert not await ledger.bookings()

    async def test_every_fault_is_named_at_once_and_nothing_of_the_guest_is_repeated(self, mine, ledger):
        bad = GOOD | {
            "guest": GOOD["guest"] | {"email": "geheim"},
            "party": {},
            "when": GOOD["when"] | {"date": "2020-01-01"},
            "venues": ["osteria_lune"],
            "colour": "Geheim",
        }
        answer = await mine.post("/v1/bookings", json=bad, headers=keyed())
        assert (answer.status_code, kind(answer)) == (422, "bad-request")
        assert {where for where, _ in faults(answer)} == {"guest.email", "party", "when", "venues.0", "colour"}
        assert "geheim" not in answer.text.lower()
        assert not await ledger.bookings()

    async def test_many_requests_with_one_key_make_one_booking(self, mine, ledger):
        answers = await asyncio.gather(*(mine.post("/v1/bookings", json=GOOD, headers=keyed()) for _ in range(12)))
        codes = sorted(answer.status_code for answer in answers)
        assert codes.count(201) == 1
        assert set(codes) <= {200, 201, 409}
        assert len({answer.json()["id"] for answer in answers if answer.status_code < 300}) == 1
        assert len(await ledger.bookings()) == 1


class TestStillBeingWritten:
    @pytest.fixture
    def holding(self, ledger_url):
        """A transaction of somebody else that has written the key, and does not end."""

        class Holding:
            def __init__(self):
                self.database, self.may_end, self.has_begun = Database(ledger_url), Event(), asyncio.Event()

            async def __aenter__(self):
                loop, now = asyncio.get_running_loop(), datetime.now(UTC)
                row = routes_row(now)

                def hold(connection):
                    connection.execute(insert(bookings), row)
                    loop.call_soon_threadsafe(self.has_begun.set)
                    self.may_end.wait(60)
                    raise InterruptedError

                self.running = asyncio.create_task(self.database.write(hold))
                await self.has_begun.wait()

            async def __aexit__(self, *_):
                self.may_end.set()
                with pytest.raises(InterruptedError):
                    await self.running
                await self.database.close()

        return Holding

    async def test_it_is_said_soon_and_then_it_can_be_sent_again(self, mine, ledger, holding):
        async with holding():
            begun = asyncio.get_running_loop().time()
            answer = await mine.post("/v1/bookings", json=GOOD, headers=keyed(), timeout=60)
            took_s = asyncio.get_running_loop().time() - begun
            assert (answer.status_code, kind(answer)) == (409, "still-being-written")
            assert int(answer.headers["retry-after"]) >= 1
            assert took_s < routes.PATIENCE_S + 2
        assert await made(mine)


def routes_row(now):
    return {
        "id": new_id("bk", now, lambda n: b"\1" * n),
        "reseller": "local",
        "idempotency_key": "order-1",
        "request_fingerprint": "0",
        "request": "{}",
        "code": "K999999999",
        "status": BookingStatus.QUEUED,
        "fence": 0,
        "last_attempt": 0,
        "last_event": 1,
        "created_at": now,
        "updated_at": now,
    }


async def by_hand(client, header, content=b""):
    """Sends the head of a POST and the beginning of its body, and never its end; gives the head of the answer."""
    url = client.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = [
        b"POST /v1/bookings HTTP/1.1",
        b"Host: x",
        b"Authorization: " + client.headers["authorization"].encode(),
        b"Content-Type: application/json",
        b"Idempotency-Key: a",
        header,
    ]
    writer.write(b"\r\n".join(head) + b"\r\n\r\n" + content)
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    writer.close()
    return answer


class TestTheBody:
    async def post(self, client, content, headers=AS_JSON):
        return await client.post("/v1/bookings", content=content, headers=keyed() | headers)

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"", "is not JSON"),
            (b"{", "is not JSON"),
            (b"\xff", "is not UTF-8"),
            (b'{"a": 1, "a": 2}', "`a` is given twice"),
            (b'{"a": NaN}', "`NaN` is no JSON"),
            (b'{"a": 1e999}', "is too large a number"),
            (b'{"a": ' + b"9" * 40 + b"}", "is too long a number"),
            (b"[" * 40 + b"]" * 40, "nested too deeply"),
            (b"[" * 100_000, "nested too deeply"),
            (b'{"a": "\\ud800"}', "half a character"),
        ],
    )
    async def test_it_is_read_as_strictly_as_a_file(self, mine, ledger, content, says):
        answer = await self.post(mine, content)
        assert (answer.status_code, kind(answer)) == (400, "not-json")
        assert says in answer.text.replace('\\"', '"')
        assert not await ledger.bookings()

    @pytest.mark.parametrize("content", [b"1", b"null", b'"text"', b"[]", b"true"])
    async def test_it_is_an_object(self, mine, content):
        answer = await self.post(mine, content)
        assert faults(answer) == {("", "a request is a JSON object")}

    async def test_it_says_that_it_is_json(self, mine):
        body = json.dumps(GOOD).encode()
        assert (await self.post(mine, body, {"Content-Type": "text/plain"})).status_code == 415
        assert (await self.post(mine, body, {})).status_code == 415
        assert (await self.post(mine, body, {"Content-Type": "Application/JSON; charset=utf-8"})).status_code == 201

    async def test_it_has_an_end(self, mine):
        large = b" " * (256 * 1024) + json.dumps(GOOD).encode()
        answer = await self.post(mine, large)
        assert (answer.status_code, kind(answer)) == (413, "too-large")

    async def test_a_length_that_is_too_large_is_not_waited_for(self, mine):
        assert b" 413 " in await by_hand(mine, b"Content-Length: 99999999")

    async def test_pieces_without_an_end_are_not_read_to_it(self, mine):
        piece = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
        assert b" 413 " in await by_hand(mine, b"Transfer-Encoding: chunked", piece * 20)

    async def test_a_body_that_does_not_come_is_given_up(self, mine, monkeypatch):
        monkeypatch.setattr("gateway.api.body.PATIENCE_S", 0.2)
        assert b" 408 " in await by_hand(mine, b"Content-Length: 100", b"{")
        assert b" 408 " in await by_hand(mine, b"Transfer-Encoding: chunked", b"1\r\n{\r\n")


class TestTheList:
    async def listed(self, client, **wanted):
        answer = await client.get("/v1/bookings", params=wanted)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def test_pages_hold_every_booking_once_newest_first(self, mine, theirs, ledger):
        made_ = [await queued(ledger) for _ in range(7)]
        await made(theirs)
        seen, cursor = [], None
        while True:
            page = await self.listed(mine, limit=3, **({"cursor": cursor} if cursor else {}))
            seen += [booking["id"] for booking in page["bookings"]]
            cursor = page["next"]
            if cursor is None:
                break
            await queued(ledger)  # what is newer does not push anything into the next page
        assert seen == made_[::-1]

    async def test_it_is_empty_for_who_has_none(self, theirs, ledger):
        await queued(ledger)
        assert await self.listed(theirs) == {"bookings": [], "next": None}

    async def test_filters(self, mine, ledger):
        one, two = await made(mine, "1", reseller_reference="A-1"), await made(mine, "2", reseller_reference="A-2")
        three = await made(mine, "3", reseller_reference="A-2")

        async def ids(**wanted):
            return [booking["id"] for booking in (await self.listed(mine, **wanted))["bookings"]]

        def settle(connection):
            connection.execute(
                update(bookings).where(bookings.c.id == two).values(status="failed", venue="osteria_luna")
            )

        await ledger._database.write(settle)
        assert await ids(status="failed") == [two]
        assert await ids(status=["failed", "queued"]) == [three, two, one]
        assert await ids(status="confirmed") == []
        assert await ids(venue="osteria_luna") == [two]
        assert await ids(reseller_reference="A-2") == [three, two]
        assert await ids(reseller_reference="A-2", status="queued") == [three]
        moment = (await ledger.booking(two)).created_at
        assert await ids(created_since=moment.isoformat()) == [three, two]
        assert await ids(created_before=moment.isoformat()) == [one]
        assert await ids(created_since=(moment + timedelta(hours=1)).isoformat()) == []
        assert await ids(created_since="2000-01-01T00:00:00Z", created_before="2099-12-31T00:00:00+14:00") == [
            three,
            two,
            one,
        ]

    @pytest.mark.parametrize(
        ("wanted", "where"),
        [
            ({"limit": 0}, "limit"),
            ({"limit": 101}, "limit"),
            ({"status": "settled"}, "status.0"),
            ({"created_since": "2026-01-01"}, "created_since"),
            ({"created_since": "0001-01-01T00:00:00Z"}, "created_since"),
            ({"cursor": "bk_1"}, "cursor"),
            ({"cursor": "MjpiawA"}, "cursor"),
            ({"cursor": "ü"}, "cursor"),
            ({"statuss": "queued"}, "statuss"),
            ({"reseller_reference": "a\0b"}, "reseller_reference"),
            ({"venue": "a\0b"}, "venue"),
        ],
    )
    async def test_what_cannot_be_meant_is_named(self, mine, wanted, where):
        answer = await mine.get("/v1/bookings", params=wanted)
        assert (answer.status_code, kind(answer)) == (422, "bad-request")
        assert [place for place, _ in faults(answer)] == [where]

    async def test_a_page_asks_the_ledger_as_often_as_one_booking(self, mine, ledger, statements):
        for _ in range(3):
            await queued(ledger)
        await self.listed(mine)  # from now on the key is known
        statements()
        await self.listed(mine)
        few = statements()
        for _ in range(17):
            await queued(ledger)
        statements()
        assert len((await self.listed(mine))["bookings"]) == 20
        assert statements() == few > 0


class TestChanging:
    async def test_a_new_time_and_party_become_the_wish(self, mine, ledger):
        booking = await made(mine, when=GOOD["when"] | {"preferred": "20:00"})
        wish = {"when": {"date": "2030-06-15", "earliest": "18:00"}, "party": {"adults": 4}}
        answer = await mine.patch(f"/v1/bookings/{booking}", json=wish)
        assert answer.status_code == 202
        changed = json.loads((await ledger.booking(booking)).change)
        assert (changed["when"]["date"], changed["when"]["earliest"]) == ("2030-06-15", "18:00:00")
        assert (changed["when"]["latest"], changed["when"]["preferred"]) == ("21:00:00", None)
        assert changed["party"]["adults"] == 4

    async def test_the_same_wish_again_changes_nothing(self, mine, ledger):
        booking = await made(mine)
        for _ in range(3):
            answer = await mine.patch(f"/v1/bookings/{booking}", json={"party": {"adults": 4}})
            assert answer.status_code == 202
        kinds = [event.kind for event in await ledger.events(booking)]
        assert kinds == ["booking.queued", "booking.change_requested"]

    async def test_a_wish_for_what_it_is_changes_nothing(self, mine, ledger):
        booking = await made(mine)
        assert (await mine.patch(f"/v1/bookings/{booking}", json={"party": {"adults": 2}})).status_code == 202
        assert [event.kind for event in await ledger.events(booking)] == ["booking.queued"]

    async def test_what_is_called_off_is_not_changed(self, mine):
        booking = await made(mine)
        await mine.post(f"/v1/bookings/{booking}/cancel")
        answer = await mine.patch(f"/v1/bookings/{booking}", json={"when": {"date": "2020-01-01"}})
        assert (answer.status_code, kind(answer)) == (409, "not-changeable")
        assert "its cancellation was asked for" in answer.json()["detail"]

    @pytest.mark.parametrize(
        ("wish", "places"),
        [
            ({}, [""]),
            ([], [""]),
            ({"when": {}, "party": {}}, [""]),
            ({"when": {"date": "2020-01-01"}}, ["when"]),
            ({"when": {"dat": "2030-01-01"}, "party": {"adults": -1}}, ["when.dat", "party.adults"]),
            ({"guest": {"name": "Geheim"}}, ["guest"]),
            ({"when": {"earliest": "22:00"}}, ["when.latest"]),
            ({"party": {"adults": None}}, ["party.adults"]),
        ],
    )
    async def test_a_wish_that_cannot_be_is_named(self, mine, ledger, wish, places):
        booking = await made(mine)
        answer = await mine.patch(f"/v1/bookings/{booking}", json=wish)
        assert (answer.status_code, kind(answer)) == (422, "bad-request")
        assert sorted(fault["where"] for fault in answer.json()["faults"]) == sorted(places)
        assert "Geheim" not in answer.text
        assert (await ledger.booking(booking)).change is None


class TestCallingOff:
    async def test_again_gives_the_same(self, mine, ledger):
        booking = await made(mine)
        first, again = [await mine.post(f"/v1/bookings/{booking}/cancel") for _ in range(2)]
        assert (first.status_code, again.status_code) == (202, 202)
        assert first.json() == again.json()
        assert first.json()["cancel_requested_at"]
        assert [event.kind for event in await ledger.events(booking)] == [
            "booking.queued",
            "booking.cancel_requested",
        ]

    async def test_what_never_was_stays_as_it_is(self, mine, ledger):
        booking = await made(mine)
        await ledger._database.write(lambda c: c.execute(update(bookings).values(status="unavailable")))
        answer = await mine.post(f"/v1/bookings/{booking}/cancel")
        assert (answer.status_code, answer.json()["status"]) == (202, "unavailable")
        assert answer.json()["cancel_requested_at"] is None
