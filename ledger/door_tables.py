"""The tables of the door: what platforms come with, and what they are told in order."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Index, String, Table, Text

from ledger.columns import Moment
from ledger.metadata import metadata

feeds = Table(
    "feeds",
    metadata,
    Column("reseller", String(40), primary_key=True),
    Column("last", BigInteger, nullable=False),
)
"""The position of each reseller's newest event. Locked until its writer commits: positions have no gap, and one that
can be read has everything before it."""

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("reseller", String(40), nullable=False),
    Column("name", String(80), nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
    Column("last_used_at", Moment),
    Index("ix_api_keys_reseller", "reseller"),
)
"""The keys of resellers; the secret itself is nowhere."""

availability = Table(
    "availability",
    metadata,
    Column("venue", String(80), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("asked", String(64), primary_key=True),
    Column("listing", Text, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Index("ix_availability_day", "day"),
)
"""What a venue listed for its day when it was last asked this; nothing says who asked."""
