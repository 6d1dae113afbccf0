"""A real challenge of the on-sale, with real workers: the partner is left alone and told, its bookings fall back."""

from __future__ import annotations

import asyncio
import mailbox
from datetime import date
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from farm.status import BookingStatus, Cause
from farm.tier import Tier
from farm.tolerance import Breaker
from fixtures.kit.mail import PostOffice
from fixtures.kit.process import TwinProcess
from ledger.store import Ledger
from tasks.embedded import EmbeddedFarm
from tasks.settings import Settings
from tests.e2e.reseller import Platform
from tools.overlay import Overlay, Standing

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

HALL, TABLE = "hall_here", "luna_here"
PARTNER, CONTACT = "lakeshore_here", "box.office@lakeshore.example"
TERMS = """
[tolerance]
floor_per_min = 60
step_per_min = 60
source = "a test"
"""


@pytest.fixture
def strict(tmp_path):
    """A hall that takes whoever asks for three pages in a second for no person."""
    with TwinProcess.start("fixtures.lakeshore_onsale", tmp_path / "hall", crowd=0, burst=2) as twin:
        yield twin


@pytest.fixture
def table(tmp_path):
    with TwinProcess.start("fixtures.osteria_luna", tmp_path / "table") as twin:
        yield twin


@pytest.fixture
def office(tmp_path):
    return PostOffice.open(tmp_path / "post", "partners", "secret")


@pytest.fixture
def settings(tmp_path, strict, table, office):
    overlay = Overlay(tmp_path / "overlay")
    overlay.add(Standing("lakeshore_onsale/lakeshore_onsale", HALL, strict.origin, "here"))
    overlay.add(Standing("osteria_luna/osteria_luna", TABLE, table.origin, "here"))
    with_limits(tmp_path / "overlay" / "partners" / f"{PARTNER}.toml")
    return overlay.settings(
        Settings(
            home=tmp_path / "home",
            lease_s=3,
            resend_s=2,
            least_tier=Tier.BRONZE,
            mail_url=f"smtp://{office.smtp}",
            mail_from="farm@bot.example",
        )
    )


def with_limits(path: Path) -> None:
    """The hall's partner has an address, and has set limits."""
    text = path.read_text()
    old = 'contact = "the owners of integrations/lakeshore_onsale"'
    assert old in text
    text = text.replace(old, f'contact = "{CONTACT}"')
    path.write_text(text.replace("gap_ms = [0, 0]\n", "gap_ms = [0, 0]\nrequests_per_min = 600\n") + TERMS)


def test_a_challenge_blocks_the_partner_tells_it_once_and_bookings_fall_back(settings, strict, table, office):
    with EmbeddedFarm(settings, pool="threads", concurrency=2) as farm:
        platform = Platform(farm.settings)
        first = platform.settled(platform.queue(date(2029, 12, 5), HALL, TABLE))
        assert (first.status, first.venue) == (BookingStatus.CONFIRMED, TABLE), first.sentence
        at_the_hall, _ = platform.attempts(first.id)
        assert (at_the_hall.venue, at_the_hall.cause) == (HALL, Cause.CHALLENGE_PRESENTED)

        knocked = strict.arrivals("search")
        second = platform.settled(platform.queue(date(2029, 12, 5), HALL, TABLE))
        assert (second.status, second.venue) == (BookingStatus.CONFIRMED, TABLE)
        assert [attempt.venue for attempt in platform.attempts(second.id)] == [TABLE]
        assert strict.arrivals("search") == knocked, "nobody goes there any more"

        notice = asyncio.run(told(settings))
        assert (notice.partner, notice.venue, notice.contact) == (PARTNER, HALL, CONTACT)
        assert notice.evidence["status"] == 403
        assert "Chrome" in notice.evidence["user_agent"]
        box = mailbox.Maildir(office.folder, create=True)
        (letter,) = [message_from_bytes(box.get_bytes(key), policy=policy.default) for key in box.keys()]  # noqa: SIM118
        assert letter["To"] == CONTACT
        assert "ada" not in str(letter).lower()
        assert "Answer: 403" in letter.get_content()
    assert strict.records() == []


async def told(settings: Settings):
    """The one notice, once its letter was sent."""
    async with await Ledger.open(settings.ledger_url) as ledger, asyncio.timeout(30):
        whole = (await ledger.tolerances.of(PARTNER))[""]
        assert (whole.state, whole.why, whole.counts.challenged) == (Breaker.OPEN, "challenged", 1)
        while True:
            (notice,) = await ledger.notices.newest()
            if notice.sent_at is not None:
                return notice
            await asyncio.sleep(0.1)
