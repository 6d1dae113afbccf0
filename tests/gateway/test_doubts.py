"""What only a person can settle: listed, settled with a word, and written down; changes; what is left behind."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from farm.facts import Facts, Hold, Offer, Party, Recap, Slot
from farm.life.transition import AttemptChange, BookingChange, Stage, Transition
from farm.status import AttemptState, BookingStatus, Cause
from gateway.answers import BookingAnswer, BookingsAnswer, LeftoversAnswer
from ledger.store import Ledger
from tasks.settings import Settings
from tests.gateway.conftest import GOOD

EVENING = datetime(2030, 6, 14, 18, tzinfo=UTC)
OFFER = Offer(when=Slot(starts_at=EVENING), resource="Sala · Tavolo 1", key="k")


@pytest.fixture
def booked(run) -> str:
    booked: str = run("book", "-", stdin=json.dumps(GOOD)).stdout.strip()
    return booked


def in_ledger(home, work):
    async def do():
        async with await Ledger.open(Settings(home=home).ledger_url) as ledger:
            return await work(ledger)

    return asyncio.run(do())


async def guarded(ledger, booking_id, *, ago_s):
    lease = await ledger.take_lease(booking_id, "test", 60)
    code = (await ledger.booking(booking_id)).code
    begun = await ledger.start_attempt(lease, "osteria_luna", lambda number: f"RB-{code}-{number}")
    hold = Hold(offer=OFFER, binding="firm", expires_at=ledger.clock() + timedelta(minutes=5), key="k")
    await ledger.keep_hold(lease, begun.id, hold)
    await ledger.guard(
        lease,
        begun.id,
        offer=OFFER,
        hold=hold,
        recap=Recap(when=OFFER.when),
        expected=Facts(when=OFFER.when, resource=OFFER.resource, party=Party(adults=2)),
        submit_deadline=ledger.clock() - timedelta(seconds=ago_s),
    )
    return lease, begun


@pytest.fixture
def doubt(booked, home):
    async def doubted(ledger):
        lease, begun = await guarded(ledger, booked, ago_s=60)
        await ledger.conclude(
            lease,
            Transition(
                attempts=[AttemptChange(id=begun.id, state=AttemptState.NEEDS_HUMAN, sent="yes")],
                booking=BookingChange(status=BookingStatus.IN_DOUBT, cause=Cause.OUTCOME_UNKNOWN, sentence="Hm."),
                done=["book"],
            ),
        )
        await ledger.release_lease(lease)

    in_ledger(home, doubted)
    return booked


def test_nothing_waits(run, booked):
    assert "Nothing waits for a person" in run("doubts").stdout


def test_a_doubt_is_listed_with_where_to_look(run, doubt):
    shown = " ".join(run("doubts").stdout.split())
    assert doubt in shown
    assert "Osteria Luna (osteria_luna)" in shown
    assert "look for our reference RB-" in shown
    (answer,) = BookingsAnswer.model_validate_json(run("doubts", "--json").stdout).bookings
    assert (answer.id, answer.status) == (doubt, BookingStatus.IN_DOUBT)


def test_found_confirms_by_the_persons_word(run, doubt):
    result = run("resolve", doubt, "--found", "OL-7K3", "--reason", "called the  desk", "--by", "mara", "--json")
    answer = BookingAnswer.model_validate_json(result.stdout)
    assert (answer.status, answer.venue_reference) == (BookingStatus.CONFIRMED, "OL-7K3")
    assert answer.verdict is not None
    assert (answer.verdict.channel, answer.verdict.reason) == ("person", "mara: called the desk")
    shown = run("show", doubt).stdout
    assert "mara says: found OL-7K3 (called the desk)" in shown.partition("History")[2]
    again = run("resolve", doubt, "--absent", "--reason", "no")
    assert again.exit_code == 2
    assert "waits for nobody's word" in again.stderr


def test_absent_lets_it_go_on(run, doubt, home):
    result = run("resolve", doubt, "--absent", "--reason", "not in their book")
    assert result.exit_code == 0
    booking = in_ledger(home, lambda ledger: ledger.booking(doubt))
    assert booking.status is BookingStatus.ATTEMPTING
    (event,) = [e for e in in_ledger(home, lambda ledger: ledger.events(doubt)) if e.kind == "doubt.resolved"]
    assert (event.payload["said"], event.payload["reason"]) == ("absent", "not in their book")
    assert event.payload["by"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--reason", "x"], "one of --found REF, --absent and --cancelled"),
        (["--found", "A", "--absent", "--reason", "x"], "one of --found REF, --absent and --cancelled"),
        (["--absent", "--reason", "  "], "1 to 300 characters"),
    ],
)
def test_half_a_word_is_none(run, doubt, words, said):
    result = run("resolve", doubt, *words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_too_early(run, booked, home):
    async def just_now(ledger):
        lease, begun = await guarded(ledger, booked, ago_s=-20)
        change = AttemptChange(id=begun.id, state=AttemptState.NEEDS_HUMAN)
        booking = BookingChange(status=BookingStatus.IN_DOUBT)
        await ledger.conclude(lease, Transition(attempts=[change], booking=booking))
        await ledger.release_lease(lease)

    in_ledger(home, just_now)
    result = run("resolve", booked, "--absent", "--reason", "no")
    assert result.exit_code == 2
    assert "may still be on its way until" in result.stderr


class TestChange:
    def test_the_wish_is_written_down(self, run, booked, home):
        result = run("change", booked, "--time", "20:30", "--adults", "3")
        assert result.exit_code == 0
        booking = in_ledger(home, lambda ledger: ledger.booking(booked))
        wish = json.loads(booking.change)
        assert (wish["when"]["earliest"], wish["when"]["latest"]) == ("20:30:00", "20:30:00")
        assert wish["party"]["adults"] == 3
        assert "change" in [w.kind for w in in_ledger(home, lambda ledger: ledger.wake_ups(booked))]

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ([], "nothing is to be changed"),
            (["--date", "2020-01-01"], "is past"),
            (["--earliest", "22:00"], "before `earliest`"),
            (["--adults", "0"], "is empty"),
        ],
    )
    def test_what_cannot_be_is_refused_whole(self, run, booked, home, words, said):
        result = run("change", booked, *words)
        assert result.exit_code == 2
        assert said in result.stderr
        assert in_ledger(home, lambda ledger: ledger.booking(booked)).change is None

    def test_what_is_called_off_stays_so(self, run, booked):
        run("cancel", booked)
        result = run("change", booked, "--adults", "3")
        assert result.exit_code == 2
        assert "its cancellation was asked for" in result.stderr


def test_what_an_attempt_left_is_listed(run, booked, home):
    async def gave_up(ledger):
        lease, begun = await guarded(ledger, booked, ago_s=60)
        change = AttemptChange(
            id=begun.id, state=AttemptState.ABSENT, cause=Cause.RECORD_MISSING, stages=(Stage("enter_guest", 1.0),)
        )
        await ledger.conclude(lease, Transition(attempts=[change]))

    assert "Nothing is left anywhere" in run("leftovers").stdout
    in_ledger(home, gave_up)
    (left,) = LeftoversAnswer.model_validate_json(run("leftovers", "--json").stdout).leftovers
    assert (left.what, left.venue, left.booking) == ("hold", "osteria_luna", booked)
    assert "hold at osteria_luna" in run("leftovers").stdout
