"""The shipper as a process: it is killed, told to stop, orphaned, and never loses or doubles a call."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from penstock.journal.segments import list_segments
from penstock.stores.ledger import LedgerUnavailable
from penstock.stores.sqlite.ledger.writer import FILE_NAME
from support.journal_kit import Writer, abandoned, frames, names, stored

_START = (
    "import sys; from pathlib import Path; from penstock.shipper.process import main; "
    "from penstock.stores.opening import Stores; "
    "sys.exit(main(Stores(Path(sys.argv[1])), int(sys.argv[2]) if len(sys.argv) > 2 else None))"
)
# Small batches, so that there are many commits to be killed between.
_START_SLOW = "import penstock.journal.reading as reading; reading.MAX_ROWS = 7; " + _START


def _start(
    data: Path, *arguments: str, code: str = _START, parent: int | None = None
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, str(data), *arguments],
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=() if parent is None else (parent,),
    )


def _end(process: subprocess.Popen[str]) -> str:
    """What it said; it must end by itself."""
    _, said = process.communicate(timeout=60)
    return said


def _wait_until(true: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    while not true():
        assert process.poll() is None


def _arrived(data: Path) -> int:
    try:
        return len(stored(data))
    except LedgerUnavailable:
        return 0


def test_killed_again_and_again_each_call_arrives_once(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    per_segment, segments = 600, 5
    for seq in range(segments):
        numbers = range(seq * per_segment, (seq + 1) * per_segment)
        abandoned(journal, b"".join(frames(numbers)), seq)
    total = per_segment * segments
    for kill_at in range(200, total, 400):
        process = _start(tmp_path, code=_START_SLOW)
        while _arrived(tmp_path) < kill_at:
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        _end(process)
    process = _start(tmp_path)
    _wait_until(lambda: not list_segments(journal), process)
    process.terminate()
    _end(process)
    assert sorted(stored(tmp_path)) == names(range(total))


def test_told_to_stop_it_drains_and_ends(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "journal")
    process = _start(tmp_path)
    writer.write(frames([0])[0])
    _wait_until(lambda: _arrived(tmp_path) == 1, process)
    writer.write(b"".join(frames(range(1, 500))))
    process.terminate()
    assert _end(process) == ""
    assert process.returncode == 0
    assert not (tmp_path / f"{FILE_NAME}-wal").exists()
    assert stored(tmp_path) == names(range(500))
    writer.die()


@pytest.mark.parametrize("interrupted", [False, True])
def test_it_ends_when_its_parent_dies_and_not_at_ctrl_c(tmp_path: Path, interrupted: bool) -> None:
    reader, writer = os.pipe()
    journal = Writer(tmp_path / "journal")
    process = _start(tmp_path, str(reader), parent=reader)
    os.close(reader)
    journal.write(frames([0])[0])
    _wait_until(lambda: _arrived(tmp_path) == 1, process)
    if interrupted:
        process.send_signal(signal.SIGINT)
    journal.write(frames([1])[0])
    _wait_until(lambda: _arrived(tmp_path) == 2, process)
    os.close(writer)
    assert _end(process) == ""
    assert process.returncode == 0
    journal.die()


def test_a_second_shipper_waits_for_the_first(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "journal")
    first = _start(tmp_path)
    writer.write(frames([0])[0])
    _wait_until(lambda: _arrived(tmp_path) == 1, first)
    second = _start(tmp_path)
    assert second.stderr is not None
    assert "another shipper" in second.stderr.readline()
    first.terminate()
    _end(first)
    writer.write(frames([1])[0])
    _wait_until(lambda: _arrived(tmp_path) == 2, second)
    second.terminate()
    _end(second)
    assert second.returncode == 0
    writer.die()


def test_it_stays_lean() -> None:
    code = (
        "import sys, penstock.shipper.process as p; "
        "print([m for m in ('click', 'rich', 'asyncio', 'logging', 'uvicorn', 'http') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
