"""How full a shared store is, seen from outside: its map, its file, the pages in use.

Opens the environment read-only, beside the workers that write to it. What is in it is its stores' affair.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import lmdb

from penstock.stores.facts import Truncated, Unreadable, Usage

_MOST_DATABASES = 64
_SIZE_OF_THE_FILE = 0  # whatever the workers opened it with


def lmdb_usage(folder: Path) -> Usage:
    """Raises `Unreadable` for what is no such store, `Truncated` among it."""
    try:
        return _usage(folder)
    except (lmdb.Error, OSError) as error:
        raise Unreadable(str(error)) from error


def _usage(folder: Path) -> Usage:
    size = (folder / "data.mdb").stat().st_size
    environment = lmdb.open(
        str(folder),
        map_size=_SIZE_OF_THE_FILE,
        max_dbs=_MOST_DATABASES,
        readonly=True,
        create=False,
        lock=(folder / "lock.mdb").exists(),  # or it would be made
    )
    with closing(environment):
        info, page = environment.info(), environment.stat()["psize"]
        if size < (info["last_pgno"] + 1) * page:
            raise Truncated(f"the file has {size} bytes, but {info['last_pgno'] + 1} pages")
        return Usage(info["map_size"], size, _pages(environment) * page)


def _pages(environment: lmdb.Environment) -> int:
    with environment.begin() as txn:
        with txn.cursor() as cursor:
            names = list(cursor.iternext(keys=True, values=False))
        stats = [txn.stat(environment.open_db(name, txn, create=False)) for name in names]
    stats.append(environment.stat())
    return sum(stat["branch_pages"] + stat["leaf_pages"] + stat["overflow_pages"] for stat in stats)
