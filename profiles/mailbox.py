"""The farm's mailboxes: IMAP, and a maildir on this machine. Read only; nothing of a letter in an error's text."""

from __future__ import annotations

import asyncio
import imaplib
import mailbox
import ssl
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from farm.errors import AccessNotAgreed, VenueDown
from farm.mail import Mail, Mailbox
from profiles.letter import read_letter
from profiles.loopback import is_loopback
from profiles.secrets import read_secret
from profiles.terms.session import MailboxTerms

EVERY_S = 0.5
IMAP_PORT, IMAPS_PORT = 143, 993
ANSWER_S = 10.0
MOST_LETTERS = 50
"""The newest to one address: a tagged one gets a few."""

Reader = Callable[[str], list[Mail]]


class _Polled(ABC):
    """A mailbox that is looked into again and again, in a thread of its own."""

    @abstractmethod
    def _reading(self) -> AbstractAsyncContextManager[Reader]:
        """What reads the letters to an address, for as long as one call lasts; it may block."""

    async def wait(self, to: str, since: datetime, words: str, wait_s: float) -> Mail:
        first, until = since.replace(microsecond=0), time.monotonic() + wait_s
        async with self._reading() as read:
            while True:
                letters = await asyncio.to_thread(read, to)
                fitting = [one for one in letters if one.received_at >= first and _says(one, words)]
                if fitting:
                    return fitting[-1]
                if time.monotonic() >= until:
                    raise VenueDown(f"no e-mail with `{words}` came in {wait_s:g} s")
                await asyncio.sleep(EVERY_S)

    async def all(self, to: str) -> list[Mail]:
        async with self._reading() as read:
            return await asyncio.to_thread(read, to)


def _says(letter: Mail, words: str) -> bool:
    return words.casefold() in f"{letter.subject}\n{letter.text}".casefold()


class ImapMailbox(_Polled):
    """A folder of an IMAP server: over TLS, unless the server is on this machine's loopback."""

    def __init__(self, host: str, user: str, secret: SecretStr, folder: str) -> None:
        self._address = urlsplit(f"//{host}")
        self._user = user
        self._secret = secret
        self._folder = folder

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Reader]:
        line = await asyncio.to_thread(self._connect)
        try:
            yield lambda to: self._letters(line, to)
        finally:
            await asyncio.to_thread(_hang_up, line)

    def _connect(self) -> imaplib.IMAP4:
        host, port = self._address.hostname or "", self._address.port
        try:
            if is_loopback(host):
                line = imaplib.IMAP4(host, port or IMAP_PORT, timeout=ANSWER_S)
            else:
                trusted = ssl.create_default_context()
                line = imaplib.IMAP4_SSL(host, port or IMAPS_PORT, ssl_context=trusted, timeout=ANSWER_S)
        except (OSError, imaplib.IMAP4.error) as error:
            raise _away(error) from None
        try:
            line.login(self._user, self._secret.get_secret_value())
        except (OSError, imaplib.IMAP4.error) as error:
            _hang_up(line)
            raise _away(error) from None
        return line

    def _letters(self, line: imaplib.IMAP4, to: str) -> list[Mail]:
        try:
            line.select(f'"{self._folder}"', readonly=True)
            line.literal = to.encode()  # type: ignore[assignment] # imaplib's own way to send what needs no quoting
            _, found = line.uid("SEARCH", "CHARSET", "UTF-8", "TO")
            uids = (found[0] or b"").decode().split()[-MOST_LETTERS:]
            if not uids:
                return []
            _, fetched = line.uid("FETCH", ",".join(uids), "(INTERNALDATE BODY.PEEK[])")
        except (OSError, imaplib.IMAP4.error) as error:
            raise _away(error) from None
        parts = [part for part in fetched if isinstance(part, tuple)]
        return _for(to, [read_letter(raw, _internal_date(head)) for head, raw in parts])


class MaildirMailbox(_Polled):
    """A maildir that mail is delivered to on this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Reader]:
        yield self._letters

    def _letters(self, to: str) -> list[Mail]:
        try:
            box = mailbox.Maildir(self._folder, create=False)
            letters = [read_letter(box.get_bytes(key), _delivered_at(box, key)) for key in box.keys()]  # noqa: SIM118
        except (OSError, KeyError, mailbox.Error) as error:
            raise _away(error) from None
        return _for(to, letters)


def mailbox_at(terms: MailboxTerms | None) -> Mailbox | None:
    """The mailbox that a profile names; None when it names none, or when a reference leads to nothing."""
    if terms is None:
        return None
    if terms.kind == "maildir":
        return MaildirMailbox(Path(terms.folder))
    try:
        return ImapMailbox(
            terms.host or "", read_secret(terms.user or ""), SecretStr(read_secret(terms.secret or "")), terms.folder
        )
    except AccessNotAgreed:
        return None


def _for(to: str, letters: list[Mail]) -> list[Mail]:
    """Those to exactly this address, oldest first: a server finds parts of an address too."""
    ours = [one for one in letters if to.casefold() in {address.casefold() for address in one.to}]
    return sorted(ours, key=lambda one: one.received_at)[-MOST_LETTERS:]


def _internal_date(head: bytes) -> datetime:
    at = imaplib.Internaldate2tuple(head)
    if at is None:
        raise VenueDown("the farm's mailbox does not say when a letter came")
    return datetime.fromtimestamp(time.mktime(at), UTC)


def _delivered_at(box: mailbox.Maildir, key: str) -> datetime:
    return datetime.fromtimestamp(int(box.get_message(key).get_date()), UTC)


def _hang_up(line: imaplib.IMAP4) -> None:
    with suppress(OSError, imaplib.IMAP4.error):
        line.logout()
    with suppress(OSError):
        line.shutdown()  # a log-out that fails leaves the line open


def _away(error: Exception) -> VenueDown:
    """A server's own words may name a guest."""
    return VenueDown(f"the farm's mailbox does not answer ({type(error).__name__})")
