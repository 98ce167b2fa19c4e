"""A note on a token for people, and whether it is blocked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("tokens", sa.Column("note", sa.Text, nullable=False, server_default=""))
    op.add_column("tokens", sa.Column("blocked", sa.Boolean, nullable=False, server_default=sa.false()))
