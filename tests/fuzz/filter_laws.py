"""Filters of logs in any spelling: refused, or the calls that a plain list would give."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from penstock.management.caller import Caller
from penstock.management.log_filters.parameters import LogListQuery, listing
from penstock.management.problem import ManagementError
from penstock.management.request import Request
from penstock.stores.ledger import CallRow, Move, OpenReader, Query, UnfitCondition
from penstock.stores.opening import Stores
from penstock.stores.opening.ledger import ledger_reader
from penstock.stores.opening.ledger_changes import ledger_writer
from support import ledger_model as model
from support.ledger_questions import made
from support.stored_calls import BASE

_REQUEST: Final = Request("a", {"gateway_id": "main"}, Caller(None), "http://127.0.0.1", BASE.created_us)
_CALLS: Final = 60


class _Ledger(NamedTuple):
    folder: tempfile.TemporaryDirectory[str]
    reader: OpenReader
    rows: Sequence[CallRow]


class _Shelf:
    """One ledger for all tries, made when the first of them comes."""

    def __init__(self) -> None:
        self._ledger: _Ledger | None = None

    def ledger(self) -> _Ledger:
        if self._ledger is None:
            self._ledger = _filled()
        return self._ledger


def _filled() -> _Ledger:
    folder = tempfile.TemporaryDirectory()
    stores = Stores(Path(folder.name))
    writer = ledger_writer(stores)
    writer.positions()
    writer.append([made(seed) for seed in range(_CALLS)], Move("s", 0, 1))
    writer.close()
    reader = ledger_reader(stores)
    return _Ledger(folder, reader, reader.calls(Query(), 1000))


_SHELF: Final = _Shelf()


def a_query_finds_what_it_says_or_is_refused(data: bytes) -> None:
    """Parameters as clients spell them, against a ledger of some sixty calls."""
    pairs = parse_qsl(data.decode("utf-8", "replace"), keep_blank_values=True)
    try:
        query = LogListQuery.read(pairs)
        asked = listing(query, _REQUEST)
    except ManagementError as error:
        assert error.status == 400
        assert error.problems
        return
    ledger = _SHELF.ledger()
    try:
        found = ledger.reader.calls(asked.where, 1000, order=asked.order)
    except UnfitCondition as unfit:
        assert str(unfit)
        return
    wanted = model.chosen(ledger.rows, asked.where)
    assert sorted(row.id for row in found) == sorted(row.id for row in wanted), asked
    assert ledger.reader.count(asked.where) == len(wanted)
