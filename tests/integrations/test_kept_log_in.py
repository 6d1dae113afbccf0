"""A partner's account logs in once, for bookings and looks of any number; the venue's own database counts.

Each twin's venue-side pages, as its script logs in there; a booking is confirmed through them alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from farm.contract import Account
from farm.entry import KeptLogIn
from farm.errors import AccountBusy, SessionLost
from farm.phases import Step
from farm.status import BookingStatus, Cause, VerdictKind
from profiles.sealing import KeyRing
from profiles.visiting import PartnerVisits
from tests.integrations.kept import HOUSES, House, at_desk, gate, house, inside, opened, restaurant, visits
from tools.conformance.play import good_run

__all__ = ["house", "restaurant"]
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]


@pytest.mark.parametrize("slug", list(HOUSES))
async def test_bookings_and_looks_share_one_log_in_and_a_lost_one_is_made_up_for_once(
    slug: str, tmp_path: Path
) -> None:
    async for there in opened(slug, tmp_path):
        outcomes = [await good_run(there.ground) for _ in range(2)]
        assert [one.booking.status for one in outcomes] == [BookingStatus.CONFIRMED] * 2
        assert [await there.look(outcome) for outcome in outcomes] == [VerdictKind.MATCHED] * 2
        assert there.log_ins() == 1
        there.end_sessions()
        assert [await there.look(outcome) for outcome in outcomes] == [VerdictKind.MATCHED] * 2
        assert there.log_ins() == 1, "one more"
        kept = await there.ground.farm.ledger.sessions.kept(at_desk(there))
        assert kept is not None
        assert kept.number == 2


async def kept(house: House) -> KeptLogIn | None:
    return await house.ground.farm.ledger.sessions.kept(at_desk(house))


async def test_of_many_visits_at_once_one_logs_in(house: House) -> None:
    async def comes() -> None:
        async with inside(house):
            pass

    await asyncio.gather(*(comes() for _ in range(4)))
    assert house.log_ins() == 1


class Overtaken:
    """A store in which somebody else has logged in, just before the place for it is taken."""

    def __init__(self, house: House) -> None:
        self._house, self._store, self._first = house, house.ground.farm.ledger.sessions, True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def take(self, partner: str, role: str, places: Iterable[int], lasts_s: float) -> Any:
        if self._first:
            self._first = False
            async with inside(self._house):
                pass
        return await self._store.take(partner, role, places, lasts_s)


async def test_who_comes_second_to_the_place_uses_what_the_first_has_left(house: House) -> None:
    farm = house.ground.farm
    late = replace(farm.sessions, store=Overtaken(house))
    by = PartnerVisits(
        farm.engine,
        farm.partners,
        house.ground.venue,
        house.ground.manifest,
        farm.clock,
        ways=farm.ways,
        sessions=late,
    )
    async with inside(house, by) as visit:
        assert visit.entry
        assert visit.entry.is_open
    assert house.log_ins() == 1


async def test_the_looks_of_a_record_that_is_late_share_it(house: House) -> None:
    house.ground.twin.set_fault("late_record", seconds=2)
    outcome = await good_run(house.ground)
    assert outcome.booking.status is BookingStatus.CONFIRMED
    assert outcome.attempts[-1].read_backs > 1
    assert house.log_ins() == 1


async def test_what_is_kept_can_be_read_by_nobody_without_the_key(house: House) -> None:
    async with inside(house) as visit:
        secrets = {cookie["name"]: cookie["value"] for cookie in await visit.page.context.cookies()}
    (token,) = secrets.values()
    here = await kept(house)
    assert here is not None
    assert len(here.sealed) > len(token) > 10
    files = below(house.ground.farm.settings.home)
    assert [name for name, data in files.items() if token.encode() in data and "twin" not in name] == []


def below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("made", [None, Account(role="desk", user="ada", secret=SecretStr("her own"))])
async def test_a_guest_finds_no_log_in_and_leaves_none(house: House, made: Account | None) -> None:
    async with inside(house) as visit:
        assert await visit.page.context.cookies()
    before = await kept(house)
    role = None if made is None else house.role
    async with visits(house).open(gate(house), (Step.SEARCH,), role, made) as visit:
        await visit.begin(None)
        assert visit.entry is None
        assert await visit.page.context.cookies() == []
        await visit.page.context.add_cookies([{"name": "hers", "value": "1", "url": house.ground.venue.origin}])
    assert await kept(house) == before
    async with inside(house) as visit:
        assert [cookie["name"] for cookie in await visit.page.context.cookies()] == ["gestione"]
    assert house.log_ins() == 1


@pytest.mark.parametrize(("age_min", "log_ins"), [(4, 1), (6, 2), (11, 2)], ids=["young", "to be renewed", "too old"])
async def test_it_is_renewed_before_it_is_too_old(house: House, age_min: int, log_ins: int) -> None:
    house.agree(oldest_min=10.0, renew_before_min=5.0)
    for ahead in (0, age_min):
        house.ground.clock.ahead = timedelta(minutes=ahead)
        async with inside(house):
            pass
    assert house.log_ins() == log_ins


async def test_while_one_renews_it_the_others_use_what_is_there(house: House) -> None:
    house.agree(oldest_min=10.0, renew_before_min=5.0)
    async with inside(house):
        pass
    house.ground.clock.ahead = timedelta(minutes=6)
    sessions, at = house.ground.farm.ledger.sessions, at_desk(house)
    renewing = await sessions.take(at.partner, at.role, [0], 60)
    assert renewing is not None
    async with inside(house) as visit:
        assert visit.entry
        assert visit.entry.is_open
    await sessions.give_back(renewing)
    assert house.log_ins() == 1


async def test_one_that_is_too_old_is_not_used_while_somebody_renews_it(house: House) -> None:
    house.agree(oldest_min=10.0, renew_before_min=5.0)
    async with inside(house):
        pass
    house.ground.clock.ahead = timedelta(minutes=11)
    sessions, at = house.ground.farm.ledger.sessions, at_desk(house)
    renewing = await sessions.take(at.partner, at.role, [0], 60)
    assert renewing is not None
    asyncio.get_running_loop().call_later(
        0.5, lambda: freed.append(asyncio.ensure_future(sessions.give_back(renewing)))
    )
    freed: list[asyncio.Future[None]] = []
    async with inside(house):
        pass
    await asyncio.gather(*freed)
    assert (len(freed), house.log_ins()) == (1, 2)


async def test_another_password_has_a_log_in_of_its_own(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for user, log_ins in (("old", 1), ("old", 1), ("new", 2)):
        monkeypatch.setenv("READBACK_TEST_DESK_USER", user)
        house.agree(user="env:READBACK_TEST_DESK_USER")
        async with inside(house):
            pass
        assert house.log_ins() == log_ins


async def test_with_another_key_it_is_of_no_use_and_is_done_anew(house: House) -> None:
    async with inside(house):
        pass
    farm = house.ground.farm
    others = replace(farm.sessions, keys=lambda: KeyRing(("another key, which has 32 letters",)))
    manifest = house.ground.manifest
    by = PartnerVisits(
        farm.engine, farm.partners, house.ground.venue, manifest, farm.clock, ways=farm.ways, sessions=others
    )
    async with inside(house, by):
        pass
    assert house.log_ins() == 2


async def test_no_more_visits_at_once_than_agreed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.agree(visits_at_once=2)
    monkeypatch.setattr("profiles.sessions.PATIENCE_S", 0.3)
    async with inside(house), inside(house):
        asked = len(house.ground.farm.browser._owner)
        with pytest.raises(AccountBusy, match="2 visit") as busy:
            async with inside(house):
                raise AssertionError("a third one came in")
        assert busy.value.cause is Cause.PACING_DEFERRED
        assert len(house.ground.farm.browser._owner) == asked, "before a browser was asked for anything"
    async with inside(house):
        pass


async def test_a_look_that_finds_no_place_is_a_doubt_and_comes_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.agree(visits_at_once=1)
    outcome = await good_run(house.ground)
    monkeypatch.setattr("profiles.sessions.PATIENCE_S", 0.3)
    async with inside(house):
        assert await house.look(outcome) is VerdictKind.IN_DOUBT
    assert await house.look(outcome) is VerdictKind.MATCHED


async def test_a_wrong_password_is_tried_once_and_nothing_is_kept(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("READBACK_TEST_DESK", "olio")
    house.agree(secret="env:READBACK_TEST_DESK")
    with pytest.raises(SessionLost) as lost:
        async with inside(house):
            raise AssertionError("it opened")
    assert type(lost.value) is SessionLost, "nothing was kept, so nothing is made up for"
    assert (await kept(house), house.log_ins()) == (None, 0)
    house.agree()
    async with inside(house):
        pass
    assert house.log_ins() == 1, "and the place of who logs in is free again"
