"""Bookings, attempts, events, wake-ups.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
LIVE = sa.text(
    "state IN ('claimed', 'committing', 'confirmed', 'duplicated', 'in_doubt', 'mismatched', 'needs_human', "
    "'pending_venue')"
)
OPEN = sa.text("done_at IS NULL")


def upgrade() -> None:
    _bookings()
    _attempts()
    _events()
    _wake_ups()
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION events_are_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'events are append-only'; END $$"
        )
        op.execute(
            "CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events "
            "FOR EACH STATEMENT EXECUTE FUNCTION events_are_append_only()"
        )
    else:
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER events_no_{change.lower()} BEFORE {change} ON events "
                "BEGIN SELECT RAISE(ABORT, 'events are append-only'); END"
            )


def _bookings() -> None:
    op.create_table(
        "bookings",
        sa.Column("id", sa.String(24), primary_key=True),
        sa.Column("reseller", sa.String(40), nullable=False),
        sa.Column("reseller_reference", sa.String(80)),
        sa.Column("idempotency_key", sa.String(255)),
        sa.Column("request_fingerprint", sa.String(64), nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("cause", sa.String(32)),
        sa.Column("sentence", sa.Text),
        sa.Column("venue", sa.String(80)),
        sa.Column("venue_reference", sa.String(120)),
        sa.Column("verdict", sa.Text),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("lease_owner", sa.String(120)),
        sa.Column("lease_until", MOMENT),
        sa.Column("cancel_requested_at", MOMENT),
        sa.Column("last_attempt", sa.Integer, nullable=False),
        sa.Column("last_event", sa.Integer, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT),
        sa.UniqueConstraint("code", name="uq_bookings_code"),
        sa.UniqueConstraint("reseller", "idempotency_key", name="uq_bookings_reseller"),
        sa.CheckConstraint(
            "status <> 'confirmed' OR verdict IS NOT NULL", name="ck_bookings_confirmed_has_a_verdict"
        ),
    )
    op.create_index("ix_bookings_status", "bookings", ["status"])


def _attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.String(24), primary_key=True),
        sa.Column("booking_id", sa.String(24), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("venue", sa.String(80), nullable=False),
        sa.Column("our_reference", sa.String(40), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("cause", sa.String(32)),
        sa.Column("detail", sa.Text),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("offer", sa.Text),
        sa.Column("hold", sa.Text),
        sa.Column("recap", sa.Text),
        sa.Column("expected", sa.Text),
        sa.Column("claim", sa.Text),
        sa.Column("sent", sa.String(8)),
        sa.Column("submit_deadline", MOMENT),
        sa.Column("stages", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text),
        sa.Column("read_backs", sa.Integer, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("committed_at", MOMENT),
        sa.Column("closed_at", MOMENT),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.id"], name="fk_attempts_booking_id"),
        sa.UniqueConstraint("booking_id", "number", name="uq_attempts_booking_id"),
        sa.UniqueConstraint("our_reference", name="uq_attempts_our_reference"),
    )
    op.create_index(
        "ux_attempts_one_live",
        "attempts",
        ["booking_id"],
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )
    op.create_index("ix_attempts_venue_state", "attempts", ["venue", "state"])


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("booking_id", sa.String(24), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("attempt", sa.Integer),
        sa.Column("venue", sa.String(80)),
        sa.Column("payload", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.id"], name="fk_events_booking_id"),
    )


def _wake_ups() -> None:
    op.create_table(
        "wake_ups",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("booking_id", sa.String(24), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT),
        sa.Column("sends", sa.Integer, nullable=False),
        sa.Column("done_at", MOMENT),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.id"], name="fk_wake_ups_booking_id"),
    )
    op.create_index(
        "ux_wake_ups_one_open",
        "wake_ups",
        ["booking_id", "kind"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index("ix_wake_ups_due", "wake_ups", ["due_at"], sqlite_where=OPEN, postgresql_where=OPEN)
