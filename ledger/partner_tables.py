"""The tables of partners and integrations: how they may be visited, and what they are told."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint, text

from farm.tier import Tier
from ledger.columns import Moment, Payload, Word
from ledger.metadata import metadata

_OPEN = text("done_at IS NULL")

demotions = Table(
    "demotions",
    metadata,
    Column("integration", String(80), primary_key=True),
    Column("venue", String(80), nullable=False),
    Column("tier", Word(Tier), nullable=False),
    Column("since", Moment, nullable=False),
    Column("reason", Text, nullable=False),
    Column("report", Text),
)
"""Integrations that broke in their last check, until they pass one."""

tolerances = Table(
    "tolerances",
    metadata,
    Column("partner", String(80), primary_key=True),
    Column("account", String(80), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("known", Text, nullable=False),
    Column("updated_at", Moment, nullable=False),
)
"""What is known of each partner's tolerance (account ""), and of each account's; ``version`` grows by writing."""

notices = Table(
    "notices",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("partner", String(80), nullable=False),
    Column("account", String(80), nullable=False),
    Column("venue", String(80), nullable=False),
    Column("at", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("contact", String(255), nullable=False),
    Column("evidence", Payload, nullable=False),
    Column("tried_at", Moment),
    Column("tries", Integer, nullable=False),
    Column("sent_at", Moment),
    Column("trouble", String(255)),
)
"""What a partner's contact is told: one row for each block of a challenge. Never guest data."""

log_ins = Table(
    "log_ins",
    metadata,
    Column("partner", String(80), primary_key=True),
    Column("role", String(40), primary_key=True),
    Column("venue", String(80), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("sealed", LargeBinary),
    Column("account", String(64), nullable=False),
    Column("since", Moment, nullable=False),
)
"""Log-ins that are kept for later visits: what the browser had after them, encrypted."""

account_leases = Table(
    "account_leases",
    metadata,
    Column("partner", String(80), primary_key=True),
    Column("role", String(40), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("holder", String(32), nullable=False),
    Column("until", Moment, nullable=False),
)
"""Who visits with an account now, one place each; place 0 is for who logs in."""

warm_ups = Table(
    "warm_ups",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("partner", String(80), nullable=False),
    Column("role", String(40), nullable=False),
    Column("venue", String(80), nullable=False),
    Column("opens_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Column("done_at", Moment),
    UniqueConstraint("partner", "role", "venue", "opens_at"),
    Index("ix_warm_ups_due", "due_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
)
"""Log-ins that are to be done ahead of a moment at which a venue opens its sale."""
