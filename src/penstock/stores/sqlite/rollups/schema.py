"""The tables of the roll-ups in the SQLite ledger, and what fills those that came later.

No reading or writing of them here: that is in `writer.py` and `reader.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
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

_MOST: Final = 2**62
_ALL_SUMS: Final = (
    "requests", "errors", "cached", "rate_limited", "tokens_in", "tokens_out", "cached_tokens_in", "cached_tokens_out",
    "unpriced", "cost_nano", "estimated", "estimated_tokens_in", "estimated_tokens_out", "estimated_cost_nano",
)  # fmt: skip
_OF_CELLS: Final = {
    "errors": "requests * error",
    "cached": "requests * cached",
    "rate_limited": "requests * rate_limited",
    "cached_tokens_in": "tokens_in * cached",
    "cached_tokens_out": "tokens_out * cached",
}
_SUMS: Final = {
    "model_rollups": _ALL_SUMS,
    "rollups": tuple(_OF_CELLS.get(name, name) for name in _ALL_SUMS),
}
_NUMBER: Final = {"model_rollups": "number", "rollups": "cell"}
_COLUMNS: Final = ", ".join(
    (
        *(f"{name} INTEGER NOT NULL" for name in _ALL_SUMS),
        "duration BLOB NOT NULL",
        "first_byte BLOB NOT NULL",
    )
)


def _narrow(
    table: str, names: str, fields: Sequence[str], wide: str, cells: str, finest: int
) -> tuple[str, ...]:
    """A roll-up by some of the fields of a wider one, with the sums that this one has so far. Sums of hostile numbers
    end below what SQLite turns into an inexact number.
    """
    columns = ", ".join(f"{name} TEXT NOT NULL" for name in fields)
    of_names = ", ".join(fields)
    same = " AND ".join(f"new.{name} = old.{name}" for name in fields)
    sums = ", ".join(f"CAST(min(total({text}), {_MOST}) AS INTEGER)" for text in _SUMS[wide])
    return (
        f"CREATE TABLE {names} (id INTEGER PRIMARY KEY, {columns}, UNIQUE ({of_names}))",
        f"CREATE TABLE {table} (level INTEGER NOT NULL, begins INTEGER NOT NULL, "
        f"number INTEGER NOT NULL REFERENCES {names} (id), {_COLUMNS}, PRIMARY KEY (level, begins, number)"
        ") WITHOUT ROWID",
        f"INSERT INTO {names} ({of_names}) SELECT DISTINCT {of_names} FROM {cells}",
        f"INSERT INTO {table} SELECT level, begins, new.id, {sums}, merged(duration), merged(first_byte) FROM {wide} "
        f"CROSS JOIN {cells} old ON old.id = {_NUMBER[wide]} CROSS JOIN {names} new ON {same} "
        f"WHERE level >= {finest} GROUP BY 1, 2, 3",
    )


WITH_NARROWER: Final = (
    *_narrow(
        "place_rollups", "rollup_places", ("account", "gateway"), "model_rollups", "rollup_models", MINUTE
    ),
    *_narrow(
        "operation_rollups",
        "rollup_operations",
        ("account", "gateway", "operation"),
        "rollups",
        "rollup_cells",
        HOUR,
    ),
)
"""By gateway alone, and by operation: what is asked for most is then read from few rows. SQL that wants `merged`."""
