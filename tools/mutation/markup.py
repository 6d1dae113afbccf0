"""A page or an answer of data, changed in the places that a person (or a script) reads."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

Text = Callable[[str], str]
Number = Callable[[int], int | None]

_PARTS = re.compile(
    r"(?is)(?P<mute><(?:script|style)\b.*?</(?:script|style)>|<!--.*?-->)|(?P<tag><[^>]*>)|(?P<text>[^<]+)"
)
_READ_ALOUD = re.compile(
    r"(?is)(?P<before>\b(?:aria-label|title|placeholder|alt|value)\s*=\s*)(?P<mark>[\"'])(?P<text>.*?)(?P=mark)"
)
_HEADING = re.compile(r"(?is)<h[12]\b[^>]*>.*?</h[12]>")
_BODY = re.compile(r"(?is)(?P<open><body\b[^>]*>).*(?P<close></body>)")


def in_texts(html: str, change: Text) -> str:
    """The page with what stands between its tags changed; scripts and styles are left alone."""
    return _PARTS.sub(lambda part: change(part["text"]) if part["text"] else part.group(), html)


def in_words(html: str, change: Text) -> str:
    """The page with everything changed that a person sees or is read: also labels and the words of buttons."""
    return _PARTS.sub(lambda part: _changed(part, change), html)


def _changed(part: re.Match[str], change: Text) -> str:
    if part["text"]:
        return change(part["text"])
    return _READ_ALOUD.sub(lambda said: _said(said, change), part.group()) if part["tag"] else part.group()


def _said(said: re.Match[str], change: Text) -> str:
    return f"{said['before']}{said['mark']}{change(said['text'])}{said['mark']}"


def heading_of(html: str) -> str:
    """The page's first heading, with its tags; nothing where it has none."""
    found = _HEADING.search(html)
    return found.group() if found else ""


def with_body(html: str, body: str) -> str:
    """The page with another body."""
    if _BODY.search(html) is None:
        return f"<!doctype html><body>{body}</body>"
    return _BODY.sub(lambda found: f"{found['open']}{body}{found['close']}", html)


def in_data(text: str, change: Text, number: Number = lambda number: number) -> str:
    """JSON with every text and whole number changed, keys left alone; as it was where nothing is, or it is none.

    A text of which nothing is left becomes ``null``: data that does not have a fact says so.
    """
    try:
        read: object = json.loads(text)
    except ValueError:
        return text
    changed = _walked(read, change, number)
    return text if changed == read else json.dumps(changed, ensure_ascii=False)


def _walked(read: object, change: Text, number: Number) -> object:
    if isinstance(read, dict):
        return {key: _walked(value, change, number) for key, value in read.items()}
    if isinstance(read, list):
        return [_walked(value, change, number) for value in read]
    if isinstance(read, str):
        return change(read) or (None if read else read)
    return number(read) if isinstance(read, int) and not isinstance(read, bool) else read
