"""`penstock reprice`: shows first, asks, writes, stays right when it is interrupted, and is soon done with it."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from stored_costs import DAY, SEARCH, add, on_a_terminal, rows, run, start

from penstock.clock import Clock
from penstock.stores.rollups import Question
from penstock.stores.sqlite.ledger.writer import FILE_NAME
from penstock.stores.sqlite.rollups.reader import SqliteRollups

REPRICE = start("reprice", "reprice")
PRICES = '["openai/gpt"]\ninput = 1\noutput = 10\n["openai/new"]\ninput = 1\noutput = 1\n'


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "new.toml").write_text(PRICES)
    add(tmp_path, 1)
    add(tmp_path, 2)
    add(tmp_path, 3, model="openai/new", cost=None, source=None, gateway="other")
    add(tmp_path, 4, model="openai/no-such-model")
    add(
        tmp_path,
        5,
        custom=True,
        source="cf-aig-custom-cost",
        controls={"cf-aig-custom-cost": '{"total_cost":1}'},
    )
    add(tmp_path, 6, cached=True, cost=0, source="cache")
    add(tmp_path, 7, days=100)
    add(tmp_path, 8, provider="parallel", path="v1/search", model=None, usage=None, cost=1, request=SEARCH)
    add(tmp_path, 9, provider="parallel", path="v1/search", model=None, usage=None, cost=2, bodies=False)
    return tmp_path


def costs(data: Path) -> dict[int, int | None]:
    return {int(row.id[-12:-8], 16): row.cost_nano for row in rows(data)}


BEFORE = {1: 3_000_000, 2: 3_000_000, 3: None, 4: 3_000_000, 5: 3_000_000, 6: 0, 7: 3_000_000, 8: 1, 9: 2}
AFTER = {**BEFORE, 1: 2_000_000, 2: 2_000_000, 3: 1_100_000, 4: None, 8: 5_000_000}


def reprice(data: Path, *arguments: str, code: int = 0) -> tuple[str, str]:
    return run(REPRICE, data, "--prices", str(data / "new.toml"), *arguments, code=code)


def summed(data: Path) -> tuple[int, int]:
    """Cost and number of unpriced calls, as the roll-ups have them."""
    now = Clock().now_us()
    with closing(SqliteRollups(data / FILE_NAME)) as rollups:
        groups = rollups.ask(Question("acc", now - 200 * DAY * 1_000_000, now + DAY * 1_000_000))
    return sum(group.sums.cost_nano for group in groups), sum(group.sums.unpriced for group in groups)


def test_without_a_yes_it_only_shows(data: Path) -> None:
    shown, said = reprice(data)
    lines = [line.split() for line in shown.splitlines()]
    assert lines[0] == ["PROVIDER", "MODEL", "CALLS", "OLD", "USD", "NEW", "USD", "DIFFERENCE", "CHANGED", "NEWLY",
                        "NO", "LONGER"]  # fmt: skip
    assert ["openai", "gpt", "4", "0.009", "0.007", "-0.002", "2", "0", "0"] in lines
    assert ["openai", "new", "1", "0.00", "0.0011", "+0.0011", "1", "1", "0"] in lines
    assert ["openai", "no-such-model", "1", "0.003", "0.00", "-0.003", "1", "0", "1"] in lines
    assert ["parallel", "-", "2", "0.000000003", "0.005000002", "+0.004999999", "1", "0", "0"] in lines
    assert shown.splitlines()[-1].endswith("5 costs differ")
    assert "\x1b[" not in shown
    assert "nothing was written: give --yes" in said
    assert costs(data) == BEFORE


def test_with_yes_it_writes_and_a_second_time_there_is_nothing_to_do(data: Path) -> None:
    assert "5 costs were changed" in reprice(data, "--yes")[0]
    assert costs(data) == AFTER
    assert {row.price_source for row in rows(data) if row.cost_nano == 2_000_000} == {"new.toml"}
    assert reprice(data, "--apply")[0].splitlines()[-1].endswith("0 costs differ")
    assert costs(data) == AFTER


def test_the_sums_follow(data: Path) -> None:
    before = summed(data)
    reprice(data, "--yes")
    known = {number: cost or 0 for number, cost in AFTER.items()}
    assert before == (sum(cost or 0 for cost in BEFORE.values()), 1)
    assert summed(data) == (sum(known.values()), 1)


def test_half_of_it_and_then_the_rest_is_the_same(data: Path) -> None:
    """As after an interruption: some were written, others not."""
    reprice(data, "--yes", "--model", "openai/gpt")
    assert costs(data) == {**BEFORE, 1: 2_000_000, 2: 2_000_000}
    reprice(data, "--yes")
    assert costs(data) == AFTER


@pytest.mark.parametrize(
    ("arguments", "changed"),
    [
        (["--gateway", "other"], {3}),
        (["--account", "acc", "--provider", "parallel"], {8}),
        (["--account", "nobody"], set()),
        (["--provider", "openai", "--model", "new"], {3}),
        (["--since", "1h"], set()),
        (["--since", "30d", "--until", "2d"], set()),
        (["--since", "200d", "--until", "90d"], {7}),
    ],
)
def test_only_some_calls(data: Path, arguments: list[str], changed: set[int]) -> None:
    reprice(data, "--yes", *arguments)
    assert {number for number, cost in costs(data).items() if cost != BEFORE[number]} == changed


def test_json(data: Path) -> None:
    shown, said = reprice(data, "--json")
    document = json.loads(shown)
    assert (document["changed"], document["written"]) == (5, 0)
    assert {
        "provider": "openai", "model": "openai/new", "calls": 1, "old_usd": 0.0, "new_usd": 0.0011, "changed": 1,
        "newly_priced": 1, "no_longer_priced": 0,
    } in document["models"]  # fmt: skip
    assert "--yes" in said
    assert json.loads(reprice(data, "--json", "--yes")[0])["written"] == 5


def test_the_prices_of_the_configuration(data: Path) -> None:
    config = data / "penstock.toml"
    config.write_text(f"[pricing]\nfile = {json.dumps(str(data / 'new.toml'))}\n")
    run(REPRICE, data, "--config", str(config), "--yes")
    assert costs(data) == AFTER


@pytest.mark.parametrize(("answer", "after"), [(b"y\n", AFTER), (b"n\n", BEFORE)])
def test_on_a_terminal_it_asks(data: Path, answer: bytes, after: dict[int, int | None]) -> None:
    shown = on_a_terminal(REPRICE, data, "--prices", str(data / "new.toml"), say=answer)
    assert "Change 5 costs?" in shown
    assert "\x1b[" in shown
    assert costs(data) == after


def test_what_is_wrong_is_said(data: Path, tmp_path: Path) -> None:
    assert "is not a duration" in reprice(data, "--since", "soon", code=2)[1]
    assert "leaves nothing" in reprice(data, "--since", "1d", "--until", "2d", code=2)[1]
    bad = data / "bad.toml"
    bad.write_text('["openai/gpt"]\ninput = "cheap"\n')
    said = run(REPRICE, data, "--prices", str(bad), code=1)[1]
    assert "bad.toml" in said
    assert "input" in said
    assert "no ledger in" in run(REPRICE, tmp_path / "nowhere", code=1)[1]
    assert costs(data) == BEFORE


def test_no_calls(data: Path) -> None:
    assert reprice(data, "--since", "1m")[0] == "no calls\n"
