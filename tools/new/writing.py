"""Writes a new integration from its templates: script, manifest, venue, cases, agreement, and a first twin."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tools.new.kinds import Kind

TEMPLATES = Path(__file__).parent / "templates"
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
MARK = "TODO: "
"""How each thing to do begins; the lint rule `to_dos` finds them."""

Fate = tuple[str, str, int, tuple[str, ...]]
_OFF: Fate = ("failed", "RECORD_MISSING", 1, ())
_ON: Fate = ("confirmed", "", 1, ("confirmed",))
CASES: tuple[tuple[str, tuple[str, ...], str, str, int, tuple[str, ...]], ...] = (
    ("full", (), "unavailable", "SLOT_UNAVAILABLE", 0, ()),
    ("slot_lost", (), "unavailable", "SLOT_UNAVAILABLE", 1, ()),
    ("dropped_before", (), *_OFF),
    ("dropped_after", (), *_ON),
    ("reply_lost", (), *_ON),
    ("lying_thanks", (), *_OFF),
    ("shifted_time", (), "in_doubt", "RECORD_MISMATCH", 1, ("confirmed",)),
    ("late_record", ("params = { seconds = 2 }",), *_ON),
    ("slow", ('step = "search"',), *_ON),
    ("hang", ('step = "commit"',), *_OFF),
    ("crash", ('step = "record"',), *_ON),
    ("venue_down", ("params = { seconds = 2 }",), "failed", "VENUE_UNREACHABLE", 0, ()),
    ("too_many_requests", ('step = "search"',), "failed", "CHALLENGE_PRESENTED", 0, ()),
    ("challenge", ('step = "hold"',), "failed", "CHALLENGE_PRESENTED", 0, ()),
)
"""What a first twin does wrong, and what must come of it."""


class CannotWrite(Exception):
    """Nothing was written; the message says why, and what to do."""


@dataclass(frozen=True)
class New:
    """A new integration.

    Attributes:
        name: The folder's, as ``locanda_mare``.
        into: The folder that gets ``integrations/``, ``partners/`` and ``twins/``.
        filled: With the answers that fit the first twin in the place of what is to do: for tests.
    """

    name: str
    kind: Kind
    into: Path
    filled: bool = False

    @property
    def title(self) -> str:
        """As people write it."""
        return self.name.replace("_", " ").title()

    def write(self, *, force: bool = False) -> list[Path]:
        """Write all files; the paths, the script first.

        Raises:
            CannotWrite: The name is none, or something is there already; then nothing was written.
        """
        if not NAME.fullmatch(self.name):
            raise CannotWrite(f"`{self.name}` is no name for an integration: small letters, digits and single `_`")
        texts = dict(self._texts())
        there = [path for path in texts if path.exists()]
        if there and not force:
            raise CannotWrite(f"{there[0]} is there already: --force writes over it")
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return list(texts)

    def _texts(self) -> list[tuple[Path, str]]:
        here, twin = self.into / "integrations" / self.name, self.into / "twins" / f"{self.name}_twin"
        places = {
            "script.py.j2": here / "script.py",
            "manifest.toml.j2": here / "manifest.toml",
            "venue.toml.j2": here / "venues" / f"{self.name}.toml",
            "cases.toml.j2": here / "cases.toml",
            "partner.toml.j2": self.into / "partners" / f"{self.name}.toml",
        }
        twins = sorted(path.relative_to(TEMPLATES) for path in (TEMPLATES / "twin").rglob("*.j2"))
        places |= {str(path): twin / path.relative_to("twin").with_suffix("") for path in twins}
        return [(path, self._filled(template)) for template, path in places.items()]

    def _filled(self, template: str) -> str:
        pages = Environment(
            loader=FileSystemLoader(TEMPLATES),
            undefined=StrictUndefined,
            keep_trailing_newline=True,
            autoescape=False,  # noqa: S701 - it writes code and TOML for people, no pages
        )
        return pages.get_template(template).render(
            name=self.name,
            title=self.title,
            class_name="".join(word.title() for word in self.name.split("_")),
            kind=self.kind,
            nights=self.kind.nights,
            cases=[(*case[:5], json.dumps(case[5])) for case in CASES],
            today=datetime.now(UTC).date().isoformat(),
            todo=lambda what, answer: json.dumps(self._said(what, answer)),
            todo_text=self._said,
            todo_beside=self._beside,
        )

    def _beside(self, what: str, *, before: str = " ") -> str:
        """As a comment, beside a value that the first twin can begin with."""
        return "" if self.filled else f"{before}# {MARK}{what}"

    def _said(self, what: str, answer: str) -> str:
        return answer if self.filled else MARK + what
