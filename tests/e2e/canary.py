"""Unusual words in place of all that is personal or secret, and a search for them wherever a farm leaves a trace."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import LargeBinary, MetaData, Text, cast, create_engine, select

from farm.facts import Guest
from fixtures.kit.process import TwinProcess
from tools.overlay import _set as with_line

MAY_HOLD = {
    "bookings": {"request", "change"},
    "attempts": {"recap", "expected", "claim", "hold", "offer"},
}
"""Where a guest's words must be: what was wanted, what a page repeated, what a record must show. Nowhere else."""
SECRET_COLUMNS: dict[str, set[str]] = {}
"""Where a secret may stand in clear: nowhere."""
CARD = "kanarienkarte"


def _card_number() -> str:
    """One that nobody has: it passes the check digit."""
    digits = [4, *(random.randint(0, 9) for _ in range(14))]
    doubled = [digit if place % 2 else sum(divmod(digit * 2, 10)) for place, digit in enumerate(digits)]
    return "".join(map(str, digits)) + str(-sum(doubled) % 10)


@dataclass(frozen=True)
class Canary:
    """The words of one run. ``personal`` may stand where the ledger must know it, ``secret`` nowhere.

    The card's three digits are not searched for: a farm is full of three digits.
    """

    note: str = "kanariennotiz 7719"
    context: str = "kontextgeheim-5523"
    name: str = "Zyxmond Quillfeather"
    phone: str = "+44 20 9081 7264"
    domain: str = "kanarien.example.com"
    holder: str = "Holdrian Kartenhalter"
    number: str = field(default_factory=_card_number)
    passwords: Mapping[str, str] = field(
        default_factory=lambda: {"box_office": "kistenwort-6651", "desk": "pultwort-8842"}
    )

    def guest(self, tag: str) -> Guest:
        """A guest whom a fault can be set for: the address has the tag in it."""
        return Guest(name=self.name, email=f"zyxquill.{tag}@{self.domain}", phone=self.phone)

    @property
    def personal(self) -> tuple[str, ...]:
        digits = "".join(re.findall(r"\d", self.phone))
        names = self.name.split()
        return (
            *names,
            "zyxquill",
            self.domain,
            self.phone,
            digits,
            digits[-8:],
            self.note,
            "kanariennotiz",
            self.context,
        )

    @property
    def secret(self) -> tuple[str, ...]:
        spaced = " ".join(self.number[at : at + 4] for at in range(0, 16, 4))
        return (self.number, spaced, *self.holder.split(), *self.passwords.values())

    def vault(self, folder: Path) -> Path:
        """A vault with the card; it lies outside of the farm's folder."""
        file = folder / "cards.toml"
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as cards:
            cards.write(
                f"[{CARD}]\nholder = {json.dumps(self.holder)}\nnumber = {json.dumps(self.number)}\n"
                'expires_month = 12\nexpires_year = 2031\ncode = "937"\n'
            )
        return file


@dataclass(frozen=True)
class Leak:
    """A word where it does not belong."""

    where: str
    word: str


def in_text(where: str, text: str | bytes, words: Iterable[str]) -> Iterator[Leak]:
    """Each word that stands in it, whatever its case; in any of the ways in which our files write letters."""
    data = (text if isinstance(text, bytes) else text.encode()).lower()
    for word in words:
        forms = {word.lower().encode(), json.dumps(word.lower())[1:-1].encode(), word.lower().encode("utf-16-le")}
        if any(form in data for form in forms):
            yield Leak(where, word)


def in_files(folder: Path, words: Iterable[str], *, but: Iterable[str] = ()) -> list[Leak]:
    """In every byte of every file below; ``but``: names that are searched in another way."""
    searched = list(words)
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(tuple(but))]
    return [leak for path in files for leak in in_text(str(path.relative_to(folder)), path.read_bytes(), searched)]


def in_ledger(file: Path, words: Iterable[str], may_hold: Mapping[str, set[str]]) -> list[Leak]:
    """In every column of every table that the database has, whether our code knows it or not."""
    engine, searched, tables = create_engine(f"sqlite:///{file}"), list(words), MetaData()
    leaks: list[Leak] = []
    tables.reflect(engine)
    with engine.connect() as connection:
        for table in tables.sorted_tables:
            names = [column.name for column in table.columns if column.name not in may_hold.get(table.name, set())]
            columns = [table.c[name] for name in names]
            texts = [one if isinstance(one.type, LargeBinary) else cast(one, Text).label(one.name) for one in columns]
            for row in connection.execute(select(*texts)):
                for name, value in row._mapping.items():
                    told = value if isinstance(value, bytes) else str(value)
                    leaks += in_text(f"{table.name}.{name}", told, searched)
    engine.dispose()
    return leaks


def stand(folder: Path, integration: str, venue: str, slug: str, twin: TwinProcess, keeps: str | None = None) -> None:
    """Write a venue's and its partner's file for a running twin, with all its origins; the account is kept."""
    root = Path(__file__).parents[2]
    text = (root / "integrations" / integration / "venues" / f"{venue}.toml").read_text()
    (partner,) = re.findall(r'^partner = "(\w+)"$', text, re.MULTILINE)
    here = f"{partner}_of_{slug}"
    text = with_line(with_line(text, "origin", f'"{twin.origin}"'), "partner", f'"{here}"')
    text = with_line(text, "groups", '["canaries"]')
    for name, origin in twin.also.items():
        text = with_line(text, f"{name}_origin", f'"{origin}"')
    hosts = [origin.partition("//")[2] for origin in (twin.origin, *twin.also.values())]
    agreement = with_line(
        (root / "profiles" / "partners" / f"{partner}.toml").read_text(), "hosts", json.dumps(hosts)
    )
    if keeps is not None:
        section = f"[session.accounts.{keeps}]\n"
        assert section in agreement
        agreement = agreement.replace(section, f"{section}keep = true\n")
    for path, written in (
        (folder / "integrations" / integration / "venues" / f"{slug}.toml", text),
        (folder / "partners" / f"{here}.toml", agreement),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written)
