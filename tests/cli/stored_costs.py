"""A data folder with priced calls, and the commands over it as people run them."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import msgspec

from penstock.clock import Clock
from penstock.journal.record import CallRecord
from penstock.stores.ledger import CallRow, Derived, Move, NewCall, Query
from penstock.stores.sqlite.ledger.reader import SqliteReader
from penstock.stores.sqlite.ledger.writer import FILE_NAME, SqliteLedger

BASE = CallRecord(
    "id", "event", 0, "acc", "main", "openai", "POST", "chat/completions", 200, 0,
    1_234_567, 98_765, 100, 2048, False, False, True, "application/json", "application/json", "", "", "tests",
    0, False, True, None, "", {}, {}, "", attempts=1,
)  # fmt: skip
USED = '{"input_tokens":1000,"output_tokens":100,"total_tokens":1100}'
SEARCH = b'{"objective":"x","mode":"advanced"}'
DAY = 86_400


def uuid(number: int, created_us: int) -> str:
    digits = f"{created_us // 1000:012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-{number:04x}cafecafe"


def add(
    data: Path,
    number: int,
    *,
    days: float = 1,
    model: str | None = "openai/gpt",
    cost: int | None = 3_000_000,
    source: str | None = "old.toml",
    usage: str | None = USED,
    custom: bool = False,
    request: bytes = b"{}",
    **changes: object,
) -> str:
    """One more call, of so many days ago; its id."""
    created = Clock().now_us() - int(days * DAY) * 1_000_000
    call_id = uuid(number, created)
    own = {"id": call_id, "event_id": call_id, "created_us": created, "request_size": len(request)}
    record = msgspec.structs.replace(BASE, **{**own, **changes})
    derived = Derived(model, "text generation", "chat", 1000, 100, usage, cost, source, custom)
    with closing(SqliteLedger(data / FILE_NAME)) as ledger:
        start = ledger.positions().get("s", 0)
        ledger.append([NewCall(record, derived, request, b"{}")], Move("s", start, start + 1))
    return call_id


def rows(data: Path) -> list[CallRow]:
    """All calls, newest first."""
    with closing(SqliteReader(data / FILE_NAME)) as reader:
        return reader.calls(Query(), 1000)


def environment(data: Path, home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PENSTOCK_DATA": str(data),
        "XDG_CACHE_HOME": str(home),
        "TZ": "UTC",
        "COLUMNS": "140",
    }


def start(module: str, name: str) -> list[str]:
    return [
        sys.executable,
        "-c",
        f"from penstock.cli.{module} import {name}; {name}(prog_name='penstock {name}')",
    ]


def run(command: list[str], data: Path, *arguments: str, code: int = 0) -> tuple[str, str]:
    """Standard output and standard error."""
    done = subprocess.run(
        [*command, *arguments], capture_output=True, text=True, env=environment(data, data), timeout=60,
        check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr


def on_a_terminal(command: list[str], data: Path, *arguments: str, say: bytes = b"") -> str:
    """What a terminal shows; `say` is typed once something is asked."""
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [*command, *arguments], stdin=follower, stdout=follower, stderr=follower,
        env={**environment(data, data), "TERM": "xterm"}, close_fds=True,
    ) as process:  # fmt: skip
        os.close(follower)
        shown = b""
        while select.select([leader], [], [], 60)[0]:
            try:
                piece = os.read(leader, 65536)
            except OSError:
                break
            shown += piece
            if say and b"]: " in shown:
                os.write(leader, say)
                say = b""
        process.wait(60)
    os.close(leader)
    return shown.decode()
