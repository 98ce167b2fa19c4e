"""What a new directory file begins with: the SQL that all steps come to, worked out beforehand.

So nobody waits for Alembic but who has an older file. A test proves that both ways lead to the same tables;
`python -m penstock.stores.sqlite.control_store.migrations` writes `new_file.sql` anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

STEPS: Final = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
"""The names of all steps, oldest first, as in `versions/`."""

PATH: Final = Path(__file__).with_name("new_file.sql")


def statements() -> list[str]:
    """The SQL statements for an empty file. No `;` stands within any of them."""
    return PATH.read_text(encoding="utf-8").split(";")
