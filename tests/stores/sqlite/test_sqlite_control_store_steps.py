"""The steps of the directory's file: new files and old ones end up alike, whoever is first, whatever goes wrong."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from penstock.stores.control_store import Add, ControlStoreUnavailable, ProviderKey
from penstock.stores.facts import Unreadable
from penstock.stores.sqlite.control_store.file import is_current_file
from penstock.stores.sqlite.control_store.migrations import new_file, steps
from penstock.stores.sqlite.control_store.store import FILE_NAME, SqliteControlStore
from penstock.stores.sqlite.control_store.tables import (
    CUSTOM_PROVIDERS,
    DATASETS,
    EVALUATIONS,
    GATEWAYS,
    MODEL_ALIASES,
    PROVIDER_KEYS,
    ROUTES,
    TOKENS,
)
from support.control_store_rows import GATEWAY, LABEL, TOKEN

BROKEN = '''"""A step that fails in the middle."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade():
    op.execute("DROP TABLE tokens")
    op.execute("DROP TABLE nothing_of_this_name")
'''
OLD_KEY = (
    "INSERT INTO provider_keys (id, account, gateway, provider, alias, sealed, preview, hosts, created_us)"
    f" VALUES ('k', 'local', '', 'openai', 'default', x'{LABEL.hex()}', '…', '[]', 5)"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


def tables(path: Path) -> dict[str, object]:
    """The columns of each table, and the indexes, whatever the wording that made them."""
    with closing(sqlite3.connect(path)) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master ORDER BY name")]
        columns = {name: db.execute(f"PRAGMA table_info({name})").fetchall() for name in names}
        indexes = {name: db.execute(f"PRAGMA index_list({name})").fetchall() for name in names}
        return {"columns": columns, "indexes": indexes, "steps": _rows(db, "alembic_version")}


def _rows(db: sqlite3.Connection, table: str) -> list[tuple[object, ...]]:
    return db.execute(f"SELECT * FROM {table}").fetchall()


def first_step_only(path: Path) -> None:
    """A file as the first version made it, with a stored key in it."""
    made, _, _ = steps.new_file_sql().partition("-- Running upgrade 0001 -> 0002")
    with closing(sqlite3.connect(path)) as db:
        db.executescript(made)
        db.execute(OLD_KEY)
        db.commit()


def two_steps_only(path: Path, *fields: str) -> None:
    """A file of before rules had ids, with a gateway of each of these fields."""
    made, _, _ = steps.new_file_sql().partition("-- Running upgrade 0002 -> 0003")
    with closing(sqlite3.connect(path)) as db:
        db.executescript(made)
        for number, text in enumerate(fields):
            db.execute(
                "INSERT INTO gateways (id, account, gateway, fields, created_us, modified_us)"
                " VALUES (?, 'local', ?, ?, 5, 6)",
                [f"id {number}", f"g{number}", text],
            )
        db.commit()


def test_a_new_file_is_what_all_steps_come_to(path: Path, tmp_path: Path) -> None:
    SqliteControlStore(path).apply([Add(TOKEN)])
    slow = tmp_path / "slow.db"
    with closing(sqlite3.connect(slow, isolation_level=None)) as db:
        steps.take(db)
    assert tables(slow) == tables(path)
    assert new_file.PATH.read_text() == steps.new_file_sql(), (
        "run python -m penstock.stores.sqlite.control_store.migrations"
    )
    assert steps.revisions() == new_file.STEPS


def test_every_noun_has_its_columns(path: Path) -> None:
    SqliteControlStore(path).apply([Add(TOKEN)])
    with closing(sqlite3.connect(path)) as db:
        others = (CUSTOM_PROVIDERS, GATEWAYS, ROUTES, DATASETS, EVALUATIONS, MODEL_ALIASES)
        for table in (TOKENS, PROVIDER_KEYS, *others):
            names = {row[1] for row in db.execute(f"PRAGMA table_info({table.name})")}
            assert names == {"seq", *table.columns}


def test_an_older_file_is_brought_up_to_date(path: Path) -> None:
    first_step_only(path)
    assert not is_current_file(path)
    (key,) = SqliteControlStore(path).all(ProviderKey)
    assert (key.is_default, key.rate_limit, key.rate_limit_period) == (False, None, 60)
    assert (key.created_us, key.modified_us) == (5, 5)
    assert is_current_file(path)
    SqliteControlStore(path).apply([Add(GATEWAY)])
    assert SqliteControlStore(path).snapshot().gateways == (GATEWAY,)


def test_rules_without_an_id_get_the_one_they_were_known_by(path: Path) -> None:
    rules = (
        '{"id":null,"limit":5.0},{"id":"mine","limit":1e+16},'
        '{"limit":2.5,"model":{"values":["ä\u2028"]}},{"id":""}'
    )
    two_steps_only(path, f'{{"zdr":true,"spend_limits":{{"enabled":true,"rules":[{rules}]}}}}')
    (gateway,) = SqliteControlStore(path).snapshot().gateways
    assert gateway.fields == {
        "zdr": True,
        "spend_limits": {
            "enabled": True,
            "rules": [
                {"id": "rule-1", "limit": 5.0},
                {"id": "mine", "limit": 1e16},
                {"limit": 2.5, "model": {"values": ["ä\u2028"]}, "id": "rule-3"},
                {"id": "rule-4"},
            ],
        },
    }
    assert (gateway.created_us, gateway.modified_us) == (5, 6)
    assert is_current_file(path)


ODD = (
    "{}",
    '{"spend_limits":null}',
    '{"spend_limits":{"enabled":true}}',
    '{"spend_limits":{"rules":[]}}',
    '{"spend_limits": {"rules": [{"id": "a"}]}}',
    '{"spend_limits":{"rules":5}}',
    '{"spend_limits":{"rules":[5]}}',
    '{"spend_limits":{"rules":{"a":1}}}',
    '{"spend_limits":[]}',
    "[]",
    "nonsense",
    "[" * 5000,
    "",
)


def test_what_has_no_rules_or_makes_no_sense_stays_as_it_is(path: Path) -> None:
    two_steps_only(path, *ODD)
    SqliteControlStore(path).all(ProviderKey)
    assert is_current_file(path)
    with closing(sqlite3.connect(path)) as db:
        assert tuple(text for (text,) in db.execute("SELECT fields FROM gateways ORDER BY seq")) == ODD


def test_who_only_looks_brings_nothing_up_to_date(path: Path) -> None:
    first_step_only(path)
    before = path.read_bytes()
    assert not is_current_file(path)
    assert path.read_bytes() == before


def test_a_step_that_fails_leaves_nothing_behind(path: Path, tmp_path: Path) -> None:
    SqliteControlStore(path).apply([Add(TOKEN)])
    before = tables(path)
    versions = tmp_path / "versions"
    versions.mkdir()
    for known in (new_file.PATH.parent / "versions").glob("v*.py"):
        (versions / known.name).write_text(known.read_text())
    (versions / "v0008_broken.py").write_text(BROKEN)
    with closing(sqlite3.connect(path, isolation_level=None)) as db, pytest.raises(sqlite3.OperationalError):
        steps.take(db, versions)
    assert tables(path) == before
    assert SqliteControlStore(path).snapshot().tokens == (TOKEN,)


def test_several_at_once_take_each_step_once(path: Path) -> None:
    first_step_only(path)
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from penstock.stores.sqlite.control_store.store import SqliteControlStore\n"
        "sys.exit(len(SqliteControlStore(Path(sys.argv[1])).snapshot().provider_keys))\n"
    )
    children = [subprocess.Popen([sys.executable, "-c", program, str(path)]) for _ in range(2)]
    assert [child.wait(timeout=60) for child in children] == [1, 1]


def test_a_locked_older_file_says_so(path: Path) -> None:
    first_step_only(path)
    hasty = SqliteControlStore(path, busy_seconds=0)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        with pytest.raises(ControlStoreUnavailable, match="try again"):
            hasty.snapshot()
    assert len(hasty.snapshot().provider_keys) == 1


def test_a_database_of_something_else_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("CREATE TABLE tokens (id TEXT)")
    before = path.read_bytes()
    with pytest.raises(ControlStoreUnavailable, match=r"something else than a directory.*move it away"):
        SqliteControlStore(path).snapshot()
    with pytest.raises(Unreadable, match="something else"):
        is_current_file(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", ["9999", "", "x'; DROP TABLE tokens"])
def test_a_version_nobody_knows_is_a_newer_one(version: str, path: Path) -> None:
    SqliteControlStore(path).apply([Add(TOKEN)])
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE alembic_version SET version_num = ?", (version,))
    with pytest.raises(ControlStoreUnavailable, match=r"newer penstock.*update"):
        SqliteControlStore(path).snapshot()
    with pytest.raises(Unreadable, match="newer"):
        is_current_file(path)


def test_nothing_heavy_is_loaded_for_a_file_that_is_current(path: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from penstock.stores.sqlite.control_store.store import SqliteControlStore\n"
        "SqliteControlStore(Path(sys.argv[1])).reseal(lambda sealed, context: sealed)\n"
        "SqliteControlStore(Path(sys.argv[1])).snapshot()\n"
        "sys.exit('sqlalchemy' in sys.modules or 'alembic' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", program, str(path)], check=False, timeout=60).returncode == 0
