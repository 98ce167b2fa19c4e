"""Running the steps with Alembic: on an older file, or as the SQL text that makes a new one.

Heavy (Alembic and SQLAlchemy: 25 MB, a third of a second), so `sqlite/control_store/file.py` imports it only when a
file really is older. Which steps there are stands in `versions/`.
"""

from __future__ import annotations

import sqlite3
from io import StringIO
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

FOLDER = Path(__file__).parent


def take(db: sqlite3.Connection, versions: Path = FOLDER / "versions") -> None:
    """Takes all steps the file has not seen, or none. `db` commits by itself (`isolation_level=None`).

    Raises sqlite3.Error.
    """
    engine = create_engine("sqlite://", creator=lambda: db, poolclass=StaticPool)
    with engine.connect() as connection:
        # Only now: connecting ends with a rollback. Whoever waited here finds the steps taken.
        db.execute("BEGIN IMMEDIATE")
        config = _config(versions)
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except DBAPIError as error:
            raise error.orig or error from error


def new_file_sql() -> str:
    """The SQL that all steps come to on an empty file."""
    config = _config(FOLDER / "versions")
    config.output_buffer = StringIO()
    command.upgrade(config, "head", sql=True)
    return config.output_buffer.getvalue()


def revisions() -> tuple[str, ...]:
    """The names of all steps, oldest first."""
    walked = ScriptDirectory.from_config(_config(FOLDER / "versions")).walk_revisions()
    return tuple(reversed([script.revision for script in walked]))


def _config(versions: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(versions).replace("%", "%%"))
    return config
