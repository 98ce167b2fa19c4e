"""Kept answers in LMDB for tests: a store in a folder, and a look at what lies in the databases."""

from __future__ import annotations

from pathlib import Path

import lmdb

from penstock.stores.lmdb import reply_codec as codec
from penstock.stores.lmdb.environment import open_environment
from penstock.stores.lmdb.replies import CACHE, DATABASES, FOLDER, LmdbReplies
from penstock.stores.lmdb.reply_codec import Holding, Totals
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


def kept_sums(environment: lmdb.Environment, name: str = CACHE) -> tuple[Totals, dict[bytes, Holding]]:
    """The sums of all, and of each account, as they are kept."""
    entries = database(environment, "entries", name)
    with environment.begin() as txn, txn.cursor(entries) as cursor:
        found = dict(cursor)
    totals = codec.totals(found.get(codec.TOTALS_KEY))
    assert totals is not None
    accounts = {key[1:]: codec.holding(value) for key, value in found.items() if key[:1] == codec.BY_ACCOUNT}
    return totals, {account: held for account, held in accounts.items() if held is not None}


def check_sums(environment: lmdb.Environment, name: str = CACHE) -> Totals:
    """Those of the accounts are what the cards say, and those of all what the accounts' are; while nobody writes."""
    cards = database(environment, "cards", name)
    held: dict[bytes, Holding] = {}
    with environment.begin() as txn, txn.cursor(cards) as cursor:
        for card in filter(None, map(codec.card, cursor.iternext(keys=False))):
            one = held.setdefault(codec.named(card.scope.account), Holding())
            one.room += card.room
            one.marked += 0 if card.is_answer or not card.scope.account else card.room
    totals, accounts = kept_sums(environment, name)
    assert accounts == held
    assert totals.room == sum(one.room for one in held.values())
    assert totals.marked == sum(one.marked for one in held.values())
    assert totals.reserved == 0
    return totals
