"""A field of a call is added: what must be written for it, and what follows of itself.

A copy of the source gets the lines that the guide of the architecture names, and reads a ledger that was written
before. What the copy does is asked of it in a process of its own.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from penstock.stores.sqlite.ledger.blocks import BlockSizes
from penstock.stores.sqlite.ledger.writer import FILE_NAME, SqliteLedger
from support.stored_calls import call, step

ROOT = Path(__file__).parents[2]
SIZES = BlockSizes(calls=4, shelf=2, tail=2, tail_us=1_000_000)
OLDER = 40

RECORD = """
    verdict: str = ""
    blocked: bool = False
    judged_us: int | None = None
"""
COLUMNS = """
    verdict: Annotated[str, Column("name", 29, filtered=True, since=5)] = ""
    blocked: Annotated[bool, Column("flag", 30, filtered=True, since=5)] = False
    judged_us: Annotated[int | None, Column("duration", wire="judged", since=6)] = None
"""
KEYS = '"verdict", "blocked", '

PROGRAM = """
import sys
from contextlib import closing
from pathlib import Path

import msgspec

from penstock.calls.log_record import LogDetail, LogRecord, log_record
from penstock.cli import render
from penstock.export.log_event import log_line
from penstock.export.span import span_of
from penstock.control.log_filters import LOG_RULES, conditions
from penstock.stores.ledger import Query
from penstock.stores.sqlite.ledger.blocks import BlockSizes
from penstock.stores.sqlite.ledger.reader import SqliteReader
from penstock.stores.sqlite.ledger.writer import SqliteLedger
from support.stored_calls import call, step

path, older, sizes = Path(sys.argv[1]), int(sys.argv[2]), BlockSizes(*map(int, sys.argv[3:]))
said = {"verdict": "allowed", "blocked": False, "judged_us": 2500}
with closing(SqliteLedger(path, sizes=sizes)) as ledger:
    new = [call(older + number, **said) for number in range(20)]
    stopped = [call(older + 20 + number, verdict="stopped", blocked=True) for number in range(3)]
    ledger.append([*new, *stopped], step(1))

def chosen(key, operator, *values):
    filters = [{"key": key, "operator": operator, "value": list(values)}]
    where = Query(conditions=tuple((one,) for one in conditions(filters, LOG_RULES)))
    found = reader.calls(where, 1000)
    assert len(found) == reader.count(where)
    return [[row.verdict, row.blocked] for row in found]

with closing(SqliteReader(path)) as reader:
    rows = reader.calls(Query(), 1000)
    told = {
        "rows": [[row.verdict, row.blocked, row.judged_us] for row in rows],
        "stopped": chosen("verdict", "eq", "stopped"),
        "part": chosen("verdict", "contains", "allow"),
        "none": chosen("verdict", "eq", ""),
        "others": chosen("verdict", "neq", "allowed"),
        "blocked": chosen("blocked", "eq", True),
        "passed": chosen("blocked", "eq", False),
        "zones": reader._db.execute("SELECT count(*) FROM zones").fetchone()[0],
        "log": log_record(rows[3]),
        "silent log": log_record(rows[-1]),
        "fields": msgspec.json.schema(LogDetail)["$defs"]["LogDetail"]["properties"],
        "pushed": msgspec.json.decode(log_line(rows[3], None, None)),
        "span": span_of(rows[3], None).attributes,
        "silent span": span_of(rows[-1], None).attributes,
        "shown": [[name, cell.text] for name, cell in render.facts(rows[0])],
    }
sys.stdout.buffer.write(msgspec.json.encode(told))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the copy says of a ledger with older and newer calls."""
    folder = tmp_path_factory.mktemp("later")
    with closing(SqliteLedger(folder / FILE_NAME, sizes=SIZES)) as ledger:
        ledger.append([call(number) for number in range(OLDER)], step(0))
    shutil.copytree(
        ROOT / "src" / "penstock", folder / "src" / "penstock", ignore=shutil.ignore_patterns("__pycache__")
    )
    penstock = folder / "src" / "penstock"
    add(
        penstock / "journal" / "record.py",
        '    provider_error: str = ""  # the type that the answer tells; only where not all of it is kept\n',
        RECORD,
    )
    add(
        penstock / "stores" / "ledger.py",
        '    estimated: Annotated[bool, Column("flag", 28, "derived.estimated", filtered=True, since=3)] = False\n',
        COLUMNS,
    )
    add(penstock / "stores" / "ledger.py", "\nKey = Literal[\n", KEYS)
    asked = subprocess.run(
        [sys.executable, "-c", PROGRAM, folder / FILE_NAME, str(OLDER), *map(str, SIZES)],
        env={"PYTHONPATH": f"{folder / 'src'}:{ROOT / 'tests'}"},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr.decode()
    found: dict[str, Any] = json.loads(asked.stdout)
    return found


def add(path: Path, after: str, more: str) -> None:
    """Some lines more in a file, after a line that is there once."""
    text = path.read_text()
    assert text.count(after) == 1
    path.write_text(text.replace(after, after + more.lstrip("\n")))


def test_it_is_stored_and_read_back(told: dict[str, Any]) -> None:
    assert (
        told["rows"]
        == [["stopped", True, None]] * 3 + [["allowed", False, 2500]] * 20 + [["", False, None]] * OLDER
    )


def test_calls_are_chosen_by_it_older_ones_too(told: dict[str, Any]) -> None:
    assert told["zones"] > 5
    assert told["stopped"] == [["stopped", True]] * 3
    assert told["part"] == [["allowed", False]] * 20
    assert told["none"] == [["", False]] * OLDER
    assert told["others"] == [["stopped", True]] * 3 + [["", False]] * OLDER
    assert told["blocked"] == [["stopped", True]] * 3
    assert told["passed"] == [["allowed", False]] * 20 + [["", False]] * OLDER


def test_the_log_record_has_it_after_the_fields_of_before(told: dict[str, Any]) -> None:
    assert list(told["log"].items())[-3:] == [("verdict", "allowed"), ("blocked", False), ("judged", 2)]
    assert list(told["silent log"].items())[-3:] == [("verdict", None), ("blocked", False), ("judged", None)]
    assert told["fields"]["verdict"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert told["fields"]["blocked"] == {"type": "boolean"}


def test_exports_have_it(told: dict[str, Any]) -> None:
    assert list(told["pushed"].items())[-3:] == [
        ("Verdict", "allowed"),
        ("Blocked", False),
        ("JudgedMs", 2.5),
    ]
    assert told["span"]["penstock.verdict"] == "allowed"
    assert told["span"]["penstock.judged_ms"] == 2.5
    assert "penstock.verdict" not in told["silent span"]


def test_the_command_line_shows_it(told: dict[str, Any]) -> None:
    assert ["verdict", "stopped"] in told["shown"]
    assert ["blocked", "yes"] in told["shown"]
