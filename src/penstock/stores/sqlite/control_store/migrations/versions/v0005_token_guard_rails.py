"""What one order of a token's may come to, and how many runs it may have under way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("tokens", sa.Column("max_estimate", sa.Float))
    op.add_column("tokens", sa.Column("max_active", sa.BigInteger))
