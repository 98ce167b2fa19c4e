"""Opening runs by their place: what is not there, what is damaged, and who sets it aside."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from penstock.stores.opening import Stores
from penstock.stores.opening.runs import has_runs, run_bytes, run_fault, run_ledger, run_place, run_reader
from penstock.stores.runs import ANY_RUN, RunsUnavailable
from support.run_ledgers import create, make, run


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    return Stores(tmp_path)


def test_runs_are_missing_until_one_is_written(stores: Stores) -> None:
    with closing(run_ledger(stores)) as ledger:
        with pytest.raises(RunsUnavailable):
            run_reader(stores)
        assert not has_runs(stores)
        assert (run_bytes(stores), list(stores.data.iterdir())) == (0, [])
        make(ledger, run())
        with closing(run_reader(stores)) as reader:
            assert reader.count(ANY_RUN) == 1
        assert has_runs(stores)
        assert run_bytes(stores) > 0
        assert run_fault(stores, 10.0, thorough=True) == ""
    assert run_place(stores) == str(stores.data / "runs.db")


def test_who_writes_sets_aside_what_is_damaged_and_who_reads_does_not(stores: Stores) -> None:
    path = Path(run_place(stores))
    path.write_bytes(b"something else entirely" * 1000)
    assert run_fault(stores, 10.0)
    with pytest.raises(RunsUnavailable):
        run_reader(stores)
    assert [one.name for one in stores.data.iterdir()] == ["runs.db"]
    with closing(run_ledger(stores, busy_seconds=0.1)) as ledger:
        assert ledger.intend(create()) is None
    assert run_fault(stores, 10.0) == ""
    assert len(list(stores.data.glob("runs.db.damaged-*"))) == 1
