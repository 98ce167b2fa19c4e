"""Each spend rule of a gateway gets the id by which its counter was known: without one of its own, its place.

From here on rules keep their ids, whatever is put in front of them; what was counted stays theirs.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import context, op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    if context.is_offline_mode():
        return  # a new file has no gateways
    db = op.get_bind()
    for seq, text in db.execute(sa.text("SELECT seq, fields FROM gateways")).fetchall():
        named = _with_ids(text)
        if named is not None:
            db.execute(
                sa.text("UPDATE gateways SET fields = :fields WHERE seq = :seq"),
                {"fields": named, "seq": seq},
            )


def _with_ids(text: object) -> str | None:
    """The fields with an id for each rule; None where all have one, or nothing can be made of it."""
    try:
        fields = json.loads(str(text))
        rules = fields["spend_limits"]["rules"]
        lacking = [(place, rule) for place, rule in enumerate(rules, 1) if not rule.get("id")]
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        return None
    for place, rule in lacking:
        rule["id"] = f"rule-{place}"
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")) if lacking else None
