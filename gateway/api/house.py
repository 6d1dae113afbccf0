"""What every route works with: one ledger and one registry, for as long as the gateway runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from farm.registry import Registry
from ledger.store import Ledger
from profiles.partner import Partners
from tasks.settings import Settings


@dataclass(frozen=True, slots=True)
class House:
    """The deployment behind the door."""

    settings: Settings
    registry: Registry
    partners: Partners
    ledger: Ledger


def _house(request: Request) -> House:
    house: House = request.app.state.house
    return house


Here = Annotated[House, Depends(_house)]
"""A route's way to the deployment."""
