"""Opening what the workers of a machine share, which is LMDB: counters and kept answers.

To be opened after a fork, by each process once. A worker sets a damaged store aside and begins anew, for the
gateway is worth more than what it remembers; whoever comes from outside leaves it as it is.
"""

from __future__ import annotations

import fcntl
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import lmdb

from penstock.stores.counters import CountersUnavailable, OpenCounters
from penstock.stores.facts import Usage
from penstock.stores.lmdb import counters as lmdb_counters
from penstock.stores.lmdb import replies as lmdb_replies
from penstock.stores.lmdb.counters import LmdbCounters
from penstock.stores.lmdb.environment import WriteLock, open_environment
from penstock.stores.lmdb.replies import LmdbReplies
from penstock.stores.lmdb.usage import lmdb_usage
from penstock.stores.lmdb.writer import Defer, Writer
from penstock.stores.opening import Stores
from penstock.stores.replies import OpenReplies, RepliesMissing, RepliesUnavailable, ReplyLimits

log = logging.getLogger("penstock.stores")

Opened = TypeVar("Opened")

_LOCK: Final = "stores.lock"
_SIZE_OF_THE_FILE: Final = 0  # whatever the workers opened it with


def counters(stores: Stores, owner: bytes, defer: Defer | None = None) -> OpenCounters:
    """The counters of a worker. Raises `CountersUnavailable`, `OSError`.

    `owner` must be a name that no other worker and no earlier process ever had, 1 to 200 bytes. With `defer` this
    worker is the only one, and a turn's changes are committed together.
    """
    return _mended(stores.data / lmdb_counters.FOLDER, partial(_counters, owner, defer))


def replies(stores: Stores, owner: bytes, limits: ReplyLimits, defer: Defer | None = None) -> OpenReplies:
    """The kept answers of a worker; `owner` and `defer` as for `counters`. Raises `RepliesUnavailable`, `OSError`."""
    return _mended(stores.data / lmdb_replies.FOLDER, partial(_replies, owner, limits, defer))


def replies_from_outside(stores: Stores, owner: bytes, limits: ReplyLimits) -> OpenReplies:
    """The kept answers for who is no worker. Raises `RepliesMissing`, `RepliesUnavailable`, `OSError`."""
    folder = stores.data / lmdb_replies.FOLDER
    if not folder.is_dir():
        raise RepliesMissing(str(folder))
    return _replies(owner, limits, None, folder, map_bytes=_SIZE_OF_THE_FILE)


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


def _counters(owner: bytes, defer: Defer | None, folder: Path) -> OpenCounters:
    with _translated(CountersUnavailable):
        environment = open_environment(folder, lmdb_counters.MAP_BYTES, lmdb_counters.DATABASES)
        return OpenCounters(LmdbCounters(environment, owner, defer), environment.close)


def _replies(
    owner: bytes, limits: ReplyLimits, defer: Defer | None, folder: Path, map_bytes: int | None = None
) -> OpenReplies:
    size = lmdb_replies.map_bytes(*limits) if map_bytes is None else map_bytes
    with _translated(RepliesUnavailable):
        environment = open_environment(folder, size, lmdb_replies.DATABASES)
        writer = Writer(environment, WriteLock(environment), None, defer)
        cache = LmdbReplies(environment, lmdb_replies.CACHE, owner, limits.cache, evict=True, writer=writer)
        once = LmdbReplies(
            environment, lmdb_replies.IDEMPOTENCY, owner, limits.idempotency, evict=False, writer=writer
        )
        return OpenReplies(cache, once, environment.close)


def _mended(folder: Path, make: Callable[[Path], Opened]) -> Opened:
    """Opens a shared store; a damaged one is set aside."""
    with (folder.parent / _LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several workers that find the damage, the first one mends it
        try:
            return make(folder)
        except (RepliesUnavailable, CountersUnavailable) as error:
            aside = folder.with_name(f"{folder.name}.damaged")
            log.error("%s cannot be read (%s); it is set aside as %s", folder, error, aside.name)
            shutil.rmtree(aside, ignore_errors=True)
            folder.rename(aside)
            return make(folder)


@contextmanager
def _translated(unavailable: type[Exception]) -> Iterator[None]:
    try:
        yield
    except lmdb.Error as error:
        raise unavailable(str(error)) from error
