"""One e-mail as it lies in a mailbox, read into what a script may use."""

from __future__ import annotations

import re
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses
from html.parser import HTMLParser

from farm.mail import Mail

_ADDRESS = re.compile(r"https?://[^\s<>\"']+")
_ENDS_A_SENTENCE = ".,;:!?)]}"
_FOR_WHOM = ("To", "Cc", "Delivered-To", "X-Original-To")
_BLOCKS = frozenset({"address", "br", "div", "h1", "h2", "h3", "li", "p", "table", "td", "tr"})


def read_letter(raw: bytes, received_at: datetime) -> Mail:
    """The letter; what cannot be decoded is replaced, never an error."""
    letter = message_from_bytes(raw, policy=policy.default)
    plain, page = _body(letter, "plain"), _Page()
    page.feed(_body(letter, "html"))
    named = [address.rstrip(_ENDS_A_SENTENCE) for address in _ADDRESS.findall(plain)]
    headers = [str(value) for name in _FOR_WHOM for value in letter.get_all(name, [])]
    return Mail(
        subject=" ".join(str(letter.get("Subject", "")).split()),
        sender=str(letter.get("From", "")),
        to=tuple(dict.fromkeys(address for _, address in getaddresses(headers) if address)),
        text=plain or page.text,
        links=tuple(dict.fromkeys([*named, *page.links])),
        received_at=received_at,
    )


def _body(letter: EmailMessage, kind: str) -> str:
    part = letter.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    sent = part.get_payload(decode=True)
    charset = part.get_content_charset("utf-8")
    try:
        return sent.decode(charset, "replace") if isinstance(sent, bytes) else ""
    except LookupError:  # a charset that nobody knows
        return sent.decode("utf-8", "replace") if isinstance(sent, bytes) else ""


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
