"""Alembic's entry: runs on the connection, and inside the transaction, that ``ledger.migrate`` hands over."""

from __future__ import annotations

from alembic import context

from ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
