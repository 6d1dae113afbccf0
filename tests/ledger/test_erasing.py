"""A guest is erased: nothing in any column and no byte of the file says who it was, and every number stays."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from farm.entry import AccountAt
from farm.facts import Claim, Facts, Guest, Hold, Money, Party, Recap
from farm.life.transition import AttemptChange, BookingChange, NewEvent, NewWakeUp, Transition
from farm.status import AttemptState, BookingStatus, Cause
from ledger.engine import make_engine
from ledger.erasing import Erased, Erasing, UnderWay
from ledger.errors import IdempotencyConflict
from ledger.guest_data import ERASED
from tests.ledger.lives import EVENING, OFFER, PROOF, attempt, code, request

ADA = Guest(name="Ada Querrix-Thole", email="ada.thole@quonk.example.com", phone="+39 051 6670199")
EVA = Guest(name="Eva Rossi", email="eva@quonk.example.com")
SECRETS = ("Querrix", "ada.thole", "6670199", "flüstertür", "vip-lounge", "tok_4711x", "s3cr3t-l1nk", "Dr Mabuse")
WISH = request(
    guest=ADA,
    note="bitte flüstertür",
    context={"seat": "vip-lounge"},
    card="tok_4711x",
    title="Dr Mabuse",
    price_cap=Money(minor=9900, currency="EUR"),
)


@pytest.fixture
async def erasing(ledger_url, clock):
    async with Erasing(ledger_url, clock) as erasing:
        yield erasing


async def confirmed(ledger, wish=WISH, key=None):
    """A booking as a worker leaves it, with everything that a venue showed."""
    booking_id = (await ledger.accept(wish, code(), key)).booking.id
    lease = await ledger.take_lease(booking_id, "worker", 30)
    begun = await attempt(ledger, lease)
    guest = wish.guest
    tagged = guest.email.replace("@", "+rb-k000000001-1@")
    shown = {"guest_name": guest.name, "guest_email": tagged, "guest_phone": guest.phone, "note": wish.note}
    offer = OFFER.model_copy(update={"resource": booking_id, "price": Money(minor=4200, currency="EUR")})
    await ledger.guard(
        lease,
        begun.id,
        offer=offer,
        hold=Hold(offer=offer, binding="none", key=f"?email={tagged}"),
        recap=Recap(when=OFFER.when, price=offer.price, **shown),
        expected=Facts(when=OFFER.when, party=Party(adults=2), price=offer.price, **shown),
        submit_deadline=EVENING,
    )
    claim = Claim(reference="L-1", link="/b/s3cr3t-l1nk" if wish is WISH else "/b/eva", shows=Facts(**shown))
    await ledger.conclude(
        lease,
        Transition(
            attempts=[AttemptChange(id=begun.id, state=AttemptState.CLAIMED, claim=claim, sent="yes")],
            booking=BookingChange(status=BookingStatus.VERIFYING),
            events=[NewEvent("attempt.claimed", 1, "osteria_luna")],
        ),
    )
    await ledger.conclude(
        lease,
        Transition(
            attempts=[AttemptChange(id=begun.id, state=AttemptState.CONFIRMED, verdict=PROOF)],
            booking=BookingChange(
                status=BookingStatus.CONFIRMED, venue="osteria_luna", verdict=PROOF, sentence="Confirmed at 19:00."
            ),
            done=["book", "verify"],
        ),
    )
    await ledger.release_lease(lease)
    return booking_id


def afterwards(clock):
    """The evening is over, everywhere."""
    clock.now = EVENING + timedelta(days=3)


def everything(ledger_url):
    """Every row of every table, as text."""
    engine = make_engine(ledger_url)
    with engine.connect() as connection:
        tables = ("bookings", "attempts", "events", "wake_ups", "slot_leases")
        rows = {name: [tuple(row) for row in connection.execute(text(f"SELECT * FROM {name}"))] for name in tables}
    engine.dispose()
    return rows


async def test_what_says_who_it_was_goes_and_the_numbers_stay(ledger, ledger_url, clock, erasing):
    booking_id, other = await confirmed(ledger), await confirmed(ledger, request(guest=EVA))
    await ledger.sessions.keep(AccountAt("p", "desk", "osteria_luna"), "mark", lambda _: b"\xff\x00\xd8 no text")
    before, counts = everything(ledger_url), await ledger.overview.counts()
    assert [word for word in SECRETS if word not in str(before)] == [], "it was there"
    afterwards(clock)
    done = await erasing.erase("Ada.Thole@quonk.example.com")
    assert isinstance(done, Erased)
    assert (done.booking_ids, done.venues, done.left, done.compacted) == ((booking_id,), ("osteria_luna",), (), True)
    assert set(done.columns) == {
        "bookings.request",
        "bookings.request_fingerprint",
        *(f"attempts.{name}" for name in ("offer", "hold", "recap", "expected", "claim")),
    }
    after = everything(ledger_url)
    assert [word for word in SECRETS if word in str(after)] == []
    assert {name: len(rows) for name, rows in after.items()} == {name: len(rows) for name, rows in before.items()}
    assert await ledger.overview.counts() == counts
    booking = await ledger.booking(booking_id)
    wanted = booking.wanted()
    assert (wanted.guest.name, wanted.party, wanted.when, wanted.price_cap) == (
        ERASED,
        WISH.party,
        WISH.when,
        WISH.price_cap,
    )
    (row,) = await ledger.attempts(booking_id)
    shows = Facts.model_validate_json(row.expected)
    assert (shows.when, shows.price, shows.guest_name) == (OFFER.when, Money(minor=4200, currency="EUR"), None)
    assert Claim.model_validate_json(row.claim).reference == "L-1"
    assert Recap.model_validate_json(row.recap).guest_email is None
    assert (await ledger.booking(other)).wanted().guest == EVA


async def erased(erasing: Erasing) -> Erased:
    done = await erasing.erase(ADA.email)
    assert isinstance(done, Erased), done
    return done


def bytes_below(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def leave_a_free_page(path: Path) -> None:
    """As an SQLite leaves it that was not built to overwrite what it frees."""
    with sqlite3.connect(path, isolation_level=None) as file:
        file.execute("PRAGMA secure_delete=OFF")
        file.execute("CREATE TABLE gone (what TEXT)")
        file.execute("INSERT INTO gone VALUES (?)", (f"{ADA.name} " * 2000,))
        file.execute("DROP TABLE gone")
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.close()


async def test_no_byte_of_the_file_remembers(ledger, clock, tmp_path):
    from ledger.migrate import upgrade
    from ledger.store import Ledger

    url = f"sqlite:///{tmp_path / 'bytes.sqlite3'}"
    await upgrade(url)
    async with await Ledger.open(url, clock) as here:
        for _ in range(20):
            await confirmed(here)
        afterwards(clock)
        leave_a_free_page(tmp_path / "bytes.sqlite3")
        assert b"Querrix" in bytes_below(tmp_path)["bytes.sqlite3"]
        async with Erasing(url, clock) as erasing:
            assert (await erased(erasing)).compacted
    files = bytes_below(tmp_path)
    assert sum(map(len, files.values())) > 10_000
    assert [(name, word) for name, data in files.items() for word in SECRETS if word.encode() in data] == []


async def test_a_file_that_somebody_reads_is_told_of(ledger, clock, tmp_path):
    from ledger.migrate import upgrade
    from ledger.store import Ledger

    path = tmp_path / "busy.sqlite3"
    await upgrade(f"sqlite:///{path}")
    async with await Ledger.open(f"sqlite:///{path}", clock) as here, Erasing(f"sqlite:///{path}", clock) as erasing:
        await confirmed(here)
        afterwards(clock)
        reader = sqlite3.connect(path, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM bookings").fetchone()
        done = await erased(erasing)
        assert (done.left, done.compacted) == ((), False)
        reader.close()
        assert (await erased(erasing)).compacted, "asked again, when it rests"


async def test_twice_is_as_once(ledger, clock, erasing):
    await confirmed(ledger)
    afterwards(clock)
    await erasing.erase(ADA.email)
    again = await erasing.erase(ADA.email)
    assert (again.booking_ids, again.columns, again.left) == ((), {}, ())


async def test_nobody_else_is_taken_for_the_guest(ledger, clock, erasing):
    near = [
        Guest(name="Mad A", email=email)
        for email in ("mad.ada.thole@quonk.example.com", "ada.thole@quonk.example.com.au")
    ]
    ids = [await confirmed(ledger, request(guest=guest)) for guest in near]
    afterwards(clock)
    done = await erased(erasing)
    assert (done.booking_ids, done.left) == ((), ())
    assert [(await ledger.booking(one)).wanted().guest for one in ids] == near


async def test_what_a_key_or_a_sentence_repeats_of_the_guest_goes_too(ledger, ledger_url, clock, erasing):
    key = f"order of {ADA.email}"
    booking_id = await confirmed(ledger, WISH.model_copy(update={"reseller_reference": ADA.name}), key)
    afterwards(clock)
    done = await erasing.erase(ADA.email)
    assert (done.left, {"bookings.idempotency_key", "bookings.reseller_reference"} <= set(done.columns)) == ((), True)
    booking = await ledger.booking(booking_id)
    assert (booking.reseller_reference, booking.idempotency_key) == (ERASED, f"order of {ERASED}")


async def test_what_it_cannot_change_it_finds_again_and_names(ledger, clock, erasing):
    booking_id = await confirmed(ledger)
    await ledger.note(booking_id, "stage.slip", payload={"detail": f"asked {ADA.name}"})
    afterwards(clock)
    assert (await erased(erasing)).left == ("events.payload",)


async def test_a_key_that_comes_again_books_nothing_again(ledger, clock, erasing):
    await confirmed(ledger, WISH, "order-1")
    afterwards(clock)
    await erasing.erase(ADA.email)
    with pytest.raises(IdempotencyConflict):
        await ledger.accept(WISH, code(), "order-1")


class TestUnderWay:
    async def refused(self, erasing, ledger_url) -> UnderWay:
        before = everything(ledger_url)
        done = await erasing.erase(ADA.email)
        assert everything(ledger_url) == before, "nothing was removed"
        assert isinstance(done, list)
        one: UnderWay
        (one,) = done
        return one

    async def test_a_queued_one(self, ledger, ledger_url, erasing):
        booking_id = (await ledger.accept(WISH, code())).booking.id
        one = await self.refused(erasing, ledger_url)
        assert (one.booking_id, one.status, one.why) == (booking_id, BookingStatus.QUEUED, "it is not settled")

    async def test_one_that_the_guest_has_still_to_come_to(self, ledger, ledger_url, clock, erasing):
        await confirmed(ledger, request(guest=EVA))
        booking_id = await confirmed(ledger)
        one = await self.refused(erasing, ledger_url)
        assert (one.booking_id, one.status) == (booking_id, BookingStatus.CONFIRMED)
        assert one.until is not None
        assert one.until > EVENING
        clock.now = one.until
        assert isinstance(await erasing.erase(ADA.email), Erased)

    async def test_one_whose_record_may_come_late(self, ledger, ledger_url, clock, erasing):
        booking_id = (await ledger.accept(WISH, code())).booking.id
        lease = await ledger.take_lease(booking_id, "worker", 30)
        late = clock.now + timedelta(hours=1)
        failed = BookingChange(status=BookingStatus.FAILED, cause=Cause.CONTRACT_BROKEN)
        await ledger.conclude(lease, Transition(booking=failed, done=["book"], wake=[NewWakeUp("recheck", late)]))
        one = await self.refused(erasing, ledger_url)
        assert (one.why, one.until) == ("a record that comes late is still looked for", late)

    async def test_one_whose_record_nobody_could_cancel(self, ledger, ledger_url, clock, erasing):
        booking_id = (await ledger.accept(WISH, code())).booking.id
        lease = await ledger.take_lease(booking_id, "worker", 30)
        begun = await attempt(ledger, lease)
        unproven = AttemptChange(id=begun.id, state=AttemptState.NOT_BOOKED, cause=Cause.CANCEL_UNPROVEN)
        failed = BookingChange(status=BookingStatus.FAILED, cause=Cause.CANCEL_UNPROVEN)
        await ledger.conclude(lease, Transition(attempts=[unproven], booking=failed, done=["book"]))
        assert (await self.refused(erasing, ledger_url)).why == "a record of it may stand that nobody could cancel"
