"""Runs as the doctor sees them: none, some, and a file that is none."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from doctor_kit import case_of, told
from msgspec.structs import replace

from penstock.doctor.runs import all_runs, runs
from penstock.runs.hook_reading import Told
from penstock.runs.hooks import Hook
from penstock.stores.hooks import ANY_EVENT, Arrived
from penstock.stores.opening import Stores
from penstock.stores.opening.runs import has_runs, run_bytes, run_ledger, run_place
from support.run_ledgers import SECOND, make, run, seen


def test_as_long_as_there_are_none_nothing_is_said_and_nothing_made(tmp_path: Path) -> None:
    assert told([*runs(case_of(tmp_path)), *all_runs(case_of(tmp_path))]) == []
    assert not has_runs(Stores(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_how_many_there_are(tmp_path: Path) -> None:
    stores = Stores(tmp_path)
    with closing(run_ledger(stores)) as ledger:
        make(ledger, run("trun_1"), run("trun_2"))
        ledger.saw([seen("trun_1")])
        ((state, text),) = told(runs(case_of(tmp_path)))
        assert (state, text.partition(" in ")[0], text.partition(", ")[2]) == (
            "ok",
            "2 runs",
            "1 of them active",
        )
        ((state, text),) = told(all_runs(case_of(tmp_path)))
        assert (state, text.endswith("of it are sound")) == ("ok", True)
        assert run_bytes(stores) > 0
    assert run_place(stores) == str(tmp_path / "runs.db")


def test_what_is_damaged_is_said_with_a_remedy_and_left_where_it_is(tmp_path: Path) -> None:
    for content in (b"", b"something else entirely" * 1000):
        (tmp_path / "runs.db").write_bytes(content)
        found = told([*runs(case_of(tmp_path)), *all_runs(case_of(tmp_path))])
        assert [state for state, _ in found] == ["problem", "problem"]
        assert (tmp_path / "runs.db").read_bytes() == content


def test_a_newer_program_s_runs(tmp_path: Path) -> None:
    stores = Stores(tmp_path)
    with closing(run_ledger(stores)) as ledger:
        make(ledger, run())
    data = bytearray((tmp_path / "runs.db").read_bytes())
    data[60:64] = (99).to_bytes(4, "big")  # where SQLite keeps a file's own version
    (tmp_path / "runs.db").write_bytes(data)
    ((state, text),) = told(runs(case_of(tmp_path)))
    assert (state, "newer penstock" in text) == ("problem", True)


def test_those_that_take_too_long_are_said_and_those_that_nobody_can_see(tmp_path: Path) -> None:
    case = case_of(tmp_path)
    minute = 60 * SECOND
    with closing(run_ledger(Stores(tmp_path))) as ledger:
        for number, minutes in enumerate((9, 11, 30)):
            begun = replace(run(f"trun_{number}"), created_us=case.now_us - minutes * minute)
            make(ledger, begun, call_id=f"call-{number}")
        ledger.looked("trun_0", 0, 1, "unreachable")
        found = told(runs(case))
    assert [state for state, _ in found] == ["ok", "warning", "warning"]
    assert found[1][1].startswith("2 runs under way for more than twice as long")
    assert "trun_2" in found[1][1]
    assert found[2][1].startswith("1 run that cannot be looked at any more, among them trun_0")


def test_events_that_were_given_up_lately_are_said(tmp_path: Path) -> None:
    case, url = case_of(tmp_path), "https://hooks.example/mine?token=secret"
    with closing(run_ledger(Stores(tmp_path))) as ledger:
        ledger.hooked([Hook("h1", "acct", "gw", url, "call-1", case.now_us)])
        for number, days in enumerate((4, 2, 1)):
            at = case.now_us - days * 24 * 3600 * SECOND
            ledger.received(Arrived("acct", "gw", "h1", f"whevent_{number}", at, "", b"{}", Told()))
        for event in ledger.hook_events(ANY_EVENT, 9)[1:]:
            ledger.hook_failed(event.number, event.came_us + 1, "hooks.example answers with status 500", 1e9)
        found = told(runs(case))
    assert [state for state, _ in found] == ["ok", "warning"]
    assert found[1][1].startswith("1 event of the last three days given up, the latest for hooks.example: ")
    assert "secret" not in found[1][1]
