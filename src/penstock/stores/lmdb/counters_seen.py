"""Looking at counters without counting: what is used of one, as it was last committed, from any thread or process.

What a counter holds is in `window_log.py`, how those are called that callers made up in `shares.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import lmdb

from penstock.stores.counters import CountersUnavailable, Family, Looked, Standing, Window
from penstock.stores.lmdb import window_log
from penstock.stores.lmdb.counter_table import DATABASE, plain_name
from penstock.stores.lmdb.environment import FAILURES, AnyEnvironment
from penstock.stores.lmdb.shares import joint_name, made_up_name, rule_of

_SIZE_OF_THE_FILE = 0  # whatever the workers opened it with
_DATABASES = 16
_UNUSED = Standing(0, 0)


class SeenCounters:
    """The counters of an environment, whoever writes to it. Raises `CountersUnavailable`."""

    def __init__(self, environment: AnyEnvironment, database: lmdb._Database) -> None:
        self._environment = environment
        self._database = database

    def standings(self, looked: Iterable[Looked], now_us: int) -> list[Standing]:
        with self._reading() as txn:
            return [_standing(_found(txn, one), one.window, now_us, one.least) for one in looked]

    def of_family(self, family: Family, window: Window, least: int, most: int, now_us: int) -> list[Standing]:
        prefix, found = rule_of(made_up_name(family, b"")), []
        with self._reading() as txn, txn.cursor() as cursor:
            more = cursor.set_range(prefix)
            for _ in range(most):
                if not more or not cursor.key().startswith(prefix):
                    break
                value = cursor.value()
                if window_log.written(value) >= least:
                    found.append(_standing(value, window, now_us, least))
                more = cursor.next()
        return [one for one in found if one.used >= least]

    @contextmanager
    def _reading(self) -> Iterator[lmdb.Transaction[bytes]]:
        try:
            with self._environment.begin(self._database) as txn:
                yield txn
        except FAILURES as error:
            raise CountersUnavailable(str(error)) from error


def _found(txn: lmdb.Transaction[bytes], one: Looked) -> bytes | None:
    if one.family is None:
        return txn.get(plain_name(one.key))
    name = made_up_name(one.family, one.key)
    own = txn.get(name)
    return txn.get(joint_name(name)) if own is None else own


def _standing(value: bytes | None, window: Window, now_us: int, least: int) -> Standing:
    if least and window_log.written(value) < least:  # what is live of it is no more
        return _UNUSED
    log = window_log.live(value, window, now_us)
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
