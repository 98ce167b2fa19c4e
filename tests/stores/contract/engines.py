"""The engines of which every contract is asked: a row for each. Another engine is another row, for the same tests.

What is opened here is small where an engine has sizes, so that few calls and answers reach all of its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from penstock.stores.control_store import ControlStore
from penstock.stores.counters import Counters
from penstock.stores.ledger import OpenEditor, OpenReader, OpenWriter
from penstock.stores.lmdb import counters as lmdb_counters
from penstock.stores.lmdb import replies as lmdb_replies
from penstock.stores.lmdb.counters import LmdbCounters
from penstock.stores.lmdb.environment import open_environment
from penstock.stores.lmdb.replies import LmdbReplies
from penstock.stores.replies import Replies
from penstock.stores.rollups import OpenRollups
from penstock.stores.runs import OpenRunLedger, OpenRunReader
from penstock.stores.sqlite.control_store.store import SqliteControlStore
from penstock.stores.sqlite.ledger.blocks import BlockSizes
from penstock.stores.sqlite.ledger.editor import SqliteEditor
from penstock.stores.sqlite.ledger.reader import SqliteReader
from penstock.stores.sqlite.ledger.writer import SqliteLedger
from penstock.stores.sqlite.rollups.reader import SqliteRollups
from penstock.stores.sqlite.runs.ledger import SqliteRunLedger
from penstock.stores.sqlite.runs.reader import SqliteRunReader

_SMALL = BlockSizes(calls=4, shelf=3, tail=2)
_MAP_BYTES = 256 * 1024 * 1024


class LedgerEngine(NamedTuple):
    """Each opens the one ledger of a folder. Only a writer makes it, when it is first used.

    `writer` parts even a few calls into whatever the engine parts many into; `usual` is as in production.
    """

    name: str
    writer: Callable[[Path], OpenWriter]
    usual: Callable[[Path], OpenWriter]
    reader: Callable[[Path], OpenReader]
    editor: Callable[[Path], OpenEditor]
    rollups: Callable[[Path], OpenRollups]


class OpenControlStore(Protocol):
    """Opens the one control store of a folder, for an actor and with a clock where these matter."""

    def __call__(
        self, folder: Path, actor: str = ..., *, now_us: Callable[[], int] | None = ...
    ) -> ControlStore: ...


class ControlStoreEngine(NamedTuple):
    name: str
    open: OpenControlStore


class CountersEngine(NamedTuple):
    """The counters of a folder, for as many workers of one process as are asked for, by their names."""

    name: str
    open: Callable[[Path], AbstractContextManager[Callable[[bytes], Counters]]]


class OpenReplies(Protocol):
    """A worker's kept answers. Those with one name are one store; `evict` and `limit` are that store's."""

    def __call__(self, owner: bytes, limit: int, *, name: str = ..., evict: bool = ...) -> Replies: ...


class RepliesEngine(NamedTuple):
    name: str
    open: Callable[[Path], AbstractContextManager[OpenReplies]]


class RunsEngine(NamedTuple):
    """Each opens the one run ledger of a folder. Only the one that writes makes it, when it is first used."""

    name: str
    ledger: Callable[[Path], OpenRunLedger]
    reader: Callable[[Path], OpenRunReader]


@contextmanager
def _lmdb_counters(folder: Path) -> Iterator[Callable[[bytes], Counters]]:
    with open_environment(folder, _MAP_BYTES, lmdb_counters.DATABASES) as environment:
        yield lambda owner: LmdbCounters(environment, owner)


@contextmanager
def _lmdb_replies(folder: Path) -> Iterator[OpenReplies]:
    with open_environment(folder, _MAP_BYTES, lmdb_replies.DATABASES) as environment:

        def opened(
            owner: bytes, limit: int, *, name: str = lmdb_replies.CACHE, evict: bool = True
        ) -> Replies:
            return LmdbReplies(environment, name, owner, limit, evict=evict)

        yield opened


def _sqlite_control_store(
    folder: Path, actor: str = "tests", *, now_us: Callable[[], int] | None = None
) -> ControlStore:
    return SqliteControlStore(folder / "store.db", actor, now_us=now_us)


LEDGERS = (
    LedgerEngine(
        "sqlite",
        lambda folder: SqliteLedger(folder / "ledger.db", busy_seconds=0, sizes=_SMALL),
        lambda folder: SqliteLedger(folder / "ledger.db", busy_seconds=0),
        lambda folder: SqliteReader(folder / "ledger.db"),
        lambda folder: SqliteEditor(folder / "ledger.db"),
        lambda folder: SqliteRollups(folder / "ledger.db"),
    ),
)
CONTROL_STORES = (ControlStoreEngine("sqlite", _sqlite_control_store),)
COUNTERS = (CountersEngine("lmdb", _lmdb_counters),)
REPLIES = (RepliesEngine("lmdb", _lmdb_replies),)
RUNS = (
    RunsEngine(
        "sqlite",
        lambda folder: SqliteRunLedger(folder / "runs.db", busy_seconds=5),
        lambda folder: SqliteRunReader(folder / "runs.db"),
    ),
)
