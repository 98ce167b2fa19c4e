"""How Alembic runs the steps: on the connection it is given, or as SQL text. Called by Alembic, imported by nobody."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

_connection = context.config.attributes.get("connection")

if isinstance(_connection, Connection):
    # SQLite can undo what a step has done to tables; Alembic does not take that for granted.
    context.configure(connection=_connection, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    context.configure(
        dialect_name="sqlite", output_buffer=context.config.output_buffer, transactional_ddl=False
    )
    with context.begin_transaction():
        context.run_migrations()
