"""Which parts of a row say who a guest is, and the row without them. The numbers stay: times, prices, parties."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from farm.identity import untagged
from farm.request import Request

ERASED = "erased"
NOBODY = {"name": ERASED, "email": "erased@example.net", "phone": None}
_OWN = frozenset({"guest_name", "guest_email", "guest_phone", "note", "link", "title", "card"})
_KEYS = frozenset({"key"})
"""What a script needs to find an offer or a hold again: it may carry the guest's address, or a secret."""
_SURELY_A_NAME = 5


@dataclass(frozen=True)
class Guest:
    """One guest, by the e-mail address of the request.

    Attributes:
        email: As typed, without the tag that the farm plants.
        others: Names, telephone numbers and notes of this guest's own requests.
    """

    email: str
    others: frozenset[str] = field(default=frozenset(), repr=False)

    @classmethod
    def of(cls, email: str, requests: Iterable[Request]) -> Guest:
        """Everything that the guest's own requests say of the guest."""
        said = [text for request in requests for text in (request.guest.name, request.guest.phone, request.note)]
        return cls(email, frozenset(text for text in said if text and text != ERASED))

    def wrote(self, request: Request) -> bool:
        """True when the request is this guest's."""
        return self.email.casefold() in {request.guest.email.casefold(), untagged(request.guest.email).casefold()}

    @property
    def everywhere(self) -> re.Pattern[str]:
        """The address, tagged or not: nobody else's row may have it."""
        local, _, host = self.email.partition("@")
        return re.compile(rf"(?<![\w.+-]){re.escape(local)}(\+[\w-]+)?@{re.escape(host)}(?!\.?[\w-])", re.IGNORECASE)

    @property
    def in_own_rows(self) -> re.Pattern[str]:
        """The address, and everything else that this guest said; a name that could be a word only in its field."""
        sure = [text for text in self.others if len(text) >= _SURELY_A_NAME or not text.isalpha()]
        longest_first = sorted(sure, key=len, reverse=True)
        others = [rf"(?<!\w){re.escape(text)}(?!\w)" for text in longest_first]
        return re.compile("|".join([self.everywhere.pattern, *others]), re.IGNORECASE)


def without_guest(text: str) -> str:
    """A JSON text of ours (a request, facts, a hold, a claim) without what says who the guest is."""
    return json.dumps(_without(json.loads(text)), ensure_ascii=False, separators=(",", ":"))


def _without(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        return {name: _field(name, part) for name, part in value.items()}
    return [_without(part) for part in value] if isinstance(value, list) else value


def _field(name: str, value: Any) -> Any:  # noqa: ANN401 - JSON
    if name == "guest":
        return NOBODY
    if name == "context":
        return {}
    if name in _OWN:
        return None
    return "" if name in _KEYS and value is not None else _without(value)


def rewritten(row: Mapping[str, Any], clean: Mapping[str, Callable[[str], str]], guest: Guest) -> dict[str, str]:
    """What changes in a row: JSON without the guest, and no word of the guest's anywhere else in it."""
    changed = {}
    for name, value in row.items():
        if not isinstance(value, str):
            continue
        new = guest.in_own_rows.sub(ERASED, clean[name](value) if name in clean else value)
        if new != value:
            changed[name] = new
    return changed
