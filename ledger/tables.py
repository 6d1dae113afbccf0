"""The tables of bookings. The rules that must never break are constraints here, not habits elsewhere."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from farm.status import LIVE_STATES, AttemptState, Attendance, BookingStatus, Cause
from ledger.columns import Moment, Payload, Stages, Word
from ledger.metadata import metadata

_LIVE = text("state IN ({})".format(", ".join(sorted(f"'{state}'" for state in LIVE_STATES))))
UNPROVEN = text(f"cause = '{Cause.CANCEL_UNPROVEN}'")
"""As a literal: a value that is bound would not find its way to the index."""
_OPEN = text("done_at IS NULL")
_LEASED = text("lease_until IS NOT NULL")

bookings = Table(
    "bookings",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("reseller", String(40), nullable=False),
    Column("reseller_reference", String(80)),
    Column("idempotency_key", String(255)),
    Column("request_fingerprint", String(64), nullable=False),
    Column("request", Text, nullable=False),
    Column("code", String(16), nullable=False, unique=True),
    Column("status", Word(BookingStatus), nullable=False),
    Column("cause", Word(Cause)),
    Column("sentence", Text),
    Column("venue", String(80)),
    Column("venue_reference", String(120)),
    Column("verdict", Text),
    Column("fence", Integer, nullable=False),
    Column("lease_owner", String(120)),
    Column("lease_until", Moment),
    Column("cancel_requested_at", Moment),
    Column("change", Text),
    Column("replaces", String(24)),
    Column("replaced_by", String(24)),
    Column("last_attempt", Integer, nullable=False),
    Column("last_event", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("settled_at", Moment),
    Column("attendance", Word(Attendance), nullable=False, server_default=Attendance.UNKNOWN),
    UniqueConstraint("reseller", "idempotency_key"),
    CheckConstraint("status <> 'confirmed' OR verdict IS NOT NULL", name="confirmed_has_a_verdict"),
    Index("ix_bookings_status", "status"),
    Index("ix_bookings_reseller_id", "reseller", "id"),
    Index("ix_bookings_reseller_status_id", "reseller", "status", "id"),
    Index("ix_bookings_reseller_created", "reseller", "created_at", "status", "cause"),
    Index("ix_bookings_reseller_reference", "reseller", "reseller_reference"),
    Index("ix_bookings_lease_until", "lease_until", sqlite_where=_LEASED, postgresql_where=_LEASED),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("booking_id", ForeignKey("bookings.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("venue", String(80), nullable=False),
    Column("our_reference", String(40), nullable=False, unique=True),
    Column("state", Word(AttemptState), nullable=False),
    Column("cause", Word(Cause)),
    Column("detail", Text),
    Column("fence", Integer, nullable=False),
    Column("offer", Text),
    Column("hold", Text),
    Column("recap", Text),
    Column("expected", Text),
    Column("claim", Text),
    Column("sent", String(8)),
    Column("submit_deadline", Moment),
    Column("stages", Stages, nullable=False),
    Column("verdict", Text),
    Column("read_backs", Integer, nullable=False),
    Column("widened", Boolean, nullable=False, server_default=false()),
    Column("given_back", Boolean),
    Column("started_at", Moment, nullable=False),
    Column("committed_at", Moment),
    Column("closed_at", Moment),
    UniqueConstraint("booking_id", "number"),
    Index("ux_attempts_one_live", "booking_id", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
    Index("ix_attempts_venue_state", "venue", "state"),
    Index("ix_attempts_unproven", "booking_id", sqlite_where=UNPROVEN, postgresql_where=UNPROVEN),
)

events = Table(
    "events",
    metadata,
    Column("booking_id", ForeignKey("bookings.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("kind", String(60), nullable=False),
    Column("attempt", Integer),
    Column("venue", String(80)),
    Column("payload", Payload, nullable=False),
    Column("reseller", String(40), nullable=False),
    Column("position", BigInteger, nullable=False),
    Index("ux_events_reseller_position", "reseller", "position", unique=True),
)
"""Append-only: triggers on both databases refuse every change (they stand in the first migration)."""

wake_ups = Table(
    "wake_ups",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("booking_id", ForeignKey("bookings.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Column("sends", Integer, nullable=False),
    Column("done_at", Moment),
    Index("ux_wake_ups_one_open", "booking_id", "kind", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_wake_ups_due", "due_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
)

slot_leases = Table(
    "slot_leases",
    metadata,
    Column("venue", String(80), primary_key=True),
    Column("resource", String(120), primary_key=True),
    Column("slot", String(80), primary_key=True),
    Column("booking_id", ForeignKey("bookings.id"), nullable=False),
    Column("attempt_id", String(24), nullable=False),
    Column("until", Moment, nullable=False),
)
"""Who may commit on a slot now: most real systems sell a slot twice to two clicks of the same instant."""
