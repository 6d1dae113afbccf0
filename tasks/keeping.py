"""The deployment's keys for what is kept encrypted in the ledger: log-ins, and the secrets of webhooks."""

from __future__ import annotations

from functools import cache

from profiles.sealing import KeyRing
from profiles.secrets import state_keys
from tasks.settings import Settings


@cache
def state_keys_of(settings: Settings) -> KeyRing:
    """Read once; on one machine they are made where there are none.

    Raises:
        AccessNotAgreed: There is none, or one is too short.
    """
    return state_keys(settings.state_key, settings.home.absolute() / "state.key", make=settings.is_alone)
