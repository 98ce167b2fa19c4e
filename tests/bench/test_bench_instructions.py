"""Instructions a call: what is counted, how it is held against the figures that are kept, and what is told of it.

All with made-up counts; callgrind is not needed.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from bench.failure import Failed
from bench.installs import missing_program
from bench.instructions import callgrind, command, figures, interpreter
from bench.instructions.cases import CASES
from bench.instructions.figures import Change, Figures, Reason, Word, judged
from bench.instructions.loads import Load, cost
from bench.instructions.report import Report, report_on, show, to_json
from bench.places import INSTRUCTIONS
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bench import installs

OURS, THEIRS = "CPython 3.11.7, x86_64, GCC 12.2.0 -O3", "CPython 3.11.2, x86_64, GCC 12.2.0 -O2"
FIRST = Reason(
    "2026-01-02", OURS, "the first figures", {"plain": Change(None, 1000), "sse": Change(None, 50)}
)
ALSO = Reason("2026-01-03", THEIRS, "this one, too", {"plain": Change(None, 900), "sse": Change(None, 45)})
KNOWN = Figures({OURS: {"plain": 1000, "sse": 50}, THEIRS: {"plain": 900, "sse": 45}}, (FIRST, ALSO))
CAUSE = "every call is signed now"

# -- what is counted


def test_units_are_calls_or_their_events() -> None:
    assert Load(4).units == 128
    assert Load(1, 20).units == 640


@given(st.integers(0, 10**10), st.integers(0, 10**7), st.integers(1, 50), st.integers(1, 50))
def test_what_both_runs_did_is_in_no_cost(start: int, each: int, turns: int, more: int) -> None:
    short, long = Load(turns), Load(turns + more)
    assert cost(short, long, start + each * short.units, start + each * long.units) == each


def test_events_are_told_from_the_calls_around_them() -> None:
    call, event = 250_000, 14_000
    short, long = (call * 32 + event * load.units for load in (Load(1, 20), Load(1, 180)))
    assert cost(Load(1, 20), Load(1, 180), short, long) == event


def test_callgrind_s_total_is_read() -> None:
    text = "version: 1\nevents: Ir\nsummary: 2592081043\n\nfn=(1)\n16 400\n\ntotals: 2592081043\n"
    assert callgrind.total(text) == 2_592_081_043


@pytest.mark.parametrize("text", ["", "events: Ir\nsummary: 12\n", "totals: \n", "totals: 1\ntotals: 2\n"])
def test_counts_that_are_not_whole_are_none(text: str) -> None:
    with pytest.raises(Failed, match="no total"):
        callgrind.total(text)


def test_a_process_leaves_its_counts_once(tmp_path: Path) -> None:
    (tmp_path / "callgrind.7").write_text("totals: 12\n")
    assert callgrind.counted(tmp_path, 7) == 12
    with pytest.raises(Failed, match="no counts"):
        callgrind.counted(tmp_path, 7)


@pytest.mark.parametrize(
    ("flags", "configured", "build"),
    [
        ("-DNDEBUG -g -fwrapv -O3 -Wall", "'--enable-shared'", "GCC 12 -O3"),
        ("-O0 -g -O2", "'--enable-optimizations' '--with-lto'", "GCC 12 -O2 PGO LTO"),
        ("-DLEVEL=-O3", "", "GCC 12"),
    ],
)
def test_builds_of_one_version_are_told_apart(flags: str, configured: str, build: str) -> None:
    assert interpreter.build_of("GCC 12", flags, configured) == build


# -- the figures that are kept


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (1000, "kept"),
        (1029, "kept"),
        (971, "kept"),
        (1031, "dearer"),
        (969, "cheaper"),
    ],
)
def test_three_per_cent_either_way(found: float, word: Word) -> None:
    assert judged(found, 1000) == word


def test_a_case_without_a_figure_is_new() -> None:
    assert judged(1000, None) == "new"


def test_what_has_moved_is_written_with_its_reason() -> None:
    new = KNOWN.changed(OURS, {"plain": 1100.4, "sse": 50.1}, "2026-02-03", CAUSE)
    assert new.of[OURS] == {"plain": 1100, "sse": 50}
    assert new.reasons == (FIRST, ALSO, Reason("2026-02-03", OURS, CAUSE, {"plain": Change(1000, 1100)}))
    assert new.unexplained() == []


def test_what_is_replaced_holds_nowhere_else() -> None:
    assert KNOWN.changed(OURS, {"plain": 1100}, "2026-02-03", CAUSE).of[THEIRS] == {"sse": 45}


def test_a_new_interpreter_or_case_leaves_all_others_alone() -> None:
    new = KNOWN.changed("CPython 3.14.0, aarch64, Clang 18", {"plain": 700}, "2026-02-03", "a first look")
    assert dict(new.of) == {**KNOWN.of, "CPython 3.14.0, aarch64, Clang 18": {"plain": 700}}
    assert KNOWN.changed(OURS, {"shipped": 9}, "2026-02-03", "a case more").of[THEIRS] == KNOWN.of[THEIRS]


def test_noise_is_not_written() -> None:
    assert KNOWN.changed(OURS, {"plain": 1004, "sse": 50}, "2026-02-03", CAUSE) is KNOWN


def test_the_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    figures.write(tmp_path / "figures.json", KNOWN)
    assert figures.read(tmp_path / "figures.json") == KNOWN


@pytest.mark.parametrize("why", [FIRST.why, " "], ids=["changed by hand", "no reason"])
def test_a_figure_without_a_reason_is_refused(tmp_path: Path, why: str) -> None:
    reason = Reason(FIRST.date, OURS, why, {"plain": Change(None, 1000)})
    plain = 1000 if why == " " else 1200
    figures.write(tmp_path / "figures.json", Figures({OURS: {"plain": plain}}, (reason,)))
    with pytest.raises(Failed, match=f"no reason for plain .*{plain}"):
        figures.read(tmp_path / "figures.json")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"figures": {}, "reasons": [{"changes": []}]}'])
def test_a_file_that_is_not_sound_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "figures.json").write_text(text)
    with pytest.raises(Failed, match="cannot be read"):
        figures.read(tmp_path / "figures.json")


def test_there_are_figures_for_the_python_of_ci() -> None:
    kept = figures.read(INSTRUCTIONS).of
    complete = [name for name, known in kept.items() if known.keys() == {case.name for case in CASES}]
    assert any(name.startswith("CPython 3.11.") and ", x86_64," in name for name in complete)
    assert all(figure > 0 for known in kept.values() for figure in known.values())


# -- what is told


def report(of: Figures, name: str = OURS, **costs: float) -> Report:
    cases = [case for case in CASES if case.name in costs]
    return report_on(cases, costs, of, name, "2026-02-03T04:05:06+00:00")


def told(one: Report) -> list[str]:
    out = io.StringIO()
    show(one, Console(file=out, width=200, no_color=True))
    return [" ".join(line.split()) for line in out.getvalue().splitlines()]


def test_a_case_that_is_kept() -> None:
    one = report(KNOWN, plain=1010)
    assert one.holds
    lines = told(one)
    assert lines[1].endswith("1,010 /call 1,000 +1.00% kept")
    assert lines[2:] == [f"held against the figures for {OURS}, within 3%"]


@pytest.mark.parametrize(
    ("plain", "word", "advice"),
    [(1100, "dearer", "why it has to be"), (900, "cheaper", "so that it stays so")],
)
def test_a_case_that_is_not(plain: float, word: str, advice: str) -> None:
    one = report(KNOWN, plain=plain, sse=50)
    assert not one.holds
    assert told(one)[1].endswith(word)
    assert told(one)[-1].startswith(f"plain: {word} than its figure")
    assert advice in told(one)[-1]
    assert "--update --reason" in told(one)[-1]


def test_a_case_that_is_new_asks_for_a_figure() -> None:
    one = report(KNOWN, plain=1000, shipped=7)
    assert one.holds
    assert told(one)[-1].startswith("shipped: without a figure")


def test_nothing_is_held_against_another_interpreter() -> None:
    one = report(KNOWN, "CPython 3.12.1, x86_64, GCC 13 -O3", plain=5000)
    assert one.holds
    assert "no figures for CPython 3.12.1" in told(one)[-1]
    assert OURS in told(one)[-1]


def test_the_json_document() -> None:
    document = json.loads(to_json(report(KNOWN, plain=1100), {"cores": "2"}))
    assert document["holds"] is False
    assert document["interpreter"] == OURS
    (row,) = document["rows"]
    assert (row["case"], row["instructions"], row["figure"], row["result"]) == ("plain", 1100, 1000, "dearer")
    assert row["change"] == pytest.approx(0.1)


@pytest.mark.parametrize("options", [["--update"], ["--reason", "x"], ["--update", "--reason", "  "]])
def test_figures_change_for_a_reason(options: list[str]) -> None:
    result = CliRunner().invoke(command.main, options)
    assert result.exit_code == 2
    assert "belong together" in result.stderr


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of figures for this interpreter, as the command line sees it; `plain` is found to cost 1,100."""
    path = tmp_path / "figures.json"
    figures.write(path, KNOWN)
    monkeypatch.setattr(command, "INSTRUCTIONS", path)
    monkeypatch.setattr(command, "this_interpreter", lambda: OURS)
    monkeypatch.setattr(command, "missing_program", lambda *names: None)
    monkeypatch.setattr(command, "costs_of", lambda cases, say: {case.name: 1100.0 for case in cases})
    return path


def test_a_dearer_call_fails_the_run(kept: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(command.main, ["--case", "plain", "--json", str(tmp_path / "out.json")])
    assert result.exit_code == 1
    assert "plain: dearer than its figure" in result.stdout
    assert json.loads((tmp_path / "out.json").read_text())["holds"] is False
    assert figures.read(kept) == KNOWN


def test_a_reason_lets_it_pass_from_now_on(kept: Path) -> None:
    result = CliRunner().invoke(command.main, ["--case", "plain", "--update", "--reason", CAUSE])
    assert result.exit_code == 0
    assert "written: plain, 1000 → 1100" in result.stderr
    assert figures.read(kept).reasons[-1].why == CAUSE
    assert CliRunner().invoke(command.main, ["--case", "plain"]).exit_code == 0


def test_without_valgrind_the_package_is_named(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "missing_program", missing_program)
    monkeypatch.setattr(installs, "which", lambda program: None)
    result = CliRunner().invoke(command.main, [])
    assert result.exit_code == 1
    assert "apt-get install valgrind" in result.stderr
