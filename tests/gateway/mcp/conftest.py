"""The gateway and its keys, as the API's own tests have them."""

from tests.gateway.api.conftest import (
    address,
    database_url,
    ledger,
    ledger_url,
    migrated_database,
    migrated_file,
    postgresql,
    server,
    settings,
)

__all__ = [
    "address",
    "database_url",
    "ledger",
    "ledger_url",
    "migrated_database",
    "migrated_file",
    "postgresql",
    "server",
    "settings",
]
