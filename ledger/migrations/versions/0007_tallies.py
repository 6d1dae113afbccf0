"""Counting the bookings of a stretch of time, and finding late records that nobody could cancel, without a scan.

Revision ID: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

UNPROVEN = sa.text("cause = 'CANCEL_UNPROVEN'")


def upgrade() -> None:
    op.create_index("ix_bookings_reseller_created", "bookings", ["reseller", "created_at", "status", "cause"])
    op.create_index(
        "ix_attempts_unproven", "attempts", ["booking_id"], sqlite_where=UNPROVEN, postgresql_where=UNPROVEN
    )
