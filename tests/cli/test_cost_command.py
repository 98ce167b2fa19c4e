"""`penstock cost` as people and programs use it."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from penstock.cli.cost import cost
from penstock.clock import Clock
from penstock.stores.ledger import NewCall
from penstock.stores.rollups import Repriced
from penstock.stores.sqlite.ledger.writer import FILE_NAME
from penstock.stores.sqlite.rollups.writer import RollupWriter
from support.rollups import BY_ESTIMATE, DAY_US, HOUR_US, START_US, RollupFile, rolled, row_of

START = [sys.executable, "-c", "from penstock.cli.cost import cost; cost(prog_name='penstock cost')"]
SINCE = ("--since", "2025-10-31")
CALLS = (
    rolled(model="openai/a", cost=1_500_000_000, team="red", tokens=(1000, 200)),
    rolled(START_US + HOUR_US, model="openai/a", cost=None, team="blue", operation="openai.responses.create"),
    rolled(START_US + HOUR_US, model="openai/b", cost=None, metadata={"project": "x\x1b[31m"}),
    rolled(START_US + DAY_US, model="groq/c", provider="groq", gateway="prod", cost=2_250_000_000),
    rolled(START_US + DAY_US, model="groq/c", provider="groq", gateway="prod", cost=0, cached=True),
    rolled(START_US + DAY_US, account="other", model=None, cost=1),
)


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    file = RollupFile(tmp_path / FILE_NAME)
    file.add(RollupWriter(), *CALLS)
    with closing(file.db):
        yield tmp_path


def run(data: Path, *arguments: str, code: int = 0) -> str:
    """Standard output; with another exit code than 0, standard error."""
    done = CliRunner().invoke(cost, [*arguments, "--data", str(data)])
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 else done.stderr


def lines(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_models_by_their_cost_and_a_total(data: Path) -> None:
    assert run(data, *SINCE, "--account", "acc") == (
        "MODEL     REQUESTS  CACHED  TOKENS IN  TOKENS OUT  COST (USD)  UNPRICED\n"
        "groq/c           2       1         20          10    2.250000         0\n"
        "openai/a         2       0       1010         205   1.500000+         1\n"
        "openai/b         1       0         10           5     unknown         1\n"
        "total            5       1       1040         220   3.750000+         2\n"
    )


def test_what_is_unknown_is_said_beside_the_table(data: Path) -> None:
    done = CliRunner().invoke(cost, [*SINCE, "--data", str(data)])
    assert "2 calls have no known price: what was paid for them is unknown, not zero." in done.stderr
    done = CliRunner().invoke(cost, [*SINCE, "--model", "b", "--data", str(data)])
    assert "1 call has no known price" in done.stderr
    done = CliRunner().invoke(cost, [*SINCE, "--provider", "groq", "--data", str(data)])
    assert done.stderr == ""


def test_what_runs_are_expected_to_cost_stands_beside_what_is_settled(tmp_path: Path) -> None:
    card = "parallel card 2026-11-10"

    def ultra(source: str) -> NewCall:
        return rolled(cost=300_000_000, source=source, model="parallel/ultra", provider="parallel")

    file = RollupFile(tmp_path / FILE_NAME)
    going = ultra(f"{card}, estimate")
    file.add(RollupWriter(), going, ultra(card), going)
    with closing(file.db):
        assert lines(run(tmp_path, *SINCE))[1] == [
            "parallel/ultra",
            "3",
            "0",
            "30",
            "15",
            "0.900000",
            "0",
            "0.600000",
        ]
        done = CliRunner().invoke(cost, [*SINCE, "--data", str(tmp_path)])
        assert done.stderr == (
            "0.600000 USD of the cost is what runs are expected to come to, which have not ended"
            " (`penstock runs --active`).\n"
        )
        file.add(RollupWriter(), rolled(cost=1000, source=BY_ESTIMATE, estimated=(1, 1)))
        done = CliRunner().invoke(cost, [*SINCE, "--data", str(tmp_path)])
        assert "1 call was answered without all tokens" in done.stderr
        assert "0.600001 USD of the cost goes by such tokens, or is what runs" in done.stderr
        file.recost(Repriced(row_of(going), 0, card), Repriced(row_of(going), 300_000_000, card))
        assert lines(run(tmp_path, *SINCE, "--provider", "parallel"))[0][-1] == "UNPRICED"
        done = CliRunner().invoke(cost, [*SINCE, "--provider", "parallel", "--data", str(tmp_path)])
        assert (lines(done.stdout)[1][5], done.stderr) == ("0.600000", "")


def test_by_time_and_something_else(data: Path) -> None:
    found = lines(run(data, *SINCE, "--by", "day", "--by", "gateway", "--account", "acc"))
    assert found[0][:4] == ["DAY", "(UTC)", "GATEWAY", "REQUESTS"]
    assert [line[:3] for line in found[1:]] == [
        ["2025-10-31", "main", "3"],
        ["2025-11-01", "prod", "2"],
        ["total", "5", "1"],
    ]
    found = lines(run(data, *SINCE, "--by", "hour,model", "--account", "acc", "--until", "2025-11-01"))
    assert found[2][:4] == ["2025-10-31", "01:00", "openai/a", "1"]


def test_by_operation(data: Path) -> None:
    found = lines(
        run(data, *SINCE, "--by", "operation", "--by", "model", "--provider", "openai", "--account", "acc")
    )
    assert [line[:3] for line in found[1:-1]] == [
        ["openai.chat.completions.create", "openai/a", "1"],
        ["openai.chat.completions.create", "openai/b", "1"],
        ["openai.responses.create", "openai/a", "1"],
    ]


def test_a_key_is_a_token(data: Path) -> None:
    assert run(data, *SINCE, "--by", "key") == run(data, *SINCE, "--by", "token")


def test_by_who_called(data: Path) -> None:
    found = lines(run(data, *SINCE, "--by", "team", "--account", "acc"))
    assert [line[:2] for line in found[1:]] == [["-", "3"], ["red", "1"], ["blue", "1"], ["total", "5"]]
    shown = run(data, *SINCE, "--by", "metadata.project", "--by", "month")
    assert "x\\x1b[31m" in shown
    assert "\x1b" not in shown


def test_filters_choose(data: Path) -> None:
    for options, requests in (
        (("--model", "a"), "2"),
        (("--model", "openai/a", "--model", "c"), "4"),
        (("--gateway", "prod"), "2"),
        (("--operation", "openai.responses.create"), "1"),
        (("--gateway", "prod", "--provider", "openai"), "0"),
        (("--until", "2025-10-31T01:00:00Z"), "1"),
    ):
        *_, total = lines(run(data, *SINCE, "--account", "acc", "--by", "status", *options))
        assert total[1] == requests


def test_json_is_what_the_api_answers(data: Path) -> None:
    found = [json.loads(line) for line in run(data, *SINCE, "--by", "month,provider", "--json").splitlines()]
    assert [(line["begins_at"], line["dimensions"], line["cost"], line["unpriced"]) for line in found] == [
        ("2025-10-01T00:00:00Z", {"provider": "openai"}, 1.5, 2),
        ("2025-11-01T00:00:00Z", {"provider": "groq"}, 2.25, 0),
        ("2025-11-01T00:00:00Z", {"provider": "openai"}, 1e-09, 0),
    ]


def test_the_last_thirty_days_are_what_is_meant(tmp_path: Path) -> None:
    file = RollupFile(tmp_path / FILE_NAME)
    now_us = Clock().now_us()
    file.add(RollupWriter(), rolled(now_us - 31 * DAY_US), rolled(now_us - 29 * DAY_US), rolled(now_us))
    file.db.close()
    assert lines(run(tmp_path))[-1][:2] == ["total", "2"]
    assert lines(run(tmp_path, "--since", "24h"))[-1][:2] == ["total", "1"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--by", "colour"), "--by: 'colour' is none of gateway, provider"),
        (("--by", "day", "--by", "hour"), "--by: take one of day and hour"),
        (("--by", "team", "--by", "model"), "team is kept crossed with gateway only, not with model"),
        (("--since", "soon"), "--since: 'soon' is no time"),
        (("--since", "1h", "--until", "2h"), "--since: it must be earlier than --until"),
        (("--until", "soon"), "--until: 'soon' is no time"),
    ],
)
def test_what_cannot_be_asked_is_said(data: Path, options: tuple[str, ...], says: str) -> None:
    assert says in run(data, *options, code=2)


def test_no_ledger_is_said(tmp_path: Path) -> None:
    assert f"no ledger in {tmp_path} (by --data): start `penstock serve" in run(tmp_path, code=1)
    (tmp_path / FILE_NAME).write_bytes(b"no database at all" * 100)
    assert f"cannot read the ledger in {tmp_path}" in run(tmp_path, code=1)


def test_a_terminal_gets_colours(data: Path) -> None:
    main, terminal = pty.openpty()
    environ = {**os.environ, "COLUMNS": "120", "TERM": "xterm-256color"}
    command = [*START, *SINCE, "--data", str(data)]
    subprocess.run(command, stdout=terminal, stderr=subprocess.DEVNULL, env=environ, check=True, timeout=60)
    os.close(terminal)
    shown = b""
    while select.select([main], [], [], 5)[0]:
        try:
            shown += os.read(main, 65536)
        except OSError:
            break
    os.close(main)
    assert b"\x1b[1mMODEL" in shown
    assert b"\x1b[1mtotal" in shown
