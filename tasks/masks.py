"""What evidence must not show: the guest, the card, the account, in every way in which a page may write them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from farm.booking import Ask
from farm.contract import Account, Card
from farm.facts import Sighting
from farm.identity import Reference, untagged

MASK = "▮▮▮"
SURE_LETTERS = 4
"""A shorter word is covered where it stands alone, or half of the page would be black."""
NOTE_LETTERS = 6
SPELLED_LETTERS = 8
"""So many letters in a row, whatever stands between them, are no accident."""
PHONE_DIGITS = 7
"""The last ones: what stands before them depends on the country that writes it."""
_INVISIBLE = "[\u00ad\u200b-\u200d\u2060\ufeff\u0300-\u036f]*"
_GAP = r'(?:\s|\\[nt]|["\\])+'
_BETWEEN_DIGITS = r"[\s().\-/·]{0,3}"
_REFERENCE = re.compile(r"\(?RB-[0-9A-Z]{10}-\d{1,3}\)?", re.IGNORECASE)
_FIELD = re.compile(r"(\s*- )'?(textbox|searchbox|spinbutton|combobox|listbox)\b((?: \"(?:[^\"\\]|\\.)*\")?)(.*)")
_ATTRIBUTE = re.compile(r"^\s*- /\w+:")
_ROLE = r"(?m:^\s*- '?[a-z]+\b)"
PYTHON_LETTER, SCRIPT_LETTER = r"\w", r"[\p{L}\p{N}_]"


def fold(text: str) -> str:
    """Without case and accents, a letter for a letter, so that places stay places."""
    return text.lower() if text.isascii() else "".join(map(_fold_one, text))


@cache
def _fold_one(letter: str) -> str:
    return (unicodedata.normalize("NFKD", letter).lower() or letter)[0]


@dataclass(frozen=True)
class Masks:
    """What is covered on the pages of one visit.

    Attributes:
        words: What a page may show, and is covered.
        digits: Telephone numbers, digits only.
        never: What no page of a booking shows (a card's number): where it stands, nothing is kept at all.
    """

    words: frozenset[str]
    digits: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()

    @classmethod
    def of(cls, ask: Ask, account: Account | None, others: Sequence[Sighting] = ()) -> Masks:
        """Everything of this guest, of the account in use, and of others whose records the page has shown."""
        guest, note = ask.request.guest, _REFERENCE.sub("", ask.request.note or "")
        names = [guest.name, *(seen.guest_name or "" for seen in others)]
        emails = [guest.email, *(seen.guest_email or "" for seen in others)]
        phones = [guest.phone or "", *(seen.guest_phone or "" for seen in others)]
        notes = [note, *(_REFERENCE.sub("", seen.note or "") for seen in others)]
        card = _card(ask)
        if card is not None:
            names.append(card.holder)
        words = {*names, *(part for name in names for part in re.split(r"[\s,.]+", name)), *notes}
        words |= {part for note in notes for part in re.findall(r"\w+", note) if len(part) >= NOTE_LETTERS}
        for email in emails:
            words |= {email, untagged(email), *untagged(email).split("@")}
        if account is not None:
            words |= {account.user or "", account.secret.get_secret_value()}
        number = card.number.get_secret_value() if card is not None else ""
        return cls(
            words=frozenset(word for raw in {*words, number[-4:]} if len(word := raw.strip()) > 1),
            digits=frozenset(digits for phone in phones if len(digits := re.sub(r"\D", "", phone)) >= PHONE_DIGITS),
            never=frozenset({number} - {""}),
        )

    def pattern(self, letter: str = PYTHON_LETTER) -> str:
        """What finds them in a folded text, longest first; the same for Python and for a page's script."""
        longest_first = sorted(self.words, key=lambda word: (-len(word), word))
        words = [_word(fold(word), letter) for word in longest_first]
        return "|".join([*words, *(_phone(digits) for digits in sorted(self.digits))]) or "(?!)"

    @cached_property
    def _found(self) -> re.Pattern[str]:
        return re.compile(self.pattern())

    def text(self, snapshot: str) -> str | None:
        """An aria snapshot without them, without addresses and without what was typed into fields.

        None where that cannot be proven: something of them is still there, in whatever writing.
        """
        if any(one in re.sub(r"[\s-]", "", snapshot) for one in self.never):
            return None
        masked = self._masked("\n".join(_without_fields(snapshot.splitlines())))
        return None if self._left_in(masked) else masked

    def _masked(self, text: str) -> str:
        parts, at = [], 0
        for found in self._found.finditer(fold(text)):
            parts += [text[at : found.start()], MASK]
            at = found.end()
        return "".join([*parts, text[at:]])

    def _left_in(self, masked: str) -> bool:
        folded = fold(masked)
        squeezed = re.sub(f"{_ROLE}|[^\\w{MASK[0]}]|_", "", folded)
        spelled = {re.sub(r"[\W_]", "", fold(word)) for word in self.words}
        return (
            self._found.search(folded) is not None
            or any(len(word) >= SPELLED_LETTERS and word in squeezed for word in spelled)
            or any(digits[-PHONE_DIGITS:] in squeezed for digits in self.digits)
        )


def _card(ask: Ask) -> Card | None:
    if ask.vault is None or ask.request.card is None or not ask.manifest.pays:
        return None
    return ask.vault.open(ask.request.card)


def _word(folded: str, letter: str) -> str:
    """It, with anything invisible between its letters and any gap between its parts."""
    parts = [_INVISIBLE.join(_escaped(one) for one in part) for part in folded.split()]
    spelled = (_INVISIBLE + _GAP + _INVISIBLE).join(parts)
    if len(folded) >= SURE_LETTERS and not folded.isdecimal():
        return spelled
    return f"(?<!{letter}){spelled}(?!{letter})"


def _phone(digits: str) -> str:
    return rf"(?:\+?\d{_BETWEEN_DIGITS}){{0,9}}?" + _BETWEEN_DIGITS.join(digits[-PHONE_DIGITS:])


def _escaped(one: str) -> str:
    """As a pattern that Python and a page's script read alike."""
    return f"\\{one}" if one in r"^$\.*+?()[]{}|/" else one


def _without_fields(lines: Iterable[str]) -> Iterator[str]:
    """Without what fields hold, and without the addresses of links: they carry secrets."""
    hidden_below = None
    for line in lines:
        depth = len(line) - len(line.lstrip())
        if hidden_below is not None and depth > hidden_below:
            continue
        hidden_below = None
        if _ATTRIBUTE.match(line):
            continue
        if (field := _FIELD.match(line)) is not None:
            hidden_below = depth
            yield f"{field[1]}{field[2]}{field[3]}{f': {MASK}' if ':' in field[4] else ''}"
        else:
            yield line


def identities(ask: Ask, our_reference: str, ours: Sequence[Sighting]) -> tuple[str, ...]:
    """What names this booking on a page that shows others too: our tagged address, our reference, the venue's."""
    email = ask.request.guest.email
    tagged = email if Reference.found_in(email) is not None else ""
    names = {tagged, our_reference, *(seen.reference or "" for seen in ours)}
    return tuple(sorted(fold(name) for name in names if len(name) >= SURE_LETTERS))


def pattern_of(names: Iterable[str], letter: str) -> str:
    """What finds any of them, standing alone, in a folded text."""
    each = (_INVISIBLE.join(map(_escaped, fold(name))) for name in names if name)
    return "|".join(f"(?<!{letter}){spelled}(?!{letter})" for spelled in each)
