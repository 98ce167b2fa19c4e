"""`penstock explain` as people and programs use it: a page on a terminal, plain text in a pipe, JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stored_costs import SEARCH, add, on_a_terminal, run, start

from penstock.journal.record import Event

EXPLAIN = start("explain", "explain")
TRAIL = (
    Event("token", 90, "ci \x1b[31mred"),
    Event("spend_limit", 120, "0.003 USD set aside of a"),
    Event("attempt", 400, "1 https://api.example"),
    Event("answer", 98_000, "200"),
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "own.toml").write_text('["openai/gpt"]\ninput = 2\noutput = 10\n')
    add(tmp_path, 1, trail=TRAIL, token="5gv2", source="own.toml")
    add(
        tmp_path,
        2,
        provider="parallel",
        path="v1/search",
        model=None,
        usage=None,
        cost=5_000_000,
        request=SEARCH,
    )
    add(tmp_path, 3, cost=None, source=None, model="openai/no-such-model")
    return tmp_path


def explain(data: Path, *arguments: str, code: int = 0) -> tuple[str, str]:
    return run(EXPLAIN, data, "--prices", str(data / "own.toml"), *arguments, code=code)


def test_in_a_pipe_it_is_plain(data: Path) -> None:
    shown, _ = explain(data, "0001cafecafe")
    assert "\x1b[" not in shown
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    for line in (
        "request POST chat/completions",
        "token 5gv2",
        "0.0 ms began",
        "0.1 ms token ci \\x1b[31mred",
        "0.1 ms spend limit 0.003 USD set aside of a",
        "0.4 ms attempt 1 https://api.example",
        "98 ms answer 200",
        "1.23 s ended complete",
        "input tokens 1000",
        "0.003 USD by own.toml",
        "1,000 input tokens × 0.000002 = 0.002 USD",
        "100 output tokens × 0.00001 = 0.001 USD",
    ):
        assert line in lines, line


def test_on_a_terminal_there_is_a_time_line(data: Path) -> None:
    shown = on_a_terminal(EXPLAIN, data, "0001cafecafe", "--prices", str(data / "own.toml"))
    assert "●──────" in shown
    assert "───●" in shown
    assert "\x1b[31m" not in shown


def test_the_whole_id_and_json(data: Path) -> None:
    first = json.loads(explain(data, "0001cafecafe", "--json")[0])
    again = json.loads(explain(data, first["id"].upper(), "--json")[0])
    assert again == first
    assert first["price"]["lines"][0] == {
        "what": "input tokens", "amount": 1000, "usd_each": "0.000002", "usd": 0.002
    }  # fmt: skip
    assert first["usage"] == {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100}


def test_parallel_is_explained_by_its_request(data: Path) -> None:
    told = json.loads(explain(data, "0002cafecafe", "--json")[0])["price"]
    assert [line["what"] for line in told["lines"]] == ["requests (advanced)"]
    assert (told["usd"], told["today_usd"]) == (0.005, 0.005)


def test_an_unknown_cost_says_why(data: Path) -> None:
    shown, _ = explain(data, "0003cafecafe")
    assert "no price list has openai/no-such-model" in shown
    assert "unknown" in shown


def test_which_call(data: Path, tmp_path: Path) -> None:
    assert "at least 8 characters" in explain(data, "cafe", code=1)[1]
    assert "several calls fit" in explain(data, "cafecafe", code=1)[1]
    assert "no call's id" in explain(data, "beefbeef", code=1)[1]
    assert "no ledger in" in run(EXPLAIN, tmp_path / "nowhere", "cafecafe", code=1)[1]
