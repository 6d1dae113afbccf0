"""The tables of the door: what platforms come with, and what they are told in order."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from farm.delivering import DeliveryState, WhyDisabled
from farm.evidence import EvidenceKind, Scene
from ledger.columns import Moment, Word
from ledger.metadata import metadata

_OPEN, _GIVEN_UP = text("done_at IS NULL"), text("state = 'given_up'")

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
    Column("replaced_by", String(12)),
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

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("reseller", String(40), nullable=False),
    Column("url", Text, nullable=False),
    Column("types", Text),
    Column("secret", LargeBinary, nullable=False),
    Column("previous_secret", LargeBinary),
    Column("previous_until", Moment),
    Column("created_at", Moment, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("disabled_at", Moment),
    Column("disabled_why", Word(WhyDisabled)),
    Column("failures", Integer, nullable=False),
    Column("failing_since", Moment),
    Column("last_try_at", Moment),
    Column("last_status", Integer),
    Column("last_trouble", String(80)),
    Column("last_success_at", Moment),
    Column("told_at", Moment),
    Column("holder", String(32)),
    Column("busy_until", Moment),
    Index("ix_webhooks_reseller", "reseller", "id"),
)
"""Where resellers want to be told what happened: each follows its reseller's feed up to ``position``. Secrets are
encrypted. ``busy_until``: somebody (``holder``) sends to it, or it rests."""

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("webhook", String(24), ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("position", BigInteger),
    Column("type", String(64), nullable=False),
    Column("state", Word(DeliveryState), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("last_try_at", Moment),
    Column("last_status", Integer),
    Column("last_trouble", String(80)),
    Column("done_at", Moment),
    UniqueConstraint("webhook", "position"),
    Index("ix_deliveries_open", "webhook", "due_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_deliveries_webhook_id", "webhook", "id"),
    Index("ix_deliveries_done", "done_at"),
    Index("ix_deliveries_given_up", "webhook", sqlite_where=_GIVEN_UP, postgresql_where=_GIVEN_UP),
)
"""One event on its way to one endpoint (or a test, which has no position). What it says is read from the feed when it
is sent, so nothing of it is here."""

evidence = Table(
    "evidence",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("booking_id", ForeignKey("bookings.id"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("venue", String(80), nullable=False),
    Column("scene", Word(Scene), nullable=False),
    Column("kind", Word(EvidenceKind), nullable=False),
    Column("at", Moment, nullable=False),
    Column("sha256", String(64)),
    Column("size_bytes", Integer, nullable=False),
    Column("why_not", String(255)),
    Index("ix_evidence_booking_id", "booking_id"),
    Index("ix_evidence_at", "at"),
)
"""What attempts have seen; the bytes are in the store of evidence. Never guest data."""
