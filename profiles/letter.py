"""One e-mail as it lies in a mailbox, read into what a script may use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses
from html.parser import HTMLParser

from farm.mail import Mail

_ADDRESS = re.compile(r"https?://[^\s<>\"']+")
_ENDS_A_SENTENCE = ".,;:!?)]}"
_FOR_WHOM = ("to", "cc", "delivered-to", "x-original-to")
_BLOCKS = frozenset({"address", "br", "div", "h1", "h2", "h3", "li", "p", "table", "td", "tr"})


def read_letter(raw: bytes, received_at: datetime) -> Mail:
    """The letter; what is broken in it is left out or replaced, never an error."""
    letter = message_from_bytes(raw)
    plain, page = _body(letter, "text/plain"), _Page()
    page.feed(_body(letter, "text/html"))
    named = [address.rstrip(_ENDS_A_SENTENCE) for address in _ADDRESS.findall(plain)]
    whom = [value for name in _FOR_WHOM for value in _headers(letter, name)]
    return Mail(
        subject=" ".join(next(_headers(letter, "subject"), "").split()),
        sender=next(_headers(letter, "from"), ""),
        to=tuple(dict.fromkeys(address for _, address in getaddresses(whom) if address)),
        text=plain or page.text,
        links=tuple(dict.fromkeys([*named, *page.links])),
        received_at=received_at,
    )


def _headers(letter: Message, name: str) -> Iterator[str]:
    """The values of a header, as a person reads them. The library's own newer reader breaks on broken ones."""
    for key, value in letter.raw_items():
        if key.lower() == name:
            written = str(value).encode("ascii", "surrogateescape").decode("utf-8", "replace")
            try:
                yield str(make_header(decode_header(written)))
            except (HeaderParseError, LookupError, ValueError):
                yield written


def _body(letter: Message, kind: str) -> str:
    """The text of the first part of a kind that is not a file."""
    for part in letter.walk():
        if part.get_content_type() == kind and part.get_filename() is None:
            return _decoded(part)
    return ""


def _decoded(part: Message) -> str:
    sent = part.get_payload(decode=True)
    if not isinstance(sent, bytes):
        return ""
    try:
        return sent.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:  # a charset that nobody knows
        return sent.decode("utf-8", "replace")


class _Page(HTMLParser):
    """Text and links of an HTML letter."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self._said: list[str] = []
        self._unseen = 0

    @property
    def text(self) -> str:
        """Line by line, without the spaces of the source."""
        lines = (" ".join(line.split()) for line in "".join(self._said).splitlines())
        return "\n".join(line for line in lines if line)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in {"style", "script", "head"}
        if tag in _BLOCKS:
            self._said.append("\n")
        target = dict(attrs).get("href") if tag == "a" else None
        if target and _ADDRESS.fullmatch(target):
            self.links.append(target)

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in {"style", "script", "head"}
        if tag in _BLOCKS:
            self._said.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._said.append(" ".join(data.split("\n")))
