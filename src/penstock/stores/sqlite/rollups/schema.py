"""The tables of the roll-ups in the SQLite ledger.

No reading or writing of them here: that is in `writer.py` and `reader.py`.
"""

from __future__ import annotations

from typing import Final

MINUTE, HOUR, DAY = LEVELS = (0, 1, 2)
MINUTES: Final = (1, 60, 1440)
"""How long a row of each level is; times of rows are whole minutes since the epoch."""

# Rows are many and cells are few: a row holds its cell's number, and one range of rows is read for a question.
# Most questions ask for no more than gateways, providers and models: these have rows of their own, of which there
# are few. What callers say is apart from the cube, and by its key first: one question asks for one key only.
TABLES: tuple[str, ...] = (
    """
CREATE TABLE rollup_cells (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    gateway TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    status INTEGER NOT NULL,
    cached INTEGER NOT NULL,
    rate_limited INTEGER NOT NULL,
    error INTEGER NOT NULL,
    UNIQUE (account, gateway, provider, model, status, cached, rate_limited, error)
)""",
    """
CREATE TABLE rollups (
    level INTEGER NOT NULL,
    begins INTEGER NOT NULL,
    cell INTEGER NOT NULL REFERENCES rollup_cells (id),
    requests INTEGER NOT NULL,
    tokens_in INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    cost_nano INTEGER NOT NULL,
    duration BLOB NOT NULL,
    first_byte BLOB NOT NULL,
    PRIMARY KEY (level, begins, cell)
) WITHOUT ROWID""",
    """
CREATE TABLE rollup_models (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    gateway TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    UNIQUE (account, gateway, provider, model)
)""",
    """
CREATE TABLE model_rollups (
    level INTEGER NOT NULL,
    begins INTEGER NOT NULL,
    number INTEGER NOT NULL REFERENCES rollup_models (id),
    requests INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    cached INTEGER NOT NULL,
    rate_limited INTEGER NOT NULL,
    tokens_in INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    cached_tokens_in INTEGER NOT NULL,
    cached_tokens_out INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    cost_nano INTEGER NOT NULL,
    duration BLOB NOT NULL,
    first_byte BLOB NOT NULL,
    PRIMARY KEY (level, begins, number)
) WITHOUT ROWID""",
    """
CREATE TABLE rollup_callers (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    gateway TEXT NOT NULL,
    key TEXT NOT NULL,
    UNIQUE (account, gateway, key)
)""",
    """
CREATE TABLE caller_rollups (
    level INTEGER NOT NULL,
    caller INTEGER NOT NULL REFERENCES rollup_callers (id),
    begins INTEGER NOT NULL,
    value TEXT NOT NULL,
    requests INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    cached INTEGER NOT NULL,
    rate_limited INTEGER NOT NULL,
    tokens_in INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    cached_tokens_in INTEGER NOT NULL,
    cached_tokens_out INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    cost_nano INTEGER NOT NULL,
    PRIMARY KEY (level, caller, begins, value)
) WITHOUT ROWID""",
    "CREATE TABLE rollup_additions (number INTEGER NOT NULL)",
    "INSERT INTO rollup_additions VALUES (0)",
)
"""Those of the first version."""

WITH_OPERATIONS: tuple[str, ...] = (
    """
CREATE TABLE newer_cells (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    gateway TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    operation TEXT NOT NULL,
    status INTEGER NOT NULL,
    cached INTEGER NOT NULL,
    rate_limited INTEGER NOT NULL,
    error INTEGER NOT NULL,
    UNIQUE (account, gateway, provider, model, operation, status, cached, rate_limited, error)
)""",
    "INSERT INTO newer_cells SELECT id, account, gateway, provider, model, '', status, cached, rate_limited, error "
    "FROM rollup_cells",
    "DROP TABLE rollup_cells",
    "ALTER TABLE newer_cells RENAME TO rollup_cells",
)
"""Cells are told apart by their operation, too; of those of before it is not known."""

WITH_ESTIMATES: tuple[str, ...] = tuple(
    f"ALTER TABLE {table} ADD COLUMN {name} INTEGER NOT NULL DEFAULT 0"
    for table in ("rollups", "model_rollups", "caller_rollups")
    for name in ("estimated", "estimated_tokens_in", "estimated_tokens_out", "estimated_cost_nano")
)
"""Sums of what nobody told: before, nothing was estimated."""
