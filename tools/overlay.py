"""Venues that run on this machine, as data: a folder for ``READBACK_INTEGRATIONS`` and ``READBACK_PARTNERS``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tasks.settings import Settings, folder_of

_STOCK_VENUES = folder_of("integrations")
_STOCK_PARTNERS = folder_of("profiles") / "partners"


@dataclass(frozen=True)
class Standing:
    """A venue that stands somewhere else than its stock file says.

    Attributes:
        like: The stock venue, as ``integration/venue``, whose file is taken over.
        slug: The name that it gets here.
        origin: Where it really runs.
        group: The one group that it is in here.
        accounts: The accounts that its partner gives here; None: all that the stock agreement names.
    """

    like: str
    slug: str
    origin: str
    group: str
    accounts: tuple[str, ...] | None = None

    def partner_here(self, partner: str) -> str:
        """The name of its partner here; venues with other accounts have another partner."""
        given = "" if self.accounts is None else "_with_" + ("_and_".join(self.accounts) or "none")
        return f"{partner}_here{given}"


class Overlay:
    """Writes venue and partner files for standing venues, with one partner per stock partner and set of accounts.

    Args:
        folder: Emptied of nothing: an overlay is made in a folder of its own.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._hosts: dict[str, set[str]] = {}

    def add(self, standing: Standing) -> None:
        """Write one venue, and the agreement that names its host."""
        integration, _, name = standing.like.partition("/")
        text = (_STOCK_VENUES / integration / "venues" / f"{name}.toml").read_text(encoding="utf-8")
        partner = _value(text, "partner")
        here = standing.partner_here(partner)
        text = _set(text, "origin", f'"{standing.origin}"')
        text = _set(text, "partner", f'"{here}"')
        text = _set(text, "groups", f'["{standing.group}"]')
        self._write(Path("integrations") / integration / "venues" / f"{standing.slug}.toml", text)
        hosts = self._hosts.setdefault(here, set())
        hosts.add(urlsplit(standing.origin).netloc)
        agreement = (_STOCK_PARTNERS / f"{partner}.toml").read_text(encoding="utf-8")
        if standing.accounts is not None:
            agreement = _with_accounts(agreement, standing.accounts)
        named = ", ".join(f'"{host}"' for host in sorted(hosts))
        self._write(Path("partners") / f"{here}.toml", _set(agreement, "hosts", f"[{named}]"))

    def settings(self, settings: Settings) -> Settings:
        """The settings with this overlay's folders added."""
        return settings.model_copy(
            update={
                "integrations": _joined(settings.integrations, self._folder / "integrations"),
                "partners": _joined(settings.partners, self._folder / "partners"),
            }
        )

    def _write(self, path: Path, text: str) -> None:
        whole = self._folder / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_text(text, encoding="utf-8")


def _value(text: str, key: str) -> str:
    found = re.search(rf'^{key} = "([^"]+)"$', text, re.MULTILINE)
    if found is None:
        raise ValueError(f"a stock venue has no line `{key} = ...`")
    return found.group(1)


def _set(text: str, key: str, value: str) -> str:
    changed, count = re.subn(rf"^{key} = .*$", lambda _: f"{key} = {value}", text, flags=re.MULTILINE)
    if count != 1:
        raise ValueError(f"a stock file must have one line `{key} = ...`, it has {count}")
    return changed


def _with_accounts(agreement: str, roles: tuple[str, ...]) -> str:
    section = re.compile(r"^\[session\.accounts\.(\w+)\]\n(?:.+\n)*", re.MULTILINE)
    return section.sub(lambda found: found[0] if found[1] in roles else "", agreement)


def _joined(paths: str, folder: Path) -> str:
    return f"{paths}:{folder}" if paths else str(folder)
