"""What the tests of contracts ask: each of them once for every engine of `engines.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from contract.engines import (
    CONTROL_STORES,
    COUNTERS,
    LEDGERS,
    REPLIES,
    RUNS,
    ControlStoreEngine,
    CountersEngine,
    LedgerEngine,
    OpenReplies,
    RepliesEngine,
    RunsEngine,
)
from penstock.stores.control_store import ControlStore
from penstock.stores.counters import Counters
from penstock.stores.ledger import OpenEditor, OpenReader, OpenWriter
from penstock.stores.runs import OpenRunLedger, OpenRunReader


def _name(engine: LedgerEngine | ControlStoreEngine | CountersEngine | RepliesEngine | RunsEngine) -> str:
    return engine.name


@pytest.fixture(params=LEDGERS, ids=_name)
def ledgers(request: pytest.FixtureRequest) -> LedgerEngine:
    engine: LedgerEngine = request.param
    return engine


@pytest.fixture
def ledger(ledgers: LedgerEngine, tmp_path: Path) -> Iterator[OpenWriter]:
    with closing(ledgers.writer(tmp_path)) as ledger:
        ledger.positions()  # makes it
        yield ledger


@pytest.fixture
def reader(ledgers: LedgerEngine, ledger: OpenWriter, tmp_path: Path) -> Iterator[OpenReader]:
    with closing(ledgers.reader(tmp_path)) as reader:
        yield reader


@pytest.fixture
def editor(ledgers: LedgerEngine, ledger: OpenWriter, tmp_path: Path) -> Iterator[OpenEditor]:
    with closing(ledgers.editor(tmp_path)) as editor:
        yield editor


@pytest.fixture(params=CONTROL_STORES, ids=_name)
def control_stores(request: pytest.FixtureRequest) -> ControlStoreEngine:
    engine: ControlStoreEngine = request.param
    return engine


@pytest.fixture
def store(control_stores: ControlStoreEngine, tmp_path: Path) -> ControlStore:
    return control_stores.open(tmp_path)


@pytest.fixture(params=COUNTERS, ids=_name)
def counting(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[bytes], Counters]]:
    engine: CountersEngine = request.param
    with engine.open(tmp_path / "counters") as opened:
        yield opened


@pytest.fixture(params=REPLIES, ids=_name)
def keeping(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenReplies]:
    engine: RepliesEngine = request.param
    with engine.open(tmp_path / "replies") as opened:
        yield opened


@pytest.fixture(params=RUNS, ids=_name)
def run_engine(request: pytest.FixtureRequest) -> RunsEngine:
    engine: RunsEngine = request.param
    return engine


@pytest.fixture
def runs(run_engine: RunsEngine, tmp_path: Path) -> Iterator[OpenRunLedger]:
    with closing(run_engine.ledger(tmp_path)) as runs:
        runs.lost(0)  # makes it
        yield runs


@pytest.fixture
def run_reader(run_engine: RunsEngine, runs: OpenRunLedger, tmp_path: Path) -> Iterator[OpenRunReader]:
    with closing(run_engine.reader(tmp_path)) as reader:
        yield reader
