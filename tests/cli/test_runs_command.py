"""`penstock runs` as people and programs use it: in a pipe, on a terminal, following."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from click.testing import CliRunner

from penstock.cli.main import main
from penstock.cli.render import size
from penstock.clock import Clock
from penstock.runs.run import Charge, Money, Outcome, Owner, Run, RunKind, SeenBy
from penstock.stores.runs import Made
from support.kept_runs import basis, make, numbered, result_of, see, written
from support.known_runs import NOW, SECOND, findall, made, task

START = [sys.executable, "-c", "from penstock.cli.runs import runs; runs(prog_name='penstock runs')"]
ESCAPE = "\x1b["
DEEP = b"[" * 900 + b"1," * 200_000 + b"1" + b"]" * 900
EVIL = "\x1b]0;owned\x07\x9b31m\u202e\n"
MINUTE = 60 * SECOND
ANN = Owner("acct", "gw", token="tok1", user="ann")
ELSEWHERE = Owner("acct2", "lab", credential="0123456789abcdef")

ULTRA = numbered(1, NOW - 90 * MINUTE, task("ultra"), ANN, metadata={"case": "7", "n": 3})
FAILED = numbered(2, NOW - 50 * MINUTE, task("core"), ELSEWHERE)
FINDALL = numbered(3, NOW - 40 * SECOND, findall("core", 50), ANN)
MONITOR = numbered(4, NOW - 3 * 24 * 60 * MINUTE, made(RunKind.MONITOR, "base"))
GROUP = numbered(5, NOW - 5 * SECOND, made(RunKind.GROUP), ANN)
CHILD = numbered(6, NOW - 4 * SECOND, task("core"), ANN, parent=GROUP.id)
CONTENT = {"founded": 1999, "people": ["a", "b"]}
BASES = [basis("founded", "high", "https://a.example/1", "https://b.example/2"), basis("people", "low")]
RESULT = result_of(ULTRA, type="json", content=CONTENT, basis=BASES)


@pytest.fixture
def _utc() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _utc: None) -> Path:
    monkeypatch.setattr(Clock, "now_us", lambda _: NOW)
    make(tmp_path, ULTRA, FAILED, FINDALL, MONITOR, GROUP, CHILD)
    see(tmp_path, ULTRA, "running", after=60, by=SeenBy.READ, progress=40.0)
    see(tmp_path, ULTRA, "completed", after=660, result=RESULT)
    see(tmp_path, FAILED, "failed", after=30, error="no such schema")
    see(tmp_path, FINDALL, "running", after=10, generated=9, matched=4)
    see(tmp_path, MONITOR, "active", after=9, executions=("one", "two"))
    see(tmp_path, GROUP, "active", after=1, counts={"completed": 3, "running": 4})
    return tmp_path


def run(data: Path, *arguments: str, code: int = 0) -> str:
    """Standard output; with another exit code than 0, standard error."""
    done = CliRunner().invoke(main, ["runs", *arguments], env={"PENSTOCK_DATA": str(data)})
    assert done.exit_code == code, done.output
    return done.stderr if code else done.stdout


def rows(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def ids(text: str) -> list[str]:
    return [str(row["run_id"]) for row in rows(text)]


# -- listing


def test_in_a_pipe_it_is_plain_aligned_and_whole(data: Path) -> None:
    lines = run(data).splitlines()
    assert ESCAPE not in "".join(lines)
    assert lines[0].split() == [
        "ID", "KIND", "STATE", "PROCESSOR", "AGE", "PROGRESS", "ESTIMATE", "COST", "OWNER", "GATEWAY",
    ]  # fmt: skip
    assert [line.split() for line in lines[1:]] == [
        [CHILD.id, "task", "queued", "core", "4s", "-", "0.025", "-", "ann", "acct/gw"],
        [GROUP.id, "group", "active", "-", "5s", "3/7", "-", "-", "ann", "acct/gw"],
        [FINDALL.id, "findall", "running", "core", "40s", "4/9", "9.500", "-", "ann", "acct/gw"],
        [FAILED.id, "task", "failed", "core", "50m", "-", "0.025", "0.000", "key", "01234567", "acct2/lab"],
        [ULTRA.id, "task", "completed", "ultra", "90m", "40%", "0.300", "0.300", "ann", "acct/gw"],
        [MONITOR.id, "monitor", "active", "base", "3d", "2x", "0.010", "-", "key", "f1", "acct/gw"],
    ]
    assert len({line.index("acct") for line in lines[1:]} | {lines[0].index("GATEWAY")}) == 1


def test_one_json_object_a_line(data: Path) -> None:
    (found,) = rows(run(data, "--json", "--processor", "ultra"))
    assert found == {
        "run_id": ULTRA.id, "kind": "task", "state": "completed", "is_active": False, "processor": "ultra",
        "money": "settled", "estimate": 0.3, "cost": 0.3, "created_at": "2027-01-15T06:30:00.000Z",
        "ended_at": "2027-01-15T06:41:00.000Z", "seen_at": "2027-01-15T06:41:00.000Z", "seen_by": "poll",
        "account": "acct", "gateway": "gw", "token": "tok1", "user": "ann", "credential": None,
        "stored_key": None, "call_id": "call-1", "parent": None, "metadata": {"case": "7", "n": 3},
        "progress": 40.0, "generated": None, "matched": None, "executions": 0, "counts": {}, "error": None,
        "revision": 0, "flags": [],
    }  # fmt: skip
    (failed,) = rows(run(data, "--json", "--state", "failed"))
    assert (failed["money"], failed["estimate"], failed["cost"]) == ("void", 0.025, 0.0)
    assert (failed["error"], failed["credential"]) == ("no such schema", "0123456789abcdef")
    (group,) = rows(run(data, "--json", "--kind", "group"))
    assert (group["money"], group["counts"], group["ended_at"]) == (
        "none",
        {"completed": 3, "running": 4},
        None,
    )


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ([], [CHILD, GROUP, FINDALL, FAILED, ULTRA, MONITOR]),
        (["--limit", "2"], [CHILD, GROUP]),
        (["--active"], [CHILD, GROUP, FINDALL, MONITOR]),
        (["--owner", "ann"], [CHILD, GROUP, FINDALL, ULTRA]),
        (["--owner", "tok1", "--kind", "task"], [CHILD, ULTRA]),
        (["--owner", "nobody"], []),
        (["--processor", "ultra", "--processor", "base"], [ULTRA, MONITOR]),
        (["--state", "failed", "--state", "completed"], [FAILED, ULTRA]),
        (["--kind", "findall", "--kind", "monitor"], [FINDALL, MONITOR]),
        (["--gateway", "lab"], [FAILED]),
        (["--gateway", "acct2/lab"], [FAILED]),
        (["--gateway", "acct/lab"], []),
        (["--gateway", "lab", "--gateway", "gw", "--state", "failed"], [FAILED]),
        (["--parent", GROUP.id], [CHILD]),
        (["--confidence", "high"], [ULTRA]),
        (["--confidence", "low", "--confidence", "none", "--kind", "task"], [ULTRA]),
        (["--confidence", "medium"], []),
        (["--domain", "b.example"], [ULTRA]),
        (["--domain", "https://www.A.example/1", "--domain", "nowhere"], [ULTRA]),
        (["--domain", "example"], []),
        (["--since", "1h"], [CHILD, GROUP, FINDALL, FAILED]),
        (["--since", "2027-01-15T06:00:00Z"], [CHILD, GROUP, FINDALL, FAILED, ULTRA]),
    ],
)
def test_filters(data: Path, arguments: list[str], found: list[Run]) -> None:
    assert ids(run(data, "--json", *arguments)) == [one.id for one in found]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--since", "soon"], "'soon' is no time"),
        (["--kind", "search"], "'search' is not one of 'task'"),
        (["--gateway", "a/x", "--gateway", "b/y"], "take gateways of one account"),
        (["--gateway", "a b"], "cannot be a gateway"),
        (["--limit", "0"], "--limit"),
        (["--confidence", "sure"], "'sure' is not one of 'high'"),
        (["--domain", ""], "'' is no host"),
        (["--domain", "a b"], "'a b' is no host"),
    ],
)
def test_what_cannot_be_asked_is_said(data: Path, arguments: list[str], says: str) -> None:
    assert says in run(data, *arguments, code=2)


def test_what_may_come_to_nothing_is_marked(data: Path) -> None:
    lost = numbered(9, NOW - SECOND, flags=("adopted", "stale", "unreachable"))
    nobodys = numbered(8, NOW - 2 * SECOND, task("not-on-the-card"), ANN)
    make(data, lost, nobodys)
    lines = run(data, "--limit", "2").splitlines()
    assert "queued (stale, unreachable)" in lines[1]
    assert lines[2].split()[5:8] == ["-", "unknown", "unknown"]


def test_runs_of_no_known_owner(data: Path) -> None:
    with written(data) as ledger:
        strange = Charge("call-9", "extend", "core", 5, 1)
        ledger.made(Made("call-9", Outcome.MADE, NOW, charges=[("findall_strange", strange)]))
    assert run(data, "--limit", "1").splitlines()[1].split()[-2:] == ["-", "-"]
    assert "owner      made elsewhere" in run(data, "show", "findall_strange")


# -- what is missing


def test_no_runs_yet(tmp_path: Path) -> None:
    for arguments in ((), ("--follow",), ("show", "trun_123456")):
        said = run(tmp_path, *arguments, code=1)
        assert f"no runs in {tmp_path} (" in said
        assert f"`penstock serve --data {tmp_path}`" in said


def test_a_run_ledger_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "runs.db").write_bytes(b"no database" * 100)
    said = run(tmp_path, code=1)
    assert said.startswith(f"Error: cannot read the runs in {tmp_path} (")
    assert "`penstock doctor`" in said


def test_the_data_directory_may_be_given_on_either_side(data: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    assert ids(run(elsewhere, "--json", "--data", str(data), "--limit", "1")) == [CHILD.id]
    for arguments in (("--data", str(data), "show", ULTRA.id), ("show", ULTRA.id, "--data", str(data))):
        assert ULTRA.id in run(elsewhere, *arguments)
    assert rows(run(elsewhere, "--data", str(data), "--json", "show", ULTRA.id))[0]["run_id"] == ULTRA.id


def test_help_has_examples(data: Path) -> None:
    assert "penstock runs --active --follow" in run(data, "--help")
    assert "penstock runs show" in run(data, "show", "--help")


# -- one run


def test_show_tells_all_of_a_run(data: Path) -> None:
    assert (
        run(data, "show", ULTRA.id)
        == f"""\
id         {ULTRA.id}
kind       task
state      completed
processor  ultra
progress   40%
made       2027-01-15 06:30:00.000Z (90m ago)
ended      2027-01-15 06:41:00.000Z (after 11m00s)
last seen  2027-01-15 06:41:00.000Z (the gateway's own look)
gateway    acct/gw
owner      token tok1, user ann
call       call-1
metadata   {{"case":"7","n":3}}

money
  estimate 0.300 -> cost 0.300 USD  settled  by parallel card 2026-11-10
  run  ultra    0.300 -> 0.300  call call-1

time line
  2027-01-15 06:30:00.000Z  queued     1m00s             seen by the call that made it
  2027-01-15 06:31:00.000Z  running    10m00s            seen by a caller's reading
  2027-01-15 06:41:00.000Z  completed                    seen by the gateway's own look

output (application/json, {size(len(RESULT))})
{{
  "founded": 1999,
  "people": [
    "a",
    "b"
  ]
}}

evidence
  founded  confidence high, 2 cited
      - https://a.example/1  Title of https://a.example/1
          "as it is written"
      - https://b.example/2  Title of https://b.example/2
          "as it is written"
  people  confidence low, 0 cited
"""
    )


def test_show_of_what_goes_on(data: Path) -> None:
    page = run(data, "show", FINDALL.id)
    assert "estimate 9.500 -> cost - USD  its end is still to come  by parallel card" in page
    assert "run  core  up to 50  9.500 -> -  call call-3" in page
    assert "  running  30.00 s so far    seen by the gateway's own look" in page
    assert page.endswith("\noutput  it is still to come\n")


def test_show_of_what_is_not_paid(data: Path) -> None:
    page = run(data, "show", FAILED.id)
    assert "error      no such schema\n" in page
    assert "estimate 0.025 -> cost 0.000 USD  nothing is paid: it has not completed" in page
    assert page.endswith("\noutput  none was seen\n")
    page = run(data, "show", GROUP.id)
    assert "runs       3 completed, 4 running\n" in page
    assert "money\n  its runs are paid\n" in page
    assert f"group      {GROUP.id}\n" in run(data, "show", CHILD.id)


@pytest.mark.parametrize(
    ("kind", "says"),
    [(RunKind.RESPONSE, "what it costs is its call's"), (RunKind.TASK, "nothing is paid for it")],
)
def test_show_of_what_costs_nothing_by_itself(data: Path, kind: RunKind, says: str) -> None:
    free = numbered(7, NOW - SECOND, made(kind), charges=(), money=Money.NONE)
    make(data, free)
    assert f"\nmoney\n  {says}\n" in run(data, "show", free.id)
    assert run(data, "--limit", "1").splitlines()[1].split()[6:8] == ["-", "-"]


def test_show_as_json(data: Path) -> None:
    (found,) = rows(run(data, "show", ULTRA.id, "--json"))
    assert found["price_source"] == "parallel card 2026-11-10"
    assert found["charges"] == [
        {"what": "run", "processor": "ultra", "count": 1, "estimate": 0.3, "final": 0.3, "call_id": "call-1"}
    ]
    assert found["timeline"] == [
        {"at": "2027-01-15T06:30:00.000Z", "state": "queued", "seen_by": "create", "seconds": 60.0},
        {"at": "2027-01-15T06:31:00.000Z", "state": "running", "seen_by": "read", "seconds": 600.0},
        {"at": "2027-01-15T06:41:00.000Z", "state": "completed", "seen_by": "poll", "seconds": None},
    ]
    assert found["output"] == json.loads(RESULT)
    rests_on = cast(dict[str, object], found["evidence"])
    assert (rests_on["counted"], rests_on["confidences"]) == (2, {"high": 1, "low": 1})
    assert cast(list[object], rests_on["fields"])[0] == {
        "name": "founded", "confidence": "high", "reasoning": "It is said so.",
        "citations": [
            {"url": f"https://{name}", "title": f"Title of https://{name}", "excerpts": ["as it is written"]}
            for name in ("a.example/1", "b.example/2")
        ],
    }  # fmt: skip
    (going,) = rows(run(data, "show", FINDALL.id, "--json"))
    assert (going["output"], going["evidence"]) == (None, None)


@pytest.mark.parametrize("part", [ULTRA.id[:25], ULTRA.id[-12:], f" {ULTRA.id[:25]} "])
def test_show_takes_a_part_of_an_id(data: Path, part: str) -> None:
    assert f"id         {ULTRA.id}\n" in run(data, "show", part)


def test_show_of_an_unknown_id(data: Path) -> None:
    assert "several runs fit 'task_0', give more of the id: task_0" in run(data, "show", "task_0", code=1)
    assert "no run's id begins or ends with 'task_f': `penstock runs` lists" in run(
        data, "show", "task_f", code=1
    )
    assert "no run has the id 'task'; give at least 6 characters of it" in run(data, "show", "task", code=1)


# -- what others wrote


def test_a_long_output_is_shown_in_part(data: Path) -> None:
    long = numbered(7, NOW - 3 * SECOND)
    make(data, long)
    many = [
        basis(f"f{number}", "none", *["https://c.example"] * 5, excerpt="y" * 300) for number in range(30)
    ]
    see(data, long, "completed", after=1, result=result_of(long, content="x" * 5000, basis=many))
    page = run(data, "show", long.id)
    assert "\n" + "x" * 4000 + "\n1000 more characters: --full shows all of it\n" in page
    assert (page.count("confidence none"), "11 more fields: --full shows more" in page) == (20, True)
    assert (page.count("- 2 more"), page.count("y" * 199 + "…")) == (20, 60)
    whole = run(data, "show", long.id, "--full")
    assert "x" * 5000 in whole
    assert "--full" not in whole
    assert (whole.count("confidence none"), whole.count("y" * 300)) == (31, 150)
    assert rows(run(data, "show", long.id, "--json"))[0]["output"]["output"]["content"] == "x" * 5000  # type: ignore[index]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe{}",
        b"[" * 100_000,
        DEEP,
        b'{"output":{}}',
        b'{"a":NaN}',
    ],
)
def test_results_of_any_kind_are_shown(data: Path, body: bytes) -> None:
    odd = numbered(7, NOW - 3 * SECOND)
    make(data, odd)
    see(data, odd, "completed", after=1, result=body)
    assert len(run(data, "show", odd.id, "--full")) < 10 * len(body) + 10_000
    (found,) = rows(run(data, "show", odd.id, "--json"))
    assert found["output"] is not None or not body


def test_what_others_wrote_cannot_drive_the_terminal(data: Path) -> None:
    owner = Owner("acct", "gw", user=EVIL)
    said = {"metadata": {EVIL: EVIL}, "product": EVIL, "state": EVIL}
    evil = numbered(7, NOW - 3 * SECOND, None, owner, **said)
    make(data, evil)
    see(
        data,
        evil,
        "completed",
        after=1,
        error=EVIL,
        result=result_of(evil, content=EVIL, basis=[basis(EVIL, EVIL, EVIL, excerpt=EVIL)]),
    )
    shown = [run(data), run(data, "show", evil.id), run(data, "show", evil.id, "--full")]
    shown += [run(data, "--json"), run(data, "show", evil.id, "--json")]
    for text in shown:
        assert not set(text) & {"\x1b", "\x07", "\x9b", "\u202e"}
        assert "owned" in text
    assert len(shown[0].splitlines()) == 8
    assert "\\x1b]0;owned\\x07" in shown[0]


# -- on a terminal


def spawned(data: Path) -> dict[str, str]:
    environment = {**os.environ, "PENSTOCK_DATA": str(data), "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    return environment


def on_a_terminal(data: Path, *arguments: str, columns: int = 90, stop_after: str = "") -> tuple[str, int]:
    """What it prints on a terminal, and its exit code; Ctrl-C when `stop_after` was seen."""
    main_side, other = pty.openpty()
    environment = spawned(data) | {"COLUMNS": str(columns)}
    process = subprocess.Popen([*START, *arguments], stdin=other, stdout=other, stderr=other, env=environment)
    os.close(other)
    text = ""
    try:
        while select.select([main_side], [], [], 60)[0] and (piece := os.read(main_side, 65536)):
            text += piece.decode()
            if stop_after and stop_after in text:
                stop_after = ""
                process.send_signal(signal.SIGINT)
    except OSError:
        pass  # the other side is closed
    os.close(main_side)
    return text, process.wait(60)


def test_on_a_terminal_it_has_colour_and_keeps_to_the_width(data: Path) -> None:
    text, code = on_a_terminal(data)
    assert code == 0
    for styled in ("32mcompleted", "31mfailed", "36mrunning"):
        assert f"{ESCAPE}{styled}" in text
    assert len(text.splitlines()) == 7
    assert ULTRA.id[-12:] in text
    assert ULTRA.id not in text
    assert "OWNER" not in text
    wide, _ = on_a_terminal(data, columns=150)
    assert ULTRA.id in wide
    assert "acct2/lab" in wide


def test_ctrl_c_ends_following_without_a_word(data: Path) -> None:
    text, code = on_a_terminal(data, "--follow", stop_after="queued")
    assert code == 0
    assert "Aborted" not in text
    assert "Traceback" not in text


def test_following_prints_runs_as_they_come_and_change_and_only_those_asked_for(data: Path) -> None:
    arguments = [
        *START,
        "--follow",
        "--json",
        "--active",
        "--kind",
        "task",
        "--kind",
        "findall",
        "--limit",
        "2",
    ]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=spawned(data))
    assert process.stdout is not None
    line = process.stdout.readline

    def told() -> tuple[object, object]:
        row = json.loads(line())
        return row["run_id"], row["state"]

    assert [told(), told()] == [(FINDALL.id, "running"), (CHILD.id, "queued")]
    more = numbered(11, NOW)
    make(data, numbered(10, NOW, made(RunKind.MONITOR, "base")), more)
    assert told() == (more.id, "queued")
    see(data, CHILD, "queued", after=5)  # nothing new
    see(data, CHILD, "running", after=6)
    assert told() == (CHILD.id, "running")
    see(data, more, "failed", after=6)
    assert told() == (more.id, "failed")
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert process.stdout.read() == ""
    process.stdout.close()
