"""Whether what a store wrote passes the look that is taken at it at each start."""

from __future__ import annotations

from collections.abc import Mapping

import lmdb

from penstock.stores.lmdb.structure import Check


def unsound(environment: lmdb.Environment, checks: Mapping[bytes, Check]) -> list[tuple[bytes, bytes, bytes]]:
    """Entries that the look would call damaged: database, key, value."""
    with environment.begin() as txn:
        databases = {name: environment.open_db(name, txn, create=False) for name in checks if txn.get(name)}
        return [
            (name, key, value)
            for name, database in databases.items()
            for key, value in txn.cursor(database)
            if not checks[name](key, value)
        ]
