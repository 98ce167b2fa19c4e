"""`penstock evidence` as people and programs use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from penstock.cli.main import main
from penstock.clock import Clock
from penstock.runs.run import Owner
from support.kept_runs import basis, make, numbered, result_of, see
from support.known_runs import NOW, SECOND, task

DAY = 86_400 * SECOND
LAB = Owner("acct", "lab", user="ann")
CORE = [numbered(number, NOW - DAY, task("core")) for number in (1, 2)]
ULTRA = numbered(3, NOW - DAY, task("ultra"), LAB)
OLD = numbered(4, NOW - 40 * DAY, task("ultra"), LAB)
FAILED = numbered(5, NOW - DAY, task("ultra"), LAB)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(Clock, "now_us", lambda _: NOW)
    make(tmp_path, *CORE, ULTRA, OLD, FAILED)
    a, b = "https://www.a.example/1", "https://b.example/2"
    weak = result_of(CORE[0], type="json", content={"x": 1, "y": 2}, basis=[basis("x", "low", a)])
    fair = result_of(CORE[1], type="json", content={"x": 1}, basis=[basis("x", "medium", a)])
    strong = result_of(ULTRA, type="json", content={"x": 1}, basis=[basis("x", "high", a, b, b)])
    for run, result in ((CORE[0], weak), (CORE[1], fair), (ULTRA, strong), (OLD, strong)):
        see(tmp_path, run, "completed", after=60, result=result)
    see(tmp_path, FAILED, "failed", after=1)
    return tmp_path


def run(data: Path, *arguments: str, code: int = 0) -> str:
    """Standard output; with another exit code than 0, standard error."""
    done = CliRunner().invoke(main, ["evidence", *arguments], env={"PENSTOCK_DATA": str(data)})
    assert done.exit_code == code, done.output
    return done.stderr if code else done.stdout


def test_processors_beside_each_other(data: Path) -> None:
    assert run(data) == (
        "PROCESSOR  RUNS  FIELDS  HIGH  MEDIUM  LOW  NONE  CITED/FIELD  UNCITED  DOMAINS  USD/RUN\n"
        "core          2       3    0%     33%  33%   33%          0.7        1        1   0.0250\n"
        "ultra         1       1  100%      0%   0%    0%          3.0        0        2   0.3000\n"
    )


def test_domains_beside_each_other(data: Path) -> None:
    lines = [line.split() for line in run(data, "--by", "domain").splitlines()]
    assert [line[:7] for line in lines] == [
        ["DOMAIN", "RUNS", "FIELDS", "HIGH", "MEDIUM", "LOW", "NONE"],
        ["a.example", "3", "3", "33%", "33%", "33%", "0%"],
        ["b.example", "1", "1", "100%", "0%", "0%", "0%"],
    ]
    done = CliRunner().invoke(main, ["evidence", "--by", "domain", "-n", "1", "--data", str(data)])
    assert (len(done.stdout.splitlines()), done.stderr) == (2, "1 more: --limit shows them\n")


def test_one_json_object_a_line(data: Path) -> None:
    rows = [json.loads(line) for line in run(data, "--json").splitlines()]
    assert rows[1] == {
        "name": "ultra", "runs": 1, "fields": 1, "shares": {"high": 1.0, "medium": 0.0, "low": 0.0, "none": 0.0},
        "citations": 3, "citations_per_field": 3.0, "uncited": 0, "domains": 2,
        "most_cited": {"b.example": 2, "a.example": 1}, "average_cost": 0.3,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ((), {"core": 2, "ultra": 1}),
        (("--since", "60d"), {"core": 2, "ultra": 2}),
        (("--gateway", "lab"), {"ultra": 1}),
        (("--gateway", "acct/gw"), {"core": 2}),
        (("--processor", "core"), {"core": 2}),
        (("--gateway", "nowhere"), {}),
        (("--confidence", "low"), {"core": 1}),
        (("--confidence", "none", "--confidence", "high"), {"core": 1, "ultra": 1}),
        (("--domain", "b.example"), {"ultra": 1}),
        (("--domain", "a.example", "--confidence", "medium"), {"core": 1}),
        (("--domain", "c.example"), {}),
    ],
)
def test_filters(data: Path, arguments: tuple[str, ...], found: dict[str, int]) -> None:
    rows = [json.loads(line) for line in run(data, "--json", *arguments).splitlines()]
    assert {row["name"]: row["runs"] for row in rows} == found


def test_nothing_to_compare_is_said(data: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["evidence", "--gateway", "nowhere", "--data", str(data)])
    assert (done.exit_code, len(done.stdout.splitlines())) == (0, 1)
    assert done.stderr.startswith("no results are kept of such runs")
    assert "no runs in" in run(data, "--data", str(tmp_path / "nowhere"), code=1)
    assert "is not one of 'processor', 'domain'" in run(data, "--by", "colour", code=2)
    assert "'soon' is no time" in run(data, "--since", "soon", code=2)
    assert "'sure' is not one of 'high'" in run(data, "--confidence", "sure", code=2)
    assert "penstock evidence --by domain" in run(data, "--help")


def test_what_others_wrote_cannot_drive_the_terminal(data: Path) -> None:
    evil = numbered(9, NOW - DAY, task("\x1b[31m"), LAB)
    make(data, evil)
    see(
        data,
        evil,
        "completed",
        after=1,
        result=result_of(evil, basis=[basis("f", "high", "https://x\x1b.example")]),
    )
    for text in (run(data), run(data, "--by", "domain"), run(data, "--json")):
        assert "\x1b" not in text
    assert "\\x1b[31m" in run(data)
