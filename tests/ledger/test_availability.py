"""A venue's day as last seen: the newest answer to each question, and no more questions than are read."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from farm.facts import Party
from farm.listing import Listing, Offered
from ledger.availability import MOST_A_DAY, LastSeen
from tests.ledger.lives import OFFER

DAY = date(2026, 12, 4)
SHOWN = Offered.model_validate(OFFER.model_dump(include=set(Offered.model_fields)))


def seen(clock, people=2, *, offers=(SHOWN,), day=DAY, after_s=0.0):
    listing = Listing(venue="luna", day=day, party=Party(adults=people), offers=offers)
    return LastSeen(listing, clock() + timedelta(seconds=after_s))


async def test_the_newest_look_stands_whichever_is_written_last(ledger, others, clock):
    older, newer = seen(clock), seen(clock, offers=(), after_s=5)
    await ledger.availability.keep([newer])
    await others[0].availability.keep([older])
    assert await ledger.availability.of_day("luna", DAY) == [newer]
    assert await ledger.availability.of_day("sole", DAY) == []


async def test_each_question_has_its_own_answer_up_to_a_number(ledger, clock):
    looks = [seen(clock, people, after_s=people) for people in range(1, MOST_A_DAY + 4)]
    await ledger.availability.keep([seen(clock, day=DAY + timedelta(days=1))])
    await ledger.availability.keep(looks)
    assert await ledger.availability.of_day("luna", DAY) == looks[: -MOST_A_DAY - 1 : -1]
    assert len(await ledger.availability.of_day("luna", DAY + timedelta(days=1))) == 1


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
async def test_days_that_are_over_are_forgotten(ledger, clock):
    await ledger.availability.keep([seen(clock), seen(clock, day=DAY + timedelta(days=1))])
    assert await ledger.availability.clear(DAY + timedelta(days=1)) == 1
    assert await ledger.availability.of_day("luna", DAY) == []
