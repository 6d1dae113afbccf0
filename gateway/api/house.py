"""What every route works with: one ledger, one registry and those who listen, for as long as the gateway runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from farm.registry import Registry
from gateway.api.keyring import Keyring
from gateway.api.limits import Limits
from gateway.api.listening import Listening, listening_to
from gateway.deployment import open_ledger, registry
from ledger.store import Ledger
from profiles.partner import Partners
from tasks.settings import Settings


@dataclass(frozen=True, slots=True)
class House:
    """The deployment behind the door, and what the door itself remembers."""

    settings: Settings
    registry: Registry
    partners: Partners
    ledger: Ledger
    keyring: Keyring
    limits: Limits
    listening: Listening


@asynccontextmanager
async def house_of(settings: Settings) -> AsyncIterator[House]:
    """The house of a deployment; its ledger is made where there is none."""
    limits = Limits(settings)
    async with open_ledger(settings, make=True) as ledger, limits.counting():
        keyring = Keyring(ledger.keys)
        async with keyring.noting(), listening_to(ledger, settings.streams_per_key) as listening:
            partners = Partners.load(settings.partner_folders)
            yield House(settings, registry(settings), partners, ledger, keyring, limits, listening)


def _house(request: Request) -> House:
    house: House = request.app.state.house
    return house


Here = Annotated[House, Depends(_house)]
"""A route's way to the deployment."""
