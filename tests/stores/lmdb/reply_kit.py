"""Kept answers in LMDB for tests: a store in a folder, and a look at what lies in the databases."""

from __future__ import annotations

from pathlib import Path

import lmdb

from penstock.stores.lmdb.environment import open_environment
from penstock.stores.lmdb.replies import CACHE, DATABASES, FOLDER, LmdbReplies
from support.kept_replies import MIB, NOW


def opened(folder: Path, map_bytes: int = 256 * MIB) -> lmdb.Environment:
    return open_environment(folder / FOLDER, map_bytes, DATABASES)


def store(
    environment: lmdb.Environment,
    owner: bytes = b"worker 0",
    limit: int = 64 * MIB,
    *,
    name: str = CACHE,
    evict: bool = True,
) -> LmdbReplies:
    """A store that knows the time, whose owner is alive."""
    made = LmdbReplies(environment, name, owner, limit, evict=evict)
    made.beat(NOW)
    return made


def contents(environment: lmdb.Environment) -> dict[str, int]:
    """How many values each database of the stores has; those without any are left out."""
    names = [name for name in environment.dbs() if name != b"leases"]
    found = {}
    for name in names:
        database = environment.open_db(name, create=False)
        with environment.begin() as txn:
            found[name.decode()] = txn.stat(database)["entries"]
    return {name: count for name, count in found.items() if count}


def only_sums(environment: lmdb.Environment) -> bool:
    """Whether nothing is left but the sums of the stores, which have no entries."""
    return all(name.endswith(".entries") and count == 1 for name, count in contents(environment).items())


def database(environment: lmdb.Environment, ending: str, name: str = CACHE) -> lmdb._Database:
    """One of the named databases, to spoil it."""
    (found,) = [
        one
        for one in environment.dbs()
        if one.startswith(name.encode() + b".") and one.endswith(b"." + ending.encode())
    ]
    return environment.open_db(found, create=False)


def spoil(environment: lmdb.Environment, ending: str, at: bytes, value: bytes) -> None:
    where = database(environment, ending)
    with environment.begin(write=True) as txn:
        txn.put(at, value, db=where)
