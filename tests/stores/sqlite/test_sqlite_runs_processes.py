"""Runs between real processes: raced for, and killed at every statement of every verb.

This file is also the program of those processes. What one has done it acknowledges on its standard output, or in a
file where it is to be killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from itertools import count
from pathlib import Path
from random import Random

from penstock.runs.run import Create, RunKind
from penstock.stores.runs import ANY_RUN
from penstock.stores.sqlite.runs.ledger import SqliteRunLedger
from support.run_ledgers import CORE, NOW, SECOND, create, made, make, of_call, run, seen

PROCESSES = 3
RUNS = 300
KILLINGS = 12
LATER = NOW + 1000 * SECOND

Process = subprocess.Popen[str]


def opened(folder: Path) -> SqliteRunLedger:
    return SqliteRunLedger(folder / "runs.db", busy_seconds=30)


def start(verb: str, folder: Path, number: int = 0) -> Process:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    arguments = (sys.executable, __file__, verb, str(folder), str(number))
    return subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )


def together(verb: str, folder: Path) -> list[list[str]]:
    """What each of several processes says that begin at the same moment."""
    processes = [start(verb, folder, number) for number in range(PROCESSES)]
    try:
        for one in processes:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        for one in processes:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        said = [one.communicate(timeout=60)[0].split() for one in processes]
        assert [one.returncode for one in processes] == [0] * PROCESSES
        return said
    finally:
        for one in processes:
            one.kill()
            one.communicate()


def test_of_several_who_see_the_same_ends_each_is_settled_by_one(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as runs:
        make(runs, *(run(f"trun_{n}") for n in range(RUNS)))
        said = together("settle", tmp_path)
        ended = [name for one in said for name in one]
        assert len(ended) == len({*ended}) == RUNS
        found = runs.runs(ANY_RUN, RUNS)
        assert sum(one.cost or 0 for one in found) == RUNS * CORE
        (stale,) = runs.stale(9)
        assert (stale.nano, stale.is_final) == (RUNS * CORE, True)


def test_of_several_who_look_for_work_each_run_is_given_to_one(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as runs:
        make(runs, *(run(f"trun_{n}", stored_key="main") for n in range(RUNS)))
        given = [name for one in together("due", tmp_path) for name in one]
        assert len(given) == len({*given}) == RUNS


def test_of_several_who_send_the_same_one_does(tmp_path: Path) -> None:
    sent = [name for one in together("intend", tmp_path) for name in one]
    assert sorted(map(int, sent)) == [*range(RUNS)]


def test_of_several_who_find_the_damage_one_sets_it_aside(tmp_path: Path) -> None:
    (tmp_path / "runs.db").write_bytes(b"something else entirely" * 1000)
    sent = [name for one in together("intend", tmp_path) for name in one]
    assert sorted(map(int, sent)) == [*range(RUNS)], "in one new file"
    assert len(list(tmp_path.glob("runs.db.damaged-*"))) == 1


# -- killed


STEPS = 7


def step(runs: SqliteRunLedger, number: int) -> int:
    """One verb of a short story, which may be told again; how many runs have come to their end by it."""
    added = [of_call(run(f"trun_{n}", parent="tgrp_1"), "added") for n in range(2)]
    match number:
        case 0:
            runs.intend(create("group", body=b"group"))
            runs.made(made(run("tgrp_1", RunKind.GROUP, "", call_id="group"), call_id="group"))
        case 1:
            runs.intend(create("added", body=b"added"))
        case 2:
            return len(runs.saw([seen("trun_0", product="core", parent="tgrp_1"), seen("stranger")]))
        case 3:
            runs.made(made(*added, call_id="added"))
        case 4:
            return len(runs.saw([seen("trun_0", result=b"{}"), seen("trun_1", result=b"{}")]))
        case 5:
            make_once(runs)
        case _:
            for stale in runs.stale(9):
                runs.told(stale.create.call_id, stale.version)
    return 0


def make_once(runs: SqliteRunLedger) -> None:
    """Of what was seen before anybody had made it."""
    runs.intend(create("late", body=b"late"))
    runs.made(made(of_call(run("stranger"), "late"), call_id="late"))


def test_killed_at_any_statement_nothing_is_lost_and_all_is_settled_once(tmp_path: Path) -> None:
    forking = start("killed", tmp_path)
    output, _ = forking.communicate(timeout=100)
    assert forking.returncode == 0
    points = int(output)
    assert points > 50
    for point in range(points):
        folder = tmp_path / str(point)
        acknowledged = (folder / "done").read_text().split()
        assert len(acknowledged) < STEPS, "it was killed before its end"
        with closing(opened(folder)) as runs:
            _is_as_acknowledged(runs, len(acknowledged))
            ended = sum(step(runs, number) for number in range(STEPS))
            assert sum(map(int, acknowledged)) + ended in (1, 2), (
                "one more may have been killed on its way back"
            )
            _is_settled(runs)


def _is_as_acknowledged(runs: SqliteRunLedger, steps: int) -> None:
    names = {one.id for one in runs.runs(ANY_RUN, 9)}
    assert ("tgrp_1" in names) >= (steps > 0)
    assert ("trun_0" in names) >= (steps > 2)
    assert ("trun_1" in names) >= (steps > 3)
    settled = {one.id for one in runs.runs(ANY_RUN, 9) if one.settled_us is not None}
    assert ("trun_0" in settled) >= (steps > 2)
    assert ("trun_1" in settled) >= (steps > 4)
    assert (runs.result("trun_1") is not None) >= (steps > 4)
    assert ("stranger" in settled) >= (steps > 5)


def _is_settled(runs: SqliteRunLedger) -> None:
    """All of it, and what was told of each call is what its runs have cost."""
    found = {one.id: one for one in runs.runs(ANY_RUN, 9)}
    assert {name: one.cost for name, one in found.items()} == {
        "tgrp_1": 0,
        "trun_0": CORE,
        "trun_1": CORE,
        "stranger": CORE,
    }
    assert found["trun_0"].call_id == "added"
    assert runs.stale(9) == []
    sums = runs._file.connection().execute(
        "SELECT call_id, nano, unknown, open FROM creates ORDER BY call_id"
    )
    assert sums.fetchall() == [("added", 2 * CORE, 0, 0), ("group", 0, 0, 0), ("late", CORE, 0, 0)]


def test_killed_at_random_moments_while_others_go_on(tmp_path: Path) -> None:
    random = Random(7)
    with closing(opened(tmp_path)) as runs:
        make(runs, *(run(f"trun_{n}") for n in range(RUNS)))
        ended: list[str] = []
        for _ in range(KILLINGS):
            victim = start("settle", tmp_path)
            assert victim.stdout is not None
            assert victim.stdin is not None
            assert victim.stdout.readline() == "ready\n"
            victim.stdin.write("go\n")
            victim.stdin.flush()
            some = [victim.stdout.readline() for _ in range(random.randint(0, 8))]
            victim.kill()
            rest, _ = victim.communicate()
            ended += "".join((*some, rest)).split()
        settled = {one.id for one in runs.runs(ANY_RUN, RUNS) if one.settled_us is not None}
        assert {*ended} <= settled, "what was acknowledged is there"
        ends = [one.id for one in runs.saw([seen(f"trun_{n}") for n in range(RUNS)])]
        assert {*ends} == {f"trun_{n}" for n in range(RUNS)} - settled
        (stale,) = runs.stale(9)
        assert (stale.nano, stale.is_final) == (RUNS * CORE, True)


# -- the program of the processes


def main(verb: str, folder: str, number: str) -> None:
    if verb == "killed":
        os.write(1, b"%d" % killed(Path(folder)))
        return
    os.write(1, b"ready\n")
    sys.stdin.readline()
    random = Random(int(number))
    with closing(opened(Path(folder))) as runs:
        {"settle": settle, "due": take, "intend": send}[verb](runs, random)


def say(names: list[str]) -> None:
    os.write(1, "".join(f"{name}\n" for name in names).encode())


def settle(runs: SqliteRunLedger, random: Random) -> None:
    names = [f"trun_{n}" for n in range(RUNS)]
    random.shuffle(names)
    while names:
        some = [names.pop() for _ in range(min(len(names), random.randint(1, 9)))]
        say([one.id for one in runs.saw([seen(name) for name in some])])


def take(runs: SqliteRunLedger, random: Random) -> None:
    while found := runs.due(LATER, str(random), 60 * SECOND, random.randint(1, 7)):
        say([one.run.id for one in found])


def send(runs: SqliteRunLedger, random: Random) -> None:
    for number in range(RUNS):
        request: Create = create(f"{os.getpid()}-{number}", key=b"%d" % number, body=b"%d" % number)
        if runs.intend(request) is None:
            say([str(number)])


def killed(folder: Path) -> int:
    """Tells the story again and again, in a child that is killed one statement later each time; how often that was."""
    for point in count():
        (folder / str(point)).mkdir()
        child = os.fork()
        if child == 0:
            story(folder / str(point), point)
            os._exit(0)
        if os.waitpid(child, 0)[1] == 0:
            return point
    raise AssertionError


def story(folder: Path, point: int) -> None:
    done = os.open(folder / "done", os.O_WRONLY | os.O_CREAT)
    left = point

    def traced(_: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    runs = opened(folder)
    runs._file.connection().set_trace_callback(traced)
    for number in range(STEPS):
        os.write(done, b"%d\n" % step(runs, number))


if __name__ == "__main__":
    main(*sys.argv[1:])
