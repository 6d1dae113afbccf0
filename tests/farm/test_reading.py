"""Looks, cancellations and releases: what counts, what is proven, and what a broken page may not do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from pydantic import SecretStr

from farm.contract import Account
from farm.errors import CancelUnproven, KeptLogInLost, SessionLost, VenueChanged
from farm.facts import Hold
from farm.gate import Ruling
from farm.manifest import AccountRole, Channel, FactName
from farm.phases import Step
from farm.reading import can_look, cancel, give_back, look, usable
from farm.status import VenueStatus, VerdictKind
from tests.farm.attempt import MANIFEST, OFFER
from tests.farm.house_book import Book, desk, later, record, stranger

SHOWS: tuple[FactName, ...] = ("when", "resource", "reference", "status")
GUEST = Channel(name="guest", proves="capped", shows=("reference",))
DESK = Channel(name="desk", method="read_desk", proves="complete", shows=SHOWS)
HELD = Hold(offer=OFFER, binding="firm", expires_at=datetime.now(UTC) + timedelta(minutes=5), key="b1")


def breaks():
    raise VenueChanged("the page is another one")


class TestOccupants:
    async def test_a_slot_that_was_sold_twice_confirms_nobody(self):
        at = desk(Book(others=[stranger(), stranger("OL-8")]), occupants=True)
        seen = await look(*at.told)
        assert (seen.verdict.kind, seen.verdict.proves) == (VerdictKind.CONTESTED, False)
        assert seen.verdict.reason == "2 other record(s) stand on the same place and time"
        assert seen.verdict.venue_reference == "OL-1"
        assert (at.book.did, len(at.book.visits)) == (["read_back", "occupants"], 1), "in the same visit"

    async def test_alone_there_it_is_confirmed(self):
        at = desk(Book(others=[stranger(when=later()), stranger(status=VenueStatus.CANCELLED)]), occupants=True)
        assert (await look(*at.told)).verdict.proves
        assert at.book.did == ["read_back", "occupants"]

    async def test_who_else_is_there_is_asked_only_where_the_manifest_says_so(self):
        at = desk(Book(others=[stranger()]))
        assert (await look(*at.told)).verdict.proves
        assert at.book.did == ["read_back"]

    @pytest.mark.parametrize("changes", [{"status": VenueStatus.PENDING}, {"when": later()}])
    async def test_and_only_for_a_record_that_would_confirm(self, changes):
        at = desk(Book(records=[record(**changes)]), occupants=True)
        await look(*at.told)
        assert at.book.did == ["read_back"]

    async def test_where_nobody_can_say_it_is_a_doubt(self):
        at = desk(Book(meets={"occupants": breaks}), occupants=True)
        seen = await look(*at.told)
        assert seen.verdict.is_doubt
        assert "the page is another one" in (seen.verdict.reason or "")

    async def test_a_broken_page_of_others_does_not_keep_a_guest_from_cancelling(self):
        at = desk(Book(meets={"occupants": breaks}), occupants=True)
        proof = await cancel(*at.told)
        assert proof.verdict.denies
        assert [one.status for one in at.book.records] == [VenueStatus.CANCELLED]


class TestChannels:
    async def test_nothing_does_not_count_where_another_channel_shows_ours(self):
        at = desk(
            Book(records=[record(resource=None)]), read_back=(GUEST, DESK.model_copy(update={"shows": SHOWS[2:]}))
        )
        at.book.meets["read_desk"] = at.book.records.clear
        seen = await look(*at.told)
        assert at.book.did == ["read_back", "read_desk"]
        assert (seen.verdict.kind, seen.verdict.denies) == (VerdictKind.IN_DOUBT, False)
        assert [one.reference for one in seen.ours] == ["OL-1"]

    async def test_of_two_doubts_the_one_that_shows_ours(self):
        at = desk(Book(records=[record(resource=None)], meets={"read_desk": breaks}), read_back=(DESK, GUEST))
        seen = await look(*at.told)
        assert (seen.verdict.channel, len(seen.ours)) == ("guest", 1)

    @pytest.mark.parametrize("needs", ["reference", "link"])
    async def test_one_is_asked_only_with_what_it_needs(self, needs):
        at = desk(read_back=(DESK, GUEST.model_copy(update={"needs": needs})))
        at.book.records = []
        await look(*at.told)
        assert at.book.did == ["read_desk"]
        assert usable(at.ask.manifest, at.lookup, at.book) == [DESK]
        known = at.lookup.model_copy(update={needs: "OL-1"})
        assert len(usable(at.ask.manifest, known, at.book)) == 2

    async def test_nothing_on_one_that_cannot_deny_is_asked_again_elsewhere(self):
        at = desk(Book(records=[]), read_back=(GUEST, DESK))
        seen = await look(*at.told)
        assert at.book.did == ["read_back", "read_desk"]
        assert (seen.verdict.channel, seen.verdict.denies) == ("desk", True)

    async def test_an_answer_that_the_venue_was_not_asked_for_is_none(self):
        class Remembers(Book):
            async def read_back(self, visit, lookup):
                return list(self.records)

        seen = await look(*desk(Remembers()).told)
        assert seen.verdict.is_doubt
        assert "answered without asking the venue" in (seen.verdict.reason or "")

    async def test_one_that_shows_less_than_it_promises_has_changed(self):
        at = desk(read_back=(DESK.model_copy(update={"shows": (*SHOWS, "price")}),))
        seen = await look(*at.told)
        assert seen.verdict.is_doubt
        assert "price" in (seen.verdict.reason or "")

    @pytest.mark.parametrize("step", ["read_back", "occupants"])
    async def test_a_visit_that_was_refused_meanwhile_saw_nothing(self, step):
        at = desk(occupants=True)
        at.book.meets[step] = at.book.ends_the_visit
        seen = await look(*at.told)
        assert at.book.did[-1] == step
        assert seen.verdict.is_doubt
        assert "429" in (seen.verdict.reason or "")

    async def test_a_venue_without_any_says_nothing(self):
        at = desk(read_back=())
        assert (await look(*at.told)).verdict.is_doubt
        assert not can_look(at.ask.manifest, at.book)

    @pytest.mark.parametrize(
        ("kind", "given", "can"), [("password", False, False), ("password", True, True), ("made", False, True)]
    )
    def test_who_can_look(self, kind, given, can):
        at = desk(read_back=(DESK.model_copy(update={"account": "who"}),), accounts={"who": AccountRole(kind=kind)})
        at.book.accounts = {"who"} if given else set()
        assert can_look(at.ask.manifest, at.book) is can

    @pytest.mark.parametrize("gets_mail", [False, True])
    async def test_letters_are_read_where_there_is_a_mailbox(self, gets_mail):
        letters = GUEST.model_copy(update={"mailbox": True})
        at = desk(Book(gets_mail=gets_mail, records=[record(resource=None)]), read_back=(letters, DESK))
        await look(*at.told)
        assert at.book.did == (["read_back", "read_desk"] if gets_mail else ["read_desk"])
        assert can_look(MANIFEST.model_copy(update={"read_back": (letters,)}), at.book) is gets_mail

    async def test_the_account_that_the_guest_got_reads_and_cancels(self):
        made = Account(role="guest", user="ada@example.com", secret=SecretStr("Rb1-secret"))
        assert MANIFEST.cancel is not None
        at = desk(
            made=made,
            accounts={"guest": AccountRole(kind="made")},
            read_back=(DESK.model_copy(update={"account": "guest"}),),
            cancel=MANIFEST.cancel.model_copy(update={"account": "guest"}),
        )
        assert (await cancel(*at.told)).verdict.denies
        assert at.book.did == ["log_in", "read_desk", "log_in", "cancel", "log_in", "read_desk"]
        assert [(one.role, one.account) for one in at.book.visits] == [("guest", made)] * 3
        assert at.book.given == [made] * 3


class TestNothingToCancel:
    @pytest.mark.parametrize("records", [[], [record(status=VenueStatus.CANCELLED)]])
    async def test_where_nothing_stands_the_look_is_the_proof(self, records):
        at = desk(Book(records=records))
        assert (await cancel(*at.told)).verdict.denies
        assert at.book.did == ["read_back"]

    async def test_a_record_that_shows_as_cancelled_is_proof_on_any_channel(self):
        at = desk(Book(records=[record(status=VenueStatus.CANCELLED)]), read_back=(GUEST,))
        assert (await cancel(*at.told)).verdict.denies
        assert at.book.did == ["read_back"]

    async def test_what_only_cannot_be_seen_is_not_gone(self):
        at = desk(Book(records=[]), read_back=(GUEST,))
        with pytest.raises(CancelUnproven, match="cannot be seen now"):
            await cancel(*at.told)

    async def test_where_we_may_not_cancel_a_person_asks_the_venue(self):
        at = desk(cancel=None)
        with pytest.raises(CancelUnproven, match="does not let us cancel: ask the venue"):
            await cancel(*at.told)
        assert at.book.did == ["read_back"]


class Kept:
    """A log-in that was kept, and has ended at the venue: so often, before a new one counts."""

    def __init__(self, times: int, error: type[SessionLost] = KeptLogInLost) -> None:
        self.left, self.error = times, error

    def __call__(self) -> None:
        if self.left > 0:
            self.left -= 1
            raise self.error


class TestKeptLogIn:
    def at(self, step: str, meets: Kept, **says):
        account = {"accounts": {"desk": AccountRole(kind="password")}}
        channel = DESK.model_copy(update={"account": "desk"})
        given = Account(role="desk", secret=SecretStr("aceto"))
        book = Book(accounts={"desk"}, meets={step: meets}, gives={"desk": given})
        return desk(book, read_back=(channel,), **account, **says)

    async def test_one_that_has_ended_is_made_up_for(self):
        at = self.at("read_desk", Kept(1))
        assert (await look(*at.told)).verdict.proves
        assert at.book.did == ["log_in", "read_desk", "log_in", "read_desk"]
        assert len(at.book.visits) == 2, "each in a visit of its own"

    async def test_once(self):
        at = self.at("read_desk", Kept(2))
        assert (await look(*at.told)).verdict.is_doubt
        assert at.book.did.count("read_desk") == 2

    async def test_one_of_its_own_that_ends_is_a_doubt_at_once(self):
        at = self.at("read_desk", Kept(1, SessionLost))
        assert (await look(*at.told)).verdict.is_doubt
        assert at.book.did == ["log_in", "read_desk"]

    async def test_a_click_is_never_made_up_for(self):
        assert MANIFEST.cancel is not None
        at = self.at("cancel", Kept(1), cancel=MANIFEST.cancel.model_copy(update={"account": "desk"}))
        with pytest.raises(CancelUnproven, match="still shows"):
            await cancel(*at.told)
        assert at.book.did.count("cancel") == 1

    async def test_a_visit_with_one_does_not_log_in(self):
        at = self.at("nothing", Kept(0))
        at.book.entry = SimpleNamespace(is_open=True)
        assert (await look(*at.told)).verdict.proves
        assert at.book.did == ["read_desk"]

    async def test_one_of_its_own_is_told_of_right_after_it(self):
        at = self.at("nothing", Kept(0))

        async def opened() -> None:
            at.book.did.append("opened")

        at.book.entry = SimpleNamespace(is_open=False, opened=opened)
        await look(*at.told)
        assert at.book.did == ["log_in", "opened", "read_desk"]


class TestKeep:
    async def test_one_of_two_stays_and_the_other_is_gone(self):
        at = desk(Book(records=[record(), record("OL-2")]))
        proof = await cancel(*at.told, keep="OL-2")
        assert (proof.verdict.proves, proof.verdict.venue_reference) == (True, "OL-2")
        assert [one.stands for one in at.book.records] == [False, True]
        assert at.book.ruled == [("cancel", Ruling.PASS)]

    async def test_it_alone_is_no_work(self):
        at = desk()
        assert (await cancel(*at.told, keep="OL-1")).verdict.proves
        assert at.book.did == ["read_back"]

    async def test_what_shall_stay_must_be_there_before_anything_is_cancelled(self):
        at = desk()
        with pytest.raises(CancelUnproven, match="nothing was cancelled"):
            await cancel(*at.told, keep="OL-7")
        assert at.book.did == ["read_back"]

    async def test_a_house_that_does_not_listen_is_not_believed(self):
        at = desk(Book(records=[record(), record("OL-2")], deaf={"cancel"}))
        with pytest.raises(CancelUnproven, match="still shows"):
            await cancel(*at.told, keep="OL-1")
        assert at.book.ruled == [("cancel", Ruling.PASS)]

    async def test_a_house_that_cancels_both_is_no_proof(self):
        at = desk(Book(records=[record(), record("OL-2")]))
        at.book.meets["cancel"] = at.book.records.clear
        with pytest.raises(CancelUnproven):
            await cancel(*at.told, keep="OL-1")

    async def test_records_of_others_are_left_alone(self):
        at = desk(Book(records=[record(), stranger()]))
        assert (await cancel(*at.told)).verdict.denies
        assert [one.stands for one in at.book.records] == [False, True]


class TestGiveBack:
    async def test_what_is_listed_again_is_free_again(self):
        at = desk(release_shows=True)
        assert await give_back(at.ask, HELD, at.book, at.book)
        assert (at.book.did, at.book.notes) == (["release", "search"], [])
        assert at.book.visits[0].steps == (Step.SEARCH, Step.HOLD)

    async def test_without_such_a_list_nothing_is_proven(self):
        at = desk(release_shows=False)
        assert not await give_back(at.ask, HELD, at.book, at.book)
        assert at.book.did == ["release"]

    async def test_what_is_not_listed_again_is_not_proven(self):
        at = desk(
            Book(deaf={"release"}, offers=[OFFER.model_copy(update={"key": "x", "when": later()})]),
            release_shows=True,
        )
        assert not await give_back(at.ask, HELD, at.book, at.book)
        assert at.book.did == ["release", "search"]

    @pytest.mark.parametrize(
        ("listed", "is_free"),
        [({"when": later()}, True), ({"key": "x"}, True), ({"key": "x", "resource": "Tavolo 9"}, False)],
    )
    async def test_it_is_known_by_its_key_or_by_what_it_is(self, listed, is_free):
        at = desk(Book(deaf={"release"}, offers=[OFFER.model_copy(update=listed)]), release_shows=True)
        assert await give_back(at.ask, HELD, at.book, at.book) is is_free

    async def test_a_visit_that_was_refused_gave_nothing_back(self):
        at = desk(release_shows=False)
        at.book.meets["release"] = at.book.ends_the_visit
        assert not await give_back(at.ask, HELD, at.book, at.book)
        assert ["429" in note for note in at.book.notes] == [True]

    @pytest.mark.parametrize("step", ["release", "search"])
    async def test_what_goes_wrong_is_a_note(self, step):
        at = desk(Book(meets={step: breaks}), release_shows=True)
        assert not await give_back(at.ask, HELD, at.book, at.book)
        assert ["the page is another one" in note for note in at.book.notes] == [True]

    async def test_it_books_nothing(self):
        at = desk()
        await give_back(at.ask, HELD, at.book, at.book)
        (visit,) = at.book.visits
        for rule in at.ask.manifest.commits:
            url = rule.url.replace("{origin}", at.ask.venue.origin)
            assert visit.gate.rule("POST", url, "document", None) is Ruling.BREACH
