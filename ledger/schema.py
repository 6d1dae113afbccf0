"""All tables of the ledger: for what must know every one of them (migrations, erasing)."""

from __future__ import annotations

from ledger import door_tables, partner_tables, tables
from ledger.metadata import metadata

__all__ = ["door_tables", "metadata", "partner_tables", "tables"]
