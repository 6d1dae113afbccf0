"""The farm's mailboxes, a real IMAP server and a maildir with the same letters; and what a letter is read into."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from mailbox import Maildir, MaildirMessage
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import pytest
from playwright.async_api import BrowserContext
from pydantic import SecretStr, ValidationError

from farm.errors import AccessNotAgreed, ContractBroken, VenueDown
from farm.gate import CommitGate
from farm.mail import CountedMailbox, Mailbox
from farm.phases import Step
from farm.registry import Registry
from farm.visit import Visit
from fixtures.kit.mail import PostOffice
from fixtures.kit.process import ROOT
from profiles import mailbox
from profiles.letter import read_letter
from profiles.loopback import is_loopback
from profiles.mailbox import ImapMailbox, MaildirMailbox, mailbox_at
from profiles.partner import Partners
from profiles.terms.session import MailboxTerms
from profiles.visiting import PartnerVisits
from tests.ways import OwnWays

ADA = "ada+rb-7k2m9q4t3w-1@example.com"
TEXT = "Ouvrez http://127.0.0.1/x, merci."
NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> PostOffice:
    return PostOffice.open(tmp_path_factory.mktemp("post"), "robots", "courrier")


@pytest.fixture(params=["imap", "maildir"])
def box(request: pytest.FixtureRequest, post: PostOffice) -> Mailbox:
    if request.param == "imap":
        return ImapMailbox(post.imap, "robots", SecretStr("courrier"), "INBOX")
    return MaildirMailbox(post.folder)


def letter(to: str, subject: str = "Vérifiez votre e-mail", text: str = TEXT) -> EmailMessage:
    made = EmailMessage()
    made["Subject"], made["From"], made["To"] = subject, "Cabinet <rdv@example.fr>", to
    made.set_content(text)
    return made


async def test_a_letter_is_read_as_it_was_sent(
    post: PostOffice, box: Mailbox, request: pytest.FixtureRequest
) -> None:
    to = f"é{abs(hash(request.node.name))}@example.com"
    began = datetime.now(UTC)
    await asyncio.to_thread(post.send, letter(f"Ada <{to}>"))
    (read,) = await box.all(to)
    assert (read.subject, read.sender, read.links) == (
        "Vérifiez votre e-mail",
        "Cabinet <rdv@example.fr>",
        ("http://127.0.0.1/x",),
    )
    assert read.text.strip() == TEXT
    assert to in read.to
    assert abs(read.received_at - began) < timedelta(seconds=10)
    assert await box.all(to) == [read]  # nothing was marked or taken
    assert await box.all("nobody@example.com") == []


async def test_only_letters_to_exactly_this_address(post: PostOffice, box: Mailbox) -> None:
    mark = uuid4().hex[:8]
    for to in (f"ada+rb-{mark}-1@example.com", f"ada+rb-{mark}-12@example.com", f"xada+rb-{mark}-1@example.com"):
        await asyncio.to_thread(post.send, letter(to, to))
    (read,) = await box.all(f"ADA+rb-{mark}-1@example.com")
    assert read.subject == f"ada+rb-{mark}-1@example.com"


async def test_waiting_takes_the_newest_with_these_words(post: PostOffice, box: Mailbox) -> None:
    to = f"{uuid4().hex}@example.com"
    began = datetime.now(UTC)
    await asyncio.to_thread(post.send, letter(to, "Bienvenue"))
    post.send(letter(to, "VÉRIFIEZ votre adresse"), after_s=0.4)
    read = await box.wait(to, began, "vérifiez", wait_s=10)
    assert read.subject == "VÉRIFIEZ votre adresse"
    with pytest.raises(VenueDown, match="no e-mail with `Bienvenue` came in 0 s"):
        await box.wait(to, began + timedelta(seconds=60), "Bienvenue", wait_s=0)
    with pytest.raises(VenueDown) as said:
        await box.wait(to, began, "annulé", wait_s=0.1)
    assert to not in str(said.value)


async def test_letters_are_in_the_order_in_which_they_came_and_the_newest_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Maildir(tmp_path / "box")
    for minute in (3, 0, 4, 1, 2):
        message = MaildirMessage(letter(ADA, f"Code {minute}"))
        message.set_date((NOW + timedelta(minutes=minute)).timestamp())
        folder.add(message)
    box = MaildirMailbox(tmp_path / "box")
    assert [one.subject for one in await box.all(ADA)] == [f"Code {minute}" for minute in range(5)]
    assert (await box.wait(ADA, NOW, "code", wait_s=0)).subject == "Code 4"
    with pytest.raises(VenueDown):
        await box.wait(ADA, NOW + timedelta(minutes=5), "code", wait_s=0)
    monkeypatch.setattr(mailbox, "MOST_LETTERS", 2)
    assert [one.subject for one in await box.all(ADA)] == ["Code 3", "Code 4"]


async def test_a_letter_that_was_read_is_still_unread(post: PostOffice) -> None:
    """The box is the partner's too: whoever else looks into it misses nothing."""
    to = f"{uuid4().hex}@example.com"
    await asyncio.to_thread(post.send, letter(to))
    await ImapMailbox(post.imap, "robots", SecretStr("courrier"), "INBOX").all(to)
    (kept,) = [one for one in Maildir(post.folder, create=False) if one["Delivered-To"] == to]
    assert (kept.get_subdir(), kept.get_flags()) == ("new", "")


@pytest.mark.parametrize("wrong", ["secret", "host", "folder"])
async def test_a_mailbox_that_does_not_answer(post: PostOffice, wrong: str) -> None:
    right = {"host": post.imap, "secret": "courrier", "folder": "INBOX"}
    said = {"host": "127.0.0.1:1", "secret": "geheim", "folder": "no such folder"}
    given = right | {wrong: said[wrong]}
    box = ImapMailbox(given["host"], "robots", SecretStr(given["secret"]), given["folder"])
    with pytest.raises(VenueDown, match=r"^the farm's mailbox does not answer \(\w+\)$"):
        await box.all(ADA)


async def test_a_server_that_is_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "ANSWER_S", 0.2)
    writers: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda reader, writer: writers.append(writer), "127.0.0.1", 0)
    async with silent:
        port = silent.sockets[0].getsockname()[1]
        with pytest.raises(VenueDown, match="does not answer"):
            await ImapMailbox(f"127.0.0.1:{port}", "robots", SecretStr("x"), "INBOX").all(ADA)
        for writer in writers:
            writer.close()


async def test_elsewhere_nothing_is_said_in_the_clear(post: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same plain server under a name that is not loopback: no log-in is tried."""
    monkeypatch.setattr(mailbox, "is_loopback", lambda host: False)
    trusting: list[ssl.SSLContext] = []
    default = ssl.create_default_context

    def watched() -> ssl.SSLContext:
        trusting.append(default())
        return trusting[-1]

    monkeypatch.setattr(ssl, "create_default_context", watched)
    with pytest.raises(VenueDown, match="SSLError"):
        await ImapMailbox(post.imap, "robots", SecretStr("courrier"), "INBOX").all(ADA)
    assert [(context.verify_mode, context.check_hostname) for context in trusting] == [(ssl.CERT_REQUIRED, True)]


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("10.0.0.5", False),
        ("mail.example", False),
        ("localhost.example", False),
    ],
)
def test_only_this_machine_is_spoken_to_in_the_clear(host: str, is_ours: bool) -> None:
    assert is_loopback(host) is is_ours


async def test_looks_are_counted(post: PostOffice) -> None:
    gate = CommitGate(None, (), "http://127.0.0.1")
    box = CountedMailbox(MaildirMailbox(post.folder), gate.looked)
    await box.all(ADA)
    with pytest.raises(VenueDown):
        await box.wait(ADA, datetime.now(UTC), "?", 0)
    assert gate.passed == 2


class TestTerms:
    def test_secrets_are_references(self, post: PostOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "secret").write_text("courrier")
        terms = MailboxTerms(kind="imap", host=post.imap, user="env:BOX_USER", secret=f"file:{tmp_path / 'secret'}")
        assert mailbox_at(terms) is None
        monkeypatch.setenv("BOX_USER", "robots")
        assert isinstance(mailbox_at(terms), ImapMailbox)
        assert mailbox_at(None) is None
        assert isinstance(mailbox_at(MailboxTerms(kind="maildir", folder=str(tmp_path))), MaildirMailbox)

    @pytest.mark.parametrize(
        ("terms", "said"),
        [
            ({"kind": "imap", "host": "mail.example"}, "needs `host`, `user` and `secret`"),
            ({"kind": "imap", "host": "imap://x/", "user": "env:A", "secret": "env:B"}, "`host` is"),
            ({"kind": "imap", "host": "x", "user": "env:A", "secret": "courrier"}, "pattern"),
            ({"kind": "maildir", "folder": "mail"}, "absolute path"),
            ({"kind": "maildir", "folder": "/mail", "user": "env:A"}, "nothing else"),
            ({"kind": "maildir", "folder": '/mail"\r\nA1 LOGOUT'}, "pattern"),
        ],
    )
    def test_what_cannot_be(self, terms: dict[str, str], said: str) -> None:
        with pytest.raises(ValidationError, match=said):
            MailboxTerms.model_validate(terms)


class TestLetter:
    def test_html_alone(self) -> None:
        made = EmailMessage()
        made["To"] = f"{ADA}, Eva <eva@example.com>"
        made.set_content(
            "<head><title>x</title></head><p>Votre\n code : <b>42</b></p><style>p{}</style>"
            "<a href='https://a.example/c?x=1&amp;y=2'>Ouvrir</a> <a href='javascript:alert(1)'>non</a>",
            subtype="html",
        )
        read = read_letter(made.as_bytes(), NOW)
        assert read.text == "Votre code : 42\nOuvrir non"
        assert read.links == ("https://a.example/c?x=1&y=2",)
        assert read.to == (ADA, "eva@example.com")
        assert (read.subject, read.sender) == ("", "")

    def test_links_stand_once_in_their_order(self) -> None:
        made = letter(ADA, text="1. https://b.example/1.\n2. (https://a.example/2)\n")
        made.add_alternative("<a href='https://a.example/2'>a</a><a href='https://c.example/3'>c</a>", subtype="html")
        read = read_letter(made.as_bytes(), NOW)
        assert read.links == ("https://b.example/1", "https://a.example/2", "https://c.example/3")

    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"\xff\xfe\x00",
            b"Subject: =?utf-8?B?=\r\nTo: <\r\nContent-Type: multipart/mixed\r\n\r\nx",
            b"Content-Type: text/plain; charset=no-such\r\n\r\n\xe9",
            b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n?",
        ],
    )
    def test_broken_ones_are_no_error(self, raw: bytes) -> None:
        assert read_letter(raw, NOW).received_at == NOW

    def test_nothing_of_a_guest_is_in_its_repr(self) -> None:
        said = repr(read_letter(letter(ADA, text="code 4711").as_bytes(), NOW))
        assert "ada" not in said
        assert "4711" not in said


class NoBrowser:
    async def new_context(self, appearance: object, proxy: object) -> BrowserContext:
        raise AssertionError("a browser was asked for")

    async def close_context(self, context: BrowserContext) -> None:
        raise AssertionError("there was none")


async def test_nothing_begins_where_a_letter_could_not_be_read(post: PostOffice) -> None:
    registry = Registry.load([ROOT / "integrations"])
    venue = registry.venue("cabinet_delorme")
    partner = Partners.load([ROOT / "profiles" / "partners"]).must_have(venue.partner)

    def visits(box: MailboxTerms | None) -> PartnerVisits:
        session = partner.session.model_copy(update={"mailbox": box})
        partners = Partners({partner.slug: partner.model_copy(update={"session": session})})
        return PartnerVisits(NoBrowser(), partners, venue, registry.manifest(venue), lambda: NOW, ways=OwnWays())

    assert visits(MailboxTerms(kind="maildir", folder=str(post.folder))).has_mailbox()
    without, gate = visits(None), CommitGate(None, (), venue.origin)
    assert not without.has_mailbox()
    with pytest.raises(AccessNotAgreed, match="of delorme names no mailbox"):
        async with without.open(gate, (Step.SEARCH, Step.ENTER_GUEST), None):
            pass
    with pytest.raises(AssertionError, match="a browser was asked for"):  # a look needs none
        async with without.open(gate, (Step.READ_BACK,), None):
            pass


def test_a_visit_without_a_mailbox_says_so() -> None:
    visit = SimpleNamespace(_mailbox=None, venue=SimpleNamespace(slug="cabinet_delorme"))
    with pytest.raises(ContractBroken, match="the profile names none"):
        Visit.mailbox.fget(visit)  # type: ignore[attr-defined] # the property alone, without a browser
