"""Opening what the workers of a machine share, which is LMDB: counters and kept answers.

To be opened after a fork, by each process once. A worker sets a damaged store aside and begins anew, for the
gateway is worth more than what it remembers; whoever comes from outside leaves it as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import lmdb

from penstock.stores.counters import CounterReader, OpenCounters
from penstock.stores.facts import Usage
from penstock.stores.lmdb import counters as lmdb_counters
from penstock.stores.lmdb import replies as lmdb_replies
from penstock.stores.lmdb.counters import LmdbCounters
from penstock.stores.lmdb.counters_seen import seen_counters
from penstock.stores.lmdb.environment import AnyEnvironment, Unopened, open_environment, write_lock
from penstock.stores.lmdb.place import Place, Store
from penstock.stores.lmdb.replies import LmdbReplies
from penstock.stores.lmdb.usage import lmdb_usage
from penstock.stores.lmdb.writer import Defer, Writer
from penstock.stores.opening import Stores
from penstock.stores.replies import OpenReplies, RepliesMissing, RepliesUnavailable, ReplyLimits

_SIZE_OF_THE_FILE: Final = 0  # whatever the workers opened it with
_TOKEN_BYTES: Final = 8 * 1024 * 1024  # some two thousand
_NOT_YET: Final = Unopened("the store is not open yet")


def counters(stores: Stores, owner: bytes, defer: Defer | None = None) -> OpenCounters:
    """The counters of a worker. Those that cannot be opened are unavailable, until `tend` can open them.

    `owner` must be a name that no other worker and no earlier process ever had, 1 to 200 bytes. With `defer` this
    worker is the only one, and a turn's changes are committed together.
    """
    made = LmdbCounters(_NOT_YET, owner, defer)
    place = Place(
        stores.data / lmdb_counters.FOLDER,
        partial(open_environment, map_bytes=lmdb_counters.MAP_BYTES, databases=lmdb_counters.DATABASES),
        Store(made.use, lambda: made.suspicion),
    )
    return OpenCounters(made, place.close, place.tend)


def counters_from_outside(stores: Stores) -> AbstractContextManager[CounterReader]:
    """How counters stand, for who is no worker. Entering raises `CountersUnavailable`, also where there are none."""
    return seen_counters(stores.data / lmdb_counters.FOLDER)


def replies(stores: Stores, owner: bytes, limits: ReplyLimits, defer: Defer | None = None) -> OpenReplies:
    """The kept answers of a worker; `owner` and `defer` as for `counters`."""
    kept = _all(_NOT_YET, owner, limits, None)

    def use(environment: AnyEnvironment) -> None:
        writer = Writer(environment, write_lock(environment), None, defer)
        for store in kept:
            store.use(environment, writer)

    place = Place(
        stores.data / lmdb_replies.FOLDER,
        partial(
            open_environment,
            map_bytes=lmdb_replies.map_bytes(*limits, _TOKEN_BYTES),
            databases=lmdb_replies.DATABASES,
        ),
        Store(use, lambda: next((store.suspicion for store in kept if store.suspicion), None)),
    )
    return OpenReplies(*kept, place.close, place.tend)


def replies_from_outside(stores: Stores, owner: bytes, limits: ReplyLimits) -> OpenReplies:
    """The kept answers for who is no worker. Raises `RepliesMissing`, `RepliesUnavailable`, `OSError`."""
    folder = stores.data / lmdb_replies.FOLDER
    if not folder.is_dir():
        raise RepliesMissing(str(folder))
    with _translated(RepliesUnavailable):
        environment = open_environment(folder, _SIZE_OF_THE_FILE, lmdb_replies.DATABASES)
        kept = _all(environment, owner, limits, Writer(environment, write_lock(environment)))
        return OpenReplies(*kept, environment.close, _nothing)


def counters_usage(stores: Stores) -> Usage | None:
    """How full the counters are; None where there are none yet. Raises `Unreadable`, `Truncated` among it."""
    return _usage(stores.data / lmdb_counters.FOLDER)


def replies_usage(stores: Stores) -> Usage | None:
    """As `counters_usage`, of the kept answers."""
    return _usage(stores.data / lmdb_replies.FOLDER)


def counters_place(stores: Stores) -> str:
    """Where the counters are, for people."""
    return str(stores.data / lmdb_counters.FOLDER)


def replies_place(stores: Stores) -> str:
    """Where the kept answers are, for people."""
    return str(stores.data / lmdb_replies.FOLDER)


def _usage(folder: Path) -> Usage | None:
    return lmdb_usage(folder) if folder.exists() else None


def _all(
    environment: AnyEnvironment, owner: bytes, limits: ReplyLimits, writer: Writer | None
) -> tuple[LmdbReplies, LmdbReplies, LmdbReplies]:
    """The cache, what `Idempotency-Key` promises, and access tokens."""
    cache = LmdbReplies(environment, lmdb_replies.CACHE, owner, limits.cache, evict=True, writer=writer)
    once = LmdbReplies(
        environment, lmdb_replies.IDEMPOTENCY, owner, limits.idempotency, evict=False, writer=writer
    )
    tokens = LmdbReplies(environment, lmdb_replies.TOKENS, owner, _TOKEN_BYTES, evict=True, writer=writer)
    return cache, once, tokens


def _nothing() -> None:
    """Who comes from outside leaves a store as it is."""


@contextmanager
def _translated(unavailable: type[Exception]) -> Iterator[None]:
    try:
        yield
    except lmdb.Error as error:
        raise unavailable(str(error)) from error
