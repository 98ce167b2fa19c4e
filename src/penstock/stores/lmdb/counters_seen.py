"""Looking at counters without counting: what is used of one, as it was last committed, from any thread or process.

What a counter holds is in `window_log.py`. Only counters that nobody made up are looked at; of a caller's values a
rule has many.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lmdb

from penstock.stores.counters import CountersUnavailable, Standing, Window
from penstock.stores.lmdb import window_log
from penstock.stores.lmdb.counter_table import DATABASE, plain_name
from penstock.stores.lmdb.environment import FAILURES, AnyEnvironment

_SIZE_OF_THE_FILE = 0  # whatever the workers opened it with
_DATABASES = 16


class SeenCounters:
    """The counters of an environment, whoever writes to it. Raises `CountersUnavailable`."""

    def __init__(self, environment: AnyEnvironment, database: lmdb._Database) -> None:
        self._environment = environment
        self._database = database

    def standing(self, key: bytes, window: Window, now_us: int) -> Standing:
        try:
            with self._environment.begin(self._database) as txn:
                log = window_log.live(txn.get(plain_name(key)), window, now_us)
        except FAILURES as error:
            raise CountersUnavailable(str(error)) from error
        return Standing(log.total, window_log.reset_us(log, window, now_us))


@contextmanager
def seen_counters(folder: Path) -> Iterator[SeenCounters]:
    """Beside the workers that write to them. Raises `CountersUnavailable`, also where there are none."""
    try:
        environment = lmdb.open(
            str(folder),
            map_size=_SIZE_OF_THE_FILE,
            max_dbs=_DATABASES,
            readonly=True,
            create=False,
            lock=(folder / "lock.mdb").exists(),  # or it would be made
        )
        database = environment.open_db(DATABASE, create=False)
    except FAILURES as error:
        raise CountersUnavailable(str(error)) from error
    with environment:
        yield SeenCounters(environment, database)
