"""What is kept of attempts: which pictures and texts there are, or why there are none.

Revision ID: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "evidence",
        sa.Column("id", sa.String(24), primary_key=True),
        sa.Column("booking_id", sa.String(24), sa.ForeignKey("bookings.id"), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("venue", sa.String(80), nullable=False),
        sa.Column("scene", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256", sa.String(64)),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("why_not", sa.String(255)),
    )
    op.create_index("ix_evidence_booking_id", "evidence", ["booking_id"])
    op.create_index("ix_evidence_at", "evidence", ["at"])
