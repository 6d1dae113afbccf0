"""Leases on slots; holds given back; windows that grew; bookings that change and replace each other.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
LEASED = sa.text("lease_until IS NOT NULL")


def upgrade() -> None:
    op.add_column("bookings", sa.Column("change", sa.Text))
    op.add_column("bookings", sa.Column("replaces", sa.String(24)))
    op.add_column("bookings", sa.Column("replaced_by", sa.String(24)))
    op.add_column("attempts", sa.Column("widened", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("attempts", sa.Column("given_back", sa.Boolean))
    op.create_index(
        "ix_bookings_lease_until", "bookings", ["lease_until"], sqlite_where=LEASED, postgresql_where=LEASED
    )
    op.create_table(
        "slot_leases",
        sa.Column("venue", sa.String(80), primary_key=True),
        sa.Column("resource", sa.String(120), primary_key=True),
        sa.Column("slot", sa.String(80), primary_key=True),
        sa.Column("booking_id", sa.String(24), nullable=False),
        sa.Column("attempt_id", sa.String(24), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.id"], name="fk_slot_leases_booking_id"),
    )
