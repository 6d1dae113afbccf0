"""The venues of ``integrations/`` that can stand on this machine: started on the addresses that their files name."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from farm.registry import Registry
from farm.venue import Venue
from fixtures.kit.process import TwinFailed, TwinProcess
from fixtures.pretix_shop.environment import PretixInstallError
from fixtures.pretix_shop.shop import PretixShop, ShopStartError

ACCENTS = {"osteria_luna": "#8c2f39", "trattoria_sole": "#8a5a00", "cantina_nord": "#1f4e79"}
OSTERIA, PRETIX = "osteria_luna", "pretix"
STOCK = {OSTERIA: tuple(ACCENTS), PRETIX: ("lab_concert", "lab_late", "lab_table")}
"""The venues that can be started here, by integration."""


class NotStanding(RuntimeError):
    """A venue did not come up; the text says which and what to do."""


@dataclass(frozen=True)
class Stands:
    """A venue that runs, and where."""

    name: str
    address: str


@contextmanager
def standing(
    integration: str, registry: Registry, folder: Path, say: Callable[[str], None]
) -> Iterator[list[Stands]]:
    """The stock venues of an integration, until the end of the block.

    What the farm needs to know of them (a shop's secrets) is put into this process's environment, for the workers
    that it starts afterwards.

    Args:
        integration: One of ``STOCK``; venues of others on the same site are theirs to start.
        registry: Where the venues' addresses are written.
        folder: For their databases.
        say: Told what takes long.

    Raises:
        NotStanding: One did not start, or its port is taken.
    """
    mine = [registry.venues[slug] for slug in STOCK[integration] if slug in registry.venues]
    for venue in {venue.origin: venue for venue in mine}.values():
        _must_be_free(venue)
    with ExitStack() as running:
        try:
            if integration == PRETIX:
                yield [_pretix(running, mine[0], folder, say)]
            else:
                yield [_house(running, venue, folder) for venue in mine]
        except (TwinFailed, PretixInstallError, ShopStartError) as error:
            raise NotStanding(str(error)) from error


def _pretix(running: ExitStack, venue: Venue, folder: Path, say: Callable[[str], None]) -> Stands:
    shop = running.enter_context(PretixShop.start(folder / PRETIX, _port(venue), say, keep=True))
    os.environ.update(shop.secrets())
    return Stands("pretix, a real ticket shop", f"{shop.origin}/{shop.organizer}/")


def _house(running: ExitStack, venue: Venue, folder: Path) -> Stands:
    twin = TwinProcess.start(
        "fixtures.osteria_luna",
        folder / venue.slug,
        _port(venue),
        name=venue.name,
        city=venue.place.city if venue.place is not None else "",
        address=(venue.place.address if venue.place is not None else None) or "",
        accent=ACCENTS[venue.slug],
    )
    running.enter_context(twin)
    return Stands(venue.name, twin.origin)


def _port(venue: Venue) -> int:
    return urlsplit(venue.origin).port or 80


def _must_be_free(venue: Venue) -> None:
    try:
        with socket.create_server(("127.0.0.1", _port(venue))):
            pass
    except OSError:
        raise NotStanding(
            f"{venue.name} cannot stand on {venue.origin}: port {_port(venue)} is taken; end what stands there"
            " (another `readback up`?)"
        ) from None
