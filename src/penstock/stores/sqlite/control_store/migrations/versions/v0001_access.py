"""Who may call, with which stored keys, and which providers there are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _add_tokens()
    _add_provider_keys()
    _add_custom_providers()
    op.create_table("version", sa.Column("number", sa.BigInteger, nullable=False))
    op.execute("INSERT INTO version (number) VALUES (0)")


def _add_tokens() -> None:
    # `seq` is the order of creation, in which everything is listed.
    op.create_table(
        "tokens",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("permissions", sa.Text, nullable=False),
        sa.Column("accounts", sa.Text, nullable=False),
        sa.Column("gateways", sa.Text, nullable=False),
        sa.Column("secrets", sa.Text, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("expires_us", sa.BigInteger),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("team", sa.Text, nullable=False),
        sa.Column("rate_limit", sa.Text, nullable=False),
        sa.Column("spend_limit", sa.Text, nullable=False),
        sa.Column("providers", sa.Text, nullable=False),
        sa.Column("models", sa.Text, nullable=False),
        sa.Column("metadata", sa.Text, nullable=False),
    )


def _add_provider_keys() -> None:
    op.create_table(
        "provider_keys",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("gateway", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("alias", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("preview", sa.Text, nullable=False),
        sa.Column("hosts", sa.Text, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
    )


def _add_custom_providers() -> None:
    op.create_table(
        "custom_providers",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("base_url", sa.Text, nullable=False),
        sa.Column("enable", sa.Boolean, nullable=False),
        sa.Column("allow_private", sa.Boolean, nullable=False),
        sa.Column("sealed_headers", sa.LargeBinary),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("modified_us", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("account", "slug"),
    )
