"""Every connection to index and runs is closed in the end, however an engine ends."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest
from local_engine import engine, write_documents
from local_monitors import made, stream

from parallel_local.app import create_app
from parallel_local.documents.document import Document
from parallel_local.documents.folder import FileStamp
from parallel_local.retrieval.catalog import Catalog
from parallel_local.retrieval.index import Index
from parallel_local.sqlite_file import open_file

UNSTORABLE = Document(path="a.md", url="https://docs.local/a", title="\ud800", text="words")


class Connections:
    """All connections that were opened during a test."""

    def __init__(self) -> None:
        self.opened: list[sqlite3.Connection] = []

    def still_open(self) -> int:
        return sum(map(_is_open, self.opened))

    def close(self) -> None:
        for connection in self.opened:
            connection.close()


def _is_open(connection: sqlite3.Connection) -> bool:
    with suppress(sqlite3.ProgrammingError):
        return connection.total_changes >= 0
    return False


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connections]:
    with closing(Connections()) as connections:

        class Noted(sqlite3.Connection):
            def __init__(self, *arguments: object, **named: object) -> None:
                super().__init__(*arguments, **named)  # type: ignore[arg-type]
                connections.opened.append(self)

        monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Noted))
        yield connections


async def test_leaving_the_lifespan_closes_all(tmp_path: Path, connections: Connections) -> None:
    async with engine(tmp_path) as call:
        await call.run({"input": "Amber River", "processor": "ultra"})
        assert connections.still_open() >= 2
    assert connections.still_open() == 0


async def test_a_failing_host_closes_all(tmp_path: Path, connections: Connections) -> None:
    with pytest.raises(RuntimeError, match="host"):
        async with engine(tmp_path):
            raise RuntimeError("host")
    assert connections.still_open() == 0


async def test_a_failing_start_closes_all(
    tmp_path: Path, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(write_documents(tmp_path / "docs"), tmp_path / "data")
    monkeypatch.setattr(app.state.engine.runs, "resume", None)
    with pytest.raises(TypeError):
        async with app.router.lifespan_context(app):
            pass
    assert connections.still_open() == 0


def test_an_application_that_was_never_served_is_closed(tmp_path: Path, connections: Connections) -> None:
    app = create_app(write_documents(tmp_path / "docs"), tmp_path / "data")
    assert connections.still_open() >= 2
    app.state.engine.close()
    assert connections.still_open() == 0


@pytest.mark.parametrize("name", ["runs.db", "journal.db"])
async def test_a_damaged_file_is_set_aside_and_does_not_keep_it_from_starting(
    tmp_path: Path, connections: Connections, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    damaged = b"this is no database" * 100
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).write_bytes(damaged)
    (tmp_path / "data" / f"{name}.damaged-1").write_bytes(b"from before")
    async with engine(tmp_path) as call:
        await call.run({"input": "Amber River", "processor": "lite"})
        await made(call, stream())
    assert (tmp_path / "data" / f"{name}.damaged-1").read_bytes() == b"from before"
    assert (tmp_path / "data" / f"{name}.damaged-2").read_bytes() == damaged
    assert f"it is set aside as {name}.damaged-2" in caplog.text
    assert connections.still_open() == 0


def test_what_cannot_be_opened_is_not_taken_for_damaged(tmp_path: Path, connections: Connections) -> None:
    open_file(tmp_path / "runs.db", "CREATE TABLE runs (id)").close()
    with pytest.raises(sqlite3.OperationalError, match="syntax"):
        open_file(tmp_path / "runs.db", "nonsense")
    assert len(connections.opened) == 2
    assert connections.still_open() == 0
    assert [path.name for path in tmp_path.iterdir()] == ["runs.db"]


def test_an_unreadable_folder_leaves_nothing_open(
    tmp_path: Path, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parallel_local.retrieval.library.scan", None)
    with pytest.raises(TypeError):
        create_app(tmp_path, tmp_path / "data")
    assert connections.opened
    assert connections.still_open() == 0


def test_a_borrowed_connection_is_closed_when_it_comes_back(tmp_path: Path, connections: Connections) -> None:
    catalog = Catalog.open(tmp_path / "documents.db")
    with catalog._borrow() as connection:
        catalog.close()
        assert connection.execute("SELECT count(*) FROM documents").fetchone() == (0,)
    assert connections.still_open() == 0


def test_a_connection_that_something_went_wrong_with_is_closed(
    tmp_path: Path, connections: Connections
) -> None:
    with closing(Index.open(tmp_path / "index")) as index:
        with pytest.raises(UnicodeEncodeError), index.changing() as changing:
            changing.add(FileStamp("a.md", 1, 1), UNSTORABLE)
        assert connections.still_open() == 0
        assert (index.catalog.count(), index.view.count()) == (0, 0)
    assert connections.still_open() == 0
