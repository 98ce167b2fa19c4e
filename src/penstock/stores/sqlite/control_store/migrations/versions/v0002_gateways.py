"""Gateways, dynamic routes, datasets and evaluations; what stored keys and providers lacked; the audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _widen_what_there_was()
    _add_gateways()
    _add_what_belongs_to_gateways()
    _add_audit()


def _widen_what_there_was() -> None:
    op.add_column(
        "provider_keys", sa.Column("is_default", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.add_column("provider_keys", sa.Column("rate_limit", sa.BigInteger))
    op.add_column(
        "provider_keys", sa.Column("rate_limit_period", sa.BigInteger, nullable=False, server_default="60")
    )
    op.add_column("provider_keys", sa.Column("secret_id", sa.Text, nullable=False, server_default=""))
    op.add_column(
        "provider_keys", sa.Column("modified_us", sa.BigInteger, nullable=False, server_default="0")
    )
    op.execute("UPDATE provider_keys SET modified_us = created_us")
    op.add_column("custom_providers", sa.Column("about", sa.Text, nullable=False, server_default="{}"))


def _add_gateways() -> None:
    op.create_table(
        "gateways",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("gateway", sa.Text, nullable=False),
        sa.Column("fields", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("modified_us", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("account", "gateway"),
    )


def _add_what_belongs_to_gateways() -> None:
    op.create_table(
        "routes",
        *_named_in_a_gateway(),
        sa.Column("versions", sa.Text, nullable=False),
        sa.Column("deployments", sa.Text, nullable=False),
        sa.UniqueConstraint("account", "gateway", "name"),
    )
    op.create_table(
        "datasets",
        *_named_in_a_gateway(),
        sa.Column("enable", sa.Boolean, nullable=False),
        sa.Column("filters", sa.Text, nullable=False),
        sa.UniqueConstraint("account", "gateway", "name"),
    )
    op.create_table(
        "evaluations",
        *_named_in_a_gateway(),
        sa.Column("dataset_ids", sa.Text, nullable=False),
        sa.Column("evaluation_type_ids", sa.Text, nullable=False),
        sa.Column("processed", sa.Boolean, nullable=False),
        sa.Column("total_logs", sa.BigInteger, nullable=False),
        sa.Column("results", sa.Text, nullable=False),
        sa.UniqueConstraint("account", "gateway", "name"),
    )


def _named_in_a_gateway() -> list[sa.Column[object]]:
    return [
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("gateway", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("modified_us", sa.BigInteger, nullable=False),
    ]


def _add_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
    )
    op.create_index("audit_account", "audit", ["account", "number"])
