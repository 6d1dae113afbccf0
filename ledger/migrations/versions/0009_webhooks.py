"""Where resellers want to be told what happened, and what is on its way there.

Revision ID: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
OPEN, GIVEN_UP = sa.text("done_at IS NULL"), sa.text("state = 'given_up'")


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(24), primary_key=True),
        sa.Column("reseller", sa.String(40), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("types", sa.Text),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("previous_secret", sa.LargeBinary),
        sa.Column("previous_until", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("disabled_at", MOMENT),
        sa.Column("disabled_why", sa.String(32)),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failing_since", MOMENT),
        sa.Column("last_try_at", MOMENT),
        sa.Column("last_status", sa.Integer),
        sa.Column("last_trouble", sa.String(80)),
        sa.Column("last_success_at", MOMENT),
        sa.Column("told_at", MOMENT),
        sa.Column("holder", sa.String(32)),
        sa.Column("busy_until", MOMENT),
    )
    op.create_index("ix_webhooks_reseller", "webhooks", ["reseller", "id"])
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(24), primary_key=True),
        sa.Column("webhook", sa.String(24), sa.ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
        sa.Column("position", sa.BigInteger),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("last_try_at", MOMENT),
        sa.Column("last_status", sa.Integer),
        sa.Column("last_trouble", sa.String(80)),
        sa.Column("done_at", MOMENT),
        sa.UniqueConstraint("webhook", "position"),
    )
    op.create_index(
        "ix_deliveries_open", "deliveries", ["webhook", "due_at"], sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_index("ix_deliveries_webhook_id", "deliveries", ["webhook", "id"])
    op.create_index("ix_deliveries_done", "deliveries", ["done_at"])
    op.create_index(
        "ix_deliveries_given_up", "deliveries", ["webhook"], sqlite_where=GIVEN_UP, postgresql_where=GIVEN_UP
    )
