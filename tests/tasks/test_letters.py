"""Letters to partners' contacts, through a real mail server."""

from __future__ import annotations

import asyncio
import mailbox
import socket
from email import message_from_bytes, policy

import pytest
from pydantic import ValidationError

from farm.tolerance import Bounds, Met
from fixtures.kit.mail import PostOffice
from ledger.notices import AGAIN_S, NewNotice
from ledger.store import Ledger
from tasks.letters import letters_going_out, send_one
from tasks.settings import Settings

BOUNDS = Bounds(10, 100, 40, 6, 0.5, 30, 3600)
EVIDENCE = {
    "request": "POST hall.example/shows",
    "status": 403,
    "headers": ["cf-mitigated", "date"],
    "user_agent": "Mozilla/5.0",
    "requests": 12,
    "agreement": "contracts/2026-014",
    "identify": "web-bot-auth",
    "directory": "https://bot.example.org",
}


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return PostOffice.open(tmp_path_factory.mktemp("post"), "partners", "secret")


@pytest.fixture
def settings(tmp_path, office):
    return Settings(home=tmp_path, mail_url=f"smtp://{office.smtp}", mail_from="farm@bot.example.org")


@pytest.fixture
def letters(office):
    """The letters that have come since."""
    box = mailbox.Maildir(office.folder, create=True)
    box.clear()
    return lambda: [message_from_bytes(box.get_bytes(key), policy=policy.default) for key in box.keys()]  # noqa: SIM118


@pytest.fixture
async def ledger(house_farm):
    return house_farm.ledger


async def blocked(ledger, contact="box.office@hall.example"):
    await ledger.tolerances.tell("hall", "desk", BOUNDS, Met("challenged"), NewNotice("hall_one", contact, EVIDENCE))


async def test_a_contact_is_told_what_happened_where_and_when(ledger, settings, letters):
    await blocked(ledger)
    assert await send_one(ledger, settings)
    assert not await send_one(ledger, settings), "once"
    (letter,) = letters()
    (notice,) = await ledger.notices.newest()
    assert notice.sent_at is not None
    assert (letter["To"], letter["From"]) == ("box.office@hall.example", "farm@bot.example.org")
    assert letter["Message-ID"] == f"<{notice.id}@bot.example.org>"
    text = letter.get_content()
    for said in (
        "Venue: hall_one",
        "When: 2029-01-01 12:00:00 UTC",
        "Request: POST hall.example/shows",
        "Answer: 403",
        "Its headers: cf-mitigated, date",
        "We came as: Mozilla/5.0",
        "Signed: https://bot.example.org",
        "Account: desk",
        "Agreement: contracts/2026-014",
        "until 2029-01-01 13:00 UTC",
    ):
        assert said in text


async def test_several_relays_send_one_letter(ledger, settings, letters):
    await blocked(ledger)
    async with await Ledger.open(settings.ledger_url, ledger.clock) as other:
        await asyncio.gather(*(send_one(one, settings) for one in (ledger, other) * 4))
    assert len(letters()) == 1


async def test_a_mail_server_that_is_away_only_delays(ledger, settings, letters, clock):
    await blocked(ledger)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    away = settings.model_copy(update={"mail_url": f"smtp://127.0.0.1:{port}"})
    assert await send_one(ledger, away)
    assert (await ledger.notices.newest())[0].trouble == "the mail server did not take it: ConnectionRefusedError"
    assert not await send_one(ledger, settings), "not at once"
    clock.forward(AGAIN_S)
    assert await send_one(ledger, settings)
    assert len(letters()) == 1
    assert (await ledger.notices.newest())[0].trouble is None


async def test_a_contact_without_an_address_is_for_a_person(ledger, settings, letters):
    await blocked(ledger, "the owners of the hall")
    await send_one(ledger, settings)
    assert letters() == []
    (notice,) = await ledger.notices.newest()
    assert notice.trouble == "the profile's contact is no e-mail address: tell it yourself"


async def test_they_go_out_beside_the_relays_work(ledger, settings, letters):
    await blocked(ledger)
    async with letters_going_out(ledger, settings), asyncio.timeout(20):
        while not letters():  # noqa: ASYNC110 - what a real server has got
            await asyncio.sleep(0.05)


async def test_without_a_mail_server_a_notice_is_only_listed(ledger, settings):
    await blocked(ledger)
    async with letters_going_out(ledger, settings.model_copy(update={"mail_url": None})):
        await asyncio.sleep(0)
    assert (await ledger.notices.newest())[0].tries == 0


@pytest.mark.parametrize("url", ["http://mail.example", "smtp://", "mail.example:25"])
def test_an_address_of_no_mail_server_is_refused(url):
    with pytest.raises(ValidationError):
        Settings(mail_url=url)
