"""The tables. The rules that must never break are constraints here, not habits elsewhere."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from farm.status import LIVE_STATES, AttemptState, Attendance, BookingStatus, Cause
from farm.tier import Tier
from ledger.columns import Moment, Payload, Stages, Word

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

_LIVE = text("state IN ({})".format(", ".join(sorted(f"'{state}'" for state in LIVE_STATES))))
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

feeds = Table(
    "feeds",
    metadata,
    Column("reseller", String(40), primary_key=True),
    Column("last", BigInteger, nullable=False),
)
"""The position of each reseller's newest event. Locked until its writer commits: positions have no gap, and one that
can be read has everything before it."""

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
