"""Log-ins that are kept, who uses an account now, and log-ins ahead of an opening.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "log_ins",
        sa.Column("partner", sa.String(80), primary_key=True),
        sa.Column("role", sa.String(40), primary_key=True),
        sa.Column("venue", sa.String(80), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("since", moment, nullable=False),
    )
    op.create_table(
        "account_leases",
        sa.Column("partner", sa.String(80), primary_key=True),
        sa.Column("role", sa.String(40), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("holder", sa.String(32), nullable=False),
        sa.Column("until", moment, nullable=False),
    )
    op.create_table(
        "warm_ups",
        sa.Column("id", sa.String(24), primary_key=True),
        sa.Column("partner", sa.String(80), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("venue", sa.String(80), nullable=False),
        sa.Column("opens_at", moment, nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("sent_at", moment),
        sa.Column("done_at", moment),
        sa.UniqueConstraint("partner", "role", "venue", "opens_at"),
    )
    undone = sa.text("done_at IS NULL")
    op.create_index("ix_warm_ups_due", "warm_ups", ["due_at"], sqlite_where=undone, postgresql_where=undone)
