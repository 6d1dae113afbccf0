"""A ledger with any number of bookings in it, written by COPY."""

from __future__ import annotations

import itertools
import random
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg import sql

from benchmarks.gateway.lives import LASTED_S, TABLES, Mould

RESELLERS = 100
KINDS = {"confirmed": 0.60, "unavailable": 0.39, "queued": 0.01}
AT_ONCE = 20_000
AGE = timedelta(days=400)
KNOWN = 20_000
"""So many of the bookings are remembered, to be asked for."""
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]


@dataclass(frozen=True, slots=True)
class Stock:
    """What lies in a ledger.

    Attributes:
        known: Some of the bookings, of any age: their resellers and ids.
        events: How many there are.
    """

    url: str
    bookings: int
    known: tuple[tuple[str, str], ...]
    events: int


def resellers() -> list[str]:
    """The largest one first."""
    return [f"reseller-{number:03}" for number in range(1, RESELLERS + 1)]


def fill(url: str, count: int, moulds: Mapping[str, Mould], say: Callable[[str], None]) -> Stock:
    """Write so many bookings into an empty ledger; they came over the last year and a bit, of all resellers."""
    lines = _Lines(count, moulds)
    with psycopg.connect(url) as connection, connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")  # every key is right as it is written
        with _without_indexes(connection):
            connection.execute(sql.SQL("TRUNCATE {}").format(_names(TABLES)))
            for done in range(0, count, AT_ONCE):
                rows = lines.next(min(AT_ONCE, count - done))
                for table, text in rows.items():
                    _copy(connection, table, lines.columns[table], text)
                if done and done % 1_000_000 == 0:
                    say(f"{done:,} of {count:,} bookings are written")
            say(f"{count:,} bookings are written; their indexes come next")
        heads = "".join(f"{name}\t{last}\n" for name, last in lines.heads.items())
        _copy(connection, "feeds", ("reseller", "last"), heads)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return Stock(url, count, tuple(lines.known), sum(lines.heads.values()))


class _Lines:
    """The lines of one booking after the other."""

    def __init__(self, count: int, moulds: Mapping[str, Mould]) -> None:
        self.columns = next(iter(moulds.values())).columns
        self.heads = dict.fromkeys(resellers(), 0)
        self.known: list[tuple[str, str]] = []
        self._moulds = moulds
        self._dice = random.Random(count)  # noqa: S311 - luck, not secrets
        self._numbers = itertools.count()
        self._began = datetime.now(UTC) - AGE
        self._apart = AGE / count
        self._every = max(1, count // KNOWN)
        self._shares = list(itertools.accumulate(1 / (number + 1) for number in range(RESELLERS)))

    def next(self, count: int) -> dict[str, str]:
        """Those of the next so many bookings, by table."""
        lines: dict[str, list[str]] = {table: [] for table in TABLES}
        names, shares = resellers(), self._shares
        kinds = self._dice.choices([self._moulds[kind] for kind in KINDS], list(KINDS.values()), k=count)
        for mould, number in zip(kinds, self._numbers, strict=False):
            reseller = names[bisect(shares, self._dice.random() * shares[-1])]
            values = self._of(number, reseller)
            place = self.heads[reseller]
            self.heads[reseller] = place + mould.events
            values |= {f"place_{more}": place + more + 1 for more in range(mould.events)}
            if number % self._every == 0:
                self.known.append((reseller, str(values["booking"])))
            for table, text in mould.text.items():
                lines[table].append(text % values)
        return {table: "".join(of_table) for table, of_table in lines.items()}

    def _of(self, number: int, reseller: str) -> dict[str, object]:
        began = self._began + number * self._apart
        tail = _name(int(began.timestamp() * 1000) << 50 | self._dice.getrandbits(50))
        return {
            "booking": f"bk_{tail}",
            "attempt": f"at_{tail}",
            "reseller": reseller,
            "code": f"B{number:011}",
            "began": began.isoformat(" ", "seconds")[:-6],
            "ended": (began + timedelta(seconds=LASTED_S)).isoformat(" ", "seconds")[:-6],
        }


def _name(number: int) -> str:
    """A hundred bits as the ledger writes them in its ids."""
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(90, -1, -10)])


def _copy(connection: psycopg.Connection, table: str, columns: tuple[str, ...], text: str) -> None:
    named = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), _names(columns))
    with connection.cursor().copy(named) as copy:
        copy.write(text)


@contextmanager
def _without_indexes(connection: psycopg.Connection) -> Iterator[None]:
    """Take every index and key away, and make each again as it was: sorted once is faster than kept in order."""
    tables = list(TABLES)
    keys = connection.execute(
        "SELECT conrelid::regclass::text, conname, contype, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype IN ('f', 'p', 'u')"
        " AND (conrelid::regclass::text = ANY(%s) OR confrelid::regclass::text = ANY(%s)) ORDER BY contype",
        (tables, tables),
    ).fetchall()
    own = [name for _, name, _, _ in keys]
    indexes = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes"
        " WHERE tablename = ANY(%s) AND indexname <> ALL(%s) AND indexdef NOT LIKE '%% WHERE %%'",
        (tables, own),
    ).fetchall()
    for table, name, _, _ in keys:  # foreign ones first: they stand on the others
        _execute(connection, "ALTER TABLE {} DROP CONSTRAINT {}", table, name)
    for name, _ in indexes:
        _execute(connection, "DROP INDEX {}", name)
    yield
    for table, name, kind, rule in reversed(keys):
        unread = " NOT VALID" if kind == "f" else ""
        _execute(connection, f"ALTER TABLE {{}} ADD CONSTRAINT {{}} {rule}{unread}", table, name)
    for _, definition in indexes:
        connection.execute(definition.encode())


def _execute(connection: psycopg.Connection, text: str, *names: str) -> None:
    connection.execute(sql.SQL(text).format(*map(sql.Identifier, names)))


def _names(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))
