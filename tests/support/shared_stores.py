"""What a gateway in the test's process keeps in LMDB, for a test that breaks it or looks at it as a neighbour does."""

from __future__ import annotations

import lmdb

from penstock.stores.lmdb.counters import LmdbCounters
from penstock.stores.lmdb.replies import LmdbReplies
from support.inprocess import InProcess


def counting(gateway: InProcess) -> lmdb.Environment:
    """The environment of its counters."""
    counters = gateway.parts.counters
    assert isinstance(counters, LmdbCounters)
    assert isinstance(counters._environment, lmdb.Environment)
    return counters._environment


def keeping(gateway: InProcess) -> lmdb.Environment:
    """The environment of its kept answers."""
    cache = gateway.parts.answers._cache
    assert isinstance(cache, LmdbReplies)
    environment = cache._transactions.environment
    assert isinstance(environment, lmdb.Environment)
    return environment
