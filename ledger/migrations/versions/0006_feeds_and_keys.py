"""One numbered feed of events for each reseller, its keys, and lists that stay quick however long they are.

Revision ID: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
CHANGES = ("UPDATE", "DELETE")


def upgrade() -> None:
    op.add_column("bookings", sa.Column("attendance", sa.String(32), nullable=False, server_default="unknown"))
    op.create_index("ix_bookings_reseller_id", "bookings", ["reseller", "id"])
    op.create_index("ix_bookings_reseller_status_id", "bookings", ["reseller", "status", "id"])
    op.create_index("ix_bookings_reseller_reference", "bookings", ["reseller", "reseller_reference"])
    op.create_table(
        "feeds",
        sa.Column("reseller", sa.String(40), primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(12), primary_key=True),
        sa.Column("reseller", sa.String(40), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        sa.Column("last_used_at", MOMENT),
    )
    op.create_index("ix_api_keys_reseller", "api_keys", ["reseller"])
    _number_the_events()


def _number_the_events() -> None:
    """The triggers that refuse every change stand aside for this one, in the same transaction."""
    on_server = op.get_bind().dialect.name == "postgresql"
    if on_server:
        op.execute("DROP TRIGGER events_append_only ON events")
    else:
        for change in CHANGES:
            op.execute(f"DROP TRIGGER events_no_{change.lower()}")
    op.add_column("events", sa.Column("reseller", sa.String(40)))
    op.add_column("events", sa.Column("position", sa.BigInteger))
    op.execute(
        "UPDATE events SET reseller = counted.reseller, position = counted.position FROM ("
        "SELECT e.booking_id, e.number, b.reseller, ROW_NUMBER() OVER "
        "(PARTITION BY b.reseller ORDER BY e.at, e.booking_id, e.number) AS position "
        "FROM events e JOIN bookings b ON b.id = e.booking_id) AS counted "
        "WHERE events.booking_id = counted.booking_id AND events.number = counted.number"
    )
    op.execute("INSERT INTO feeds (reseller, last) SELECT reseller, MAX(position) FROM events GROUP BY reseller")
    with op.batch_alter_table("events") as events:
        events.alter_column("reseller", existing_type=sa.String(40), nullable=False)
        events.alter_column("position", existing_type=sa.BigInteger, nullable=False)
    op.create_index("ux_events_reseller_position", "events", ["reseller", "position"], unique=True)
    if on_server:
        op.execute(
            "CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events "
            "FOR EACH STATEMENT EXECUTE FUNCTION events_are_append_only()"
        )
        return
    for change in CHANGES:
        op.execute(
            f"CREATE TRIGGER events_no_{change.lower()} BEFORE {change} ON events "
            "BEGIN SELECT RAISE(ABORT, 'events are append-only'); END"
        )
