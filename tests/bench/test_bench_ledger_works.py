"""The works over the ledger and the journal, with little of everything, and what they ask and write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from bench.failure import Failed
from bench.gateways.penstock import CONFIG, Penstock
from bench.lab import Lab
from bench.ledger_queries import analytics, one_filter_each
from bench.measure import Measure
from bench.options import Options
from bench.session import Session
from bench.works.base import Work
from bench.works.exported import Exported, exporting, refuse_silence
from bench.works.ledger import Ledger
from bench.works.runs import SHARE, Runs
from bench.works.shipping import Shipping

from penstock import settings
from penstock.stores.ledger import Key

SMALL = Options(rows=600, shipped=300, rounds=1)


@pytest.fixture
def session() -> Iterator[Session]:
    lab = Lab()
    try:
        yield Session(lab, SMALL, [Penstock()], lambda line: None)
    finally:
        lab.__exit__(None, None, None)


def figures(work: Work, session: Session) -> dict[str, Measure]:
    found = {measure.what: measure for measure in work.run(session)}
    assert {target.what for target in work.targets} <= found.keys()
    assert all(measure.work == work.name for measure in found.values())
    return found


def test_runs_are_made_and_followed(session: Session) -> None:
    found = figures(Runs(100), session)
    assert 0 < found[SHARE].value < 100
    assert "100 runs, " in found[SHARE].note


def test_the_ledger_is_filled_and_asked(session: Session) -> None:
    found = figures(Ledger(), session)
    assert 100 < found["disk per call without bodies"].value < 100_000
    heavier = found["disk per call, two bodies of 1 kB"].value - found["disk per call without bodies"].value
    assert heavier > 1000
    assert "600 calls" in found["disk per call without bodies"].note
    assert "slowest" in found["list by one filter, first page, p95"].note
    assert all(measure.value > 0 for measure in found.values())
    assert found["one call by its id, p50"].value <= found["one call by its id, p95"].value


def test_a_journal_is_shipped_to_its_end(session: Session) -> None:
    found = figures(Shipping(), session)
    assert found["calls shipped per second"].value > 0
    assert found["calls shipped per second"].note == "300 calls a round"


def test_without_penstock_nothing_is_measured() -> None:
    lab = Lab()
    try:
        nobody = Session(lab, SMALL, [], lambda line: None)
        assert [list(work.run(nobody)) for work in (Ledger(), Shipping(), Exported())] == [[], [], []]
    finally:
        lab.__exit__(None, None, None)


def test_every_key_is_asked_by() -> None:
    filters = list(one_filter_each("default"))
    assert {one.where.conditions[0][0].key for one in filters} == set(get_args(Key))
    assert len({one.name for one in filters}) == len(filters)
    assert all(one.where.gateways == ("default",) for one in filters)
    assert any(question.latencies for question in analytics().values())


def test_everything_is_exported_by_tables_that_penstock_knows(tmp_path: Path) -> None:
    path = tmp_path / "penstock.toml"
    path.write_text(CONFIG.format(chat=9100, polls=9101, policies=exporting(9102, tmp_path).tables))
    loaded = settings.load(path, environ={}, overrides={})
    gateway = loaded.accounts["local"].gateways["default"]
    assert gateway.logpush
    assert [one.url for one in gateway.otel or ()] == ["http://127.0.0.1:9102/v1/traces"]
    assert loaded.log_push["everything"].folder is not None
    assert loaded.retention.logs == "30d"


def test_what_arrives_nowhere_was_not_exported(tmp_path: Path) -> None:
    with pytest.raises((Failed, OSError)):
        refuse_silence(1, tmp_path)
