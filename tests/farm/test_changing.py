"""A change in place: one click at most, and done only when the record says so."""

from __future__ import annotations

from datetime import time

import pytest

from farm.errors import VenueChanged
from farm.facts import Money, Party
from farm.gate import Ruling
from farm.reading import cancel, change, look
from farm.status import Cause, VenueStatus, VerdictKind
from tests.farm.attempt import WHEN
from tests.farm.house_book import EXPECTED, HOUSE, PLANTED, Book, desk, later, record, stranger

ANY_TIME = EXPECTED.model_copy(update={"when": None})
AT_NINE = PLANTED.when.model_copy(update={"earliest": time(21), "latest": time(22)})
WISH = PLANTED.model_copy(update={"when": AT_NINE, "party": Party(adults=3)})
REFUSED = "Il tempo a sua disposizione è scaduto"
ONE_CLICK = ["read_back", "change", "read_back"]


def wishing(book=None, *, wish=WISH, wanted=ANY_TIME, **says):
    return desk(book, wish=wish, wanted=wanted, **says)


def dies():
    raise VenueChanged("the line is dead")


class TestDone:
    async def test_the_record_is_as_wished_after_one_click(self):
        at = wishing()
        ended = await change(*at.told)
        assert (ended.kind, ended.look.verdict.proves, ended.cause) == ("done", True, None)
        assert (ended.wanted.when, ended.wanted.party) == (later(), Party(adults=3))
        assert at.book.did == ONE_CLICK
        assert at.book.ruled == [("change", Ruling.PASS)]

    async def test_done_again_after_a_crash_it_clicks_no_more(self):
        at = wishing()
        first = await change(*at.told)
        again = await change(*at.told)
        assert (again.kind, again.wanted) == ("done", first.wanted)
        assert at.book.did == [*ONE_CLICK, "read_back"]

    async def test_what_its_script_says_counts_for_nothing(self):
        at = wishing(Book(deaf={"change"}))
        ended = await change(*at.told)
        assert (ended.kind, ended.cause) == ("unknown", None)
        assert at.book.did == ONE_CLICK

    async def test_a_line_that_dies_after_the_click_is_looked_at(self):
        at = wishing()
        at.book.meets["change"] = lambda: (at.book.rewrite("OL-1", when=later(), party=Party(adults=3)), dies())
        assert (await change(*at.told)).kind == "done"

    async def test_a_line_that_dies_before_it_is_unknown(self):
        at = wishing(Book(meets={"change": dies}))
        ended = await change(*at.told)
        assert ended.kind == "unknown"
        assert "the line is dead" in ended.detail

    async def test_the_place_may_be_another_and_is_the_records_from_then_on(self):
        at = wishing(Book(records=[record(when=later(), party=Party(adults=3), resource="Tavolo 7")]))
        ended = await change(*at.told)
        assert (ended.kind, ended.wanted.resource) == ("done", "Tavolo 7")

    async def test_but_not_where_the_guest_asked_for_one(self):
        wish = WISH.model_copy(update={"resource": "Tavolo 1"})
        at = wishing(Book(records=[record(when=later(), party=Party(adults=3), resource="Tavolo 7")]), wish=wish)
        ended = await change(*at.told)
        assert ended.kind == "unknown"

    async def test_the_script_gets_the_record_with_its_key(self):
        at = wishing(Book(records=[record(key="k-1")]))
        await change(*at.told)
        sighting, wish = at.book.given
        assert (sighting.key, wish) == ("k-1", WISH)


class TestExactly:
    """With a time in what is wanted: a record that the venue wrote wrong is put right."""

    async def test_the_script_is_asked_for_this_time_and_no_other(self):
        at = wishing(Book(records=[record(when=later())]), wish=PLANTED, wanted=EXPECTED)
        ended = await change(*at.told)
        assert (ended.kind, ended.wanted) == ("done", EXPECTED)
        _, wish = at.book.given
        local = WHEN.starts_at.timetz().replace(tzinfo=None)
        assert (wish.when.earliest, wish.when.latest, wish.when.preferred) == (local, local, local)

    async def test_another_time_of_the_window_will_not_do(self):
        at = wishing(Book(records=[record(when=later(0.5))], deaf={"change"}), wish=PLANTED, wanted=EXPECTED)
        assert (await change(*at.told)).kind == "unknown"
        assert at.book.did == ONE_CLICK


class TestNotDone:
    async def test_a_known_no_leaves_the_record_as_it_was(self):
        at = wishing(Book(refusal=REFUSED))
        ended = await change(*at.told)
        assert (ended.kind, ended.cause) == ("unchanged", Cause.LEASE_EXPIRED)
        assert [one.reference for one in ended.look.ours] == ["OL-1"]

    async def test_also_where_each_visit_has_keys_of_its_own(self):
        at = wishing(Book(refusal=REFUSED))
        at.book.meets["read_back"] = lambda: at.book.rewrite("OL-1", key=f"of visit {len(at.book.visits)}")
        assert (await change(*at.told)).kind == "unchanged"

    async def test_a_no_in_new_words_is_unknown(self):
        assert (await change(*wishing(Book(refusal="Mai sentito")).told)).kind == "unknown"

    async def test_a_no_beside_a_record_that_moved_is_unknown(self):
        at = wishing(Book(refusal=REFUSED))
        at.book.meets["change"] = lambda: at.book.rewrite("OL-1", when=later(-1))
        assert (await change(*at.told)).kind == "unknown"

    async def test_without_a_way_to_change_nothing_is_clicked(self):
        at = wishing(change=None)
        assert (await change(*at.told)).kind == "unchanged"
        assert at.book.did == ["read_back"]

    @pytest.mark.parametrize("records", [[], [record(status=VenueStatus.CANCELLED)], [record(), record("OL-2")]])
    async def test_what_is_not_one_record_is_left_alone(self, records):
        """Nothing is as before, so nothing may go on as if it were."""
        at = wishing(Book(records=records))
        assert (await change(*at.told)).kind == "unknown"
        assert at.book.did == ["read_back"]


class TestAsWishedButNotSure:
    """Another click could only do harm."""

    @pytest.mark.parametrize("exactly", [False, True])
    async def test_a_slot_that_was_sold_twice(self, exactly):
        moved = record(when=later(), party=Party(adults=3))
        wanted = EXPECTED.model_copy(update={"when": later(), "party": Party(adults=3)}) if exactly else ANY_TIME
        at = wishing(Book(records=[moved], others=[stranger(when=later())]), wanted=wanted, occupants=True)
        ended = await change(*at.told)
        assert (ended.kind, ended.look.verdict.kind) == ("unknown", VerdictKind.CONTESTED)
        assert "change" not in at.book.did

    async def test_nobody_else_there_it_is_done(self):
        at = wishing(Book(others=[stranger(when=WHEN)]), occupants=True)
        assert (await change(*at.told)).kind == "done"
        assert at.book.did[-2:] == ["read_back", "occupants"]

    async def test_a_venue_that_has_to_agree_first(self):
        at = wishing(Book(records=[record(when=later(), party=Party(adults=3), status=VenueStatus.PENDING)]))
        ended = await change(*at.told)
        assert ended.kind == "unknown"
        assert "not confirmed" in ended.detail
        assert at.book.did == ["read_back"]

    async def test_a_price_over_the_cap(self):
        wish = WISH.model_copy(update={"price_cap": Money(minor=5000, currency="EUR")})
        dear = record(when=later(), party=Party(adults=3), price=Money(minor=6000, currency="EUR"))
        at = wishing(Book(records=[dear]), wish=wish)
        ended = await change(*at.told)
        assert ended.kind == "unknown"
        assert "over the cap" in ended.detail
        assert at.book.did == ["read_back"]


async def test_no_other_visit_changes_anything_and_a_change_nothing_else():
    at = wishing()
    await look(*at.told)
    await change(*at.told)
    await cancel(*at.told)
    for visit in at.book.visits:
        own = {rule.url for rule in HOUSE.commits} - {rule.url for rule in visit.gate._never}
        assert own <= {"{origin}/sposta", "{origin}/la-mia-prenotazione/annulla"}
        assert len(own) <= 1
        for rule in visit.gate._never:
            url = rule.url.replace("{origin}", at.ask.venue.origin)
            assert visit.gate.rule("POST", url, "document", None) is Ruling.BREACH
    assert at.book.ruled == [("change", Ruling.PASS), ("cancel", Ruling.PASS)]
