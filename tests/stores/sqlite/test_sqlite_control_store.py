"""The directory in a SQLite file: its version, its modes, what is wrong with files, and many processes at once."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from penstock.stores.control_store import (
    Add,
    AtMost,
    ControlStoreUnavailable,
    Dataset,
    Remove,
    Snapshot,
    TooMany,
)
from penstock.stores.sqlite.control_store.file import is_current_file
from penstock.stores.sqlite.control_store.store import FILE_NAME, SqliteControlStore
from support.control_store_nouns import (
    TOKEN,
    filled,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / FILE_NAME


@pytest.fixture
def store(path: Path) -> SqliteControlStore:
    return SqliteControlStore(path)


# -- in and out


def test_an_absent_file_is_an_empty_directory_and_stays_absent(store: SqliteControlStore, path: Path) -> None:
    assert store.snapshot() == Snapshot()
    assert store.version() == 0
    assert not path.parent.exists()


def dataset(name: str, gateway: str = "g", account: str = "local") -> Dataset:
    return Dataset(
        id=f"{account} {gateway} {name}",
        account=account,
        gateway=gateway,
        name=name,
        enable=True,
        filters=[],
        created_us=1,
        modified_us=1,
    )


def test_of_many_who_add_at_once_as_many_get_through_as_may(path: Path) -> None:
    def add(number: int) -> bool:
        try:
            SqliteControlStore(path, busy_seconds=60).apply(
                [Add(dataset(str(number))), AtMost(Dataset, "local", "g", 10)]
            )
        except TooMany:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        done = list(threads.map(add, range(24)))
    assert sum(done) == 10
    assert len(SqliteControlStore(path).all(Dataset)) == 10


def test_nor_do_more_get_through_from_several_processes(path: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from penstock.stores.control_store import Add, AtMost, Dataset, TooMany\n"
        "from penstock.stores.sqlite.control_store.store import SqliteControlStore\n"
        "store = SqliteControlStore(Path(sys.argv[1]), busy_seconds=60)\n"
        "for number in range(6):\n"
        "    name = f'{sys.argv[2]} {number}'\n"
        "    one = Dataset(id=name, account='local', gateway='g', name=name, enable=True, filters=[],\n"
        "                  created_us=1, modified_us=1)\n"
        "    try:\n"
        "        store.apply([Add(one), AtMost(Dataset, 'local', 'g', 10)])\n"
        "    except TooMany:\n"
        "        pass\n"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", program, str(path), str(number)]) for number in range(4)
    ]
    assert [child.wait(timeout=60) for child in children] == [0] * 4
    assert len(SqliteControlStore(path).all(Dataset)) == 10


# -- the file


def test_the_file_is_its_owners_alone(store: SqliteControlStore, path: Path) -> None:
    filled(store)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 27, b"x" * 5000])
def test_what_is_no_database_has_no_version(content: bytes, store: SqliteControlStore, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    assert store.version() is None
    assert path.read_bytes() == content


@pytest.mark.parametrize("number", ["'7'", "x'07'", "1.5"])
def test_a_version_that_makes_no_sense_is_none(number: str, store: SqliteControlStore, path: Path) -> None:
    filled(store)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DROP TABLE version")
        db.execute("CREATE TABLE version (number)")
        assert store.version() is None
        db.execute(f"INSERT INTO version VALUES ({number})")
        assert store.version() is None


def test_the_version_of_a_locked_file_is_not_waited_for(store: SqliteControlStore, path: Path) -> None:
    filled(store)
    before = store.version()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        assert store.version() is None
    assert store.version() == before


def test_asking_for_the_version_lets_go_of_no_lock(store: SqliteControlStore, path: Path) -> None:
    """POSIX locks are the process's: to open and close the file beside SQLite would drop another thread's."""
    filled(store)
    program = (
        "import sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)\n"
        "try: db.execute('BEGIN IMMEDIATE')\n"
        "except sqlite3.OperationalError: sys.exit(7)\n"
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        assert store.version() == 1
        assert (
            subprocess.run([sys.executable, "-c", program, str(path)], check=False, timeout=60).returncode
            == 7
        )


def test_an_empty_file_is_an_empty_directory(store: SqliteControlStore, path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    assert store.snapshot() == Snapshot()


def test_a_file_of_something_else_is_refused_and_left_alone(store: SqliteControlStore, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"these are not the droids" * 1000)
    for verb in (store.snapshot, lambda: store.apply([Add(TOKEN)])):
        with pytest.raises(ControlStoreUnavailable, match="restore a copy"):
            verb()
    assert path.read_bytes() == b"these are not the droids" * 1000


def test_a_file_of_a_newer_program_is_refused(store: SqliteControlStore, path: Path) -> None:
    filled(store)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ControlStoreUnavailable, match=r"newer penstock.*update"):
        store.snapshot()


def test_a_row_that_makes_no_sense_is_told(store: SqliteControlStore, path: Path) -> None:
    filled(store)
    for wrong in ("nonsense", "[1]", '["fly"]', "{}"):
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("UPDATE tokens SET permissions = ?", (wrong,))
        with pytest.raises(ControlStoreUnavailable, match="damaged token"):
            store.snapshot()


def test_a_locked_file_says_so(store: SqliteControlStore, path: Path) -> None:
    filled(store)
    hasty = SqliteControlStore(path, busy_seconds=0)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        for verb in (hasty.snapshot, lambda: hasty.apply([Remove(TOKEN)])):
            with pytest.raises(ControlStoreUnavailable, match="try again"):
                verb()
    assert hasty.snapshot().tokens == (TOKEN,)


def test_a_folder_in_its_place_is_told(store: SqliteControlStore, path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(ControlStoreUnavailable, match="check that this user may write"):
        store.snapshot()


def cut_off(path: Path) -> None:
    """A change that ends without a commit while changed pages are already in the file, as after a crash."""
    program = (
        "import os, sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "db.execute('PRAGMA cache_size = 1')\n"
        "db.execute('BEGIN EXCLUSIVE')\n"
        "db.execute('DELETE FROM tokens')\n"
        "for n in range(500): db.execute('INSERT INTO version VALUES (?)', (n * 10**15,))\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=True, timeout=60)
    assert path.with_name(f"{FILE_NAME}-journal").exists()


def test_a_change_that_was_cut_off_is_undone(store: SqliteControlStore, path: Path) -> None:
    before = filled(store).snapshot()
    cut_off(path)
    assert store.version() is None  # which only looks
    assert store.snapshot() == before
    assert store.version() == before.version


def test_a_file_with_a_change_that_was_cut_off_is_no_damaged_one(
    store: SqliteControlStore, path: Path
) -> None:
    before = filled(store).snapshot()
    cut_off(path)
    assert is_current_file(path)
    assert store.version() == before.version


# -- many at once


def test_processes_that_begin_together_lose_nothing(path: Path) -> None:
    program = (
        "import sys, msgspec\n"
        "from pathlib import Path\n"
        "from penstock.stores.control_store import Add, Token\n"
        "from penstock.stores.sqlite.control_store.store import SqliteControlStore\n"
        "directory = SqliteControlStore(Path(sys.argv[1]))\n"
        "for number in range(10):\n"
        "    name = f'{sys.argv[2]}-{number}'\n"
        "    directory.apply([Add(Token(id=name, name='', permissions=(), secrets=(), created_us=0))])\n"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", program, str(path), str(number)]) for number in range(4)
    ]
    assert [child.wait(timeout=60) for child in children] == [0] * 4
    snapshot = SqliteControlStore(path).snapshot()
    assert len({one.id for one in snapshot.tokens}) == snapshot.version == 40
