"""The local engine's benchmark: its measures, its collections, and its yardstick, on a few documents."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path

import pytest
from bench.cli import main as bench
from bench.local.collection import Collection, Text, load, made_up, measure, write
from bench.local.command import main as command
from bench.local.measuring import language_of
from bench.local.yardstick import with_tantivy
from click.testing import CliRunner

JUDGEMENTS = {"q": {"a": 4.0, "b": 1.0, "c": 0.0}}


def test_the_best_ranking_is_one_and_none_is_zero() -> None:
    best = measure({"q": ["a", "b", "x"]}, JUDGEMENTS)
    assert (best.ndcg, best.recall, best.mrr) == (1.0, 1.0, 1.0)
    none = measure({}, JUDGEMENTS)
    assert (none.ndcg, none.recall, none.mrr) == (0.0, 0.0, 0.0)


def test_gains_are_linear_and_fall_with_the_place() -> None:
    found = measure({"q": ["x", "b", "a"]}, JUDGEMENTS)
    assert found.ndcg == pytest.approx(
        (1 / math.log2(3) + 4 / math.log2(4)) / (4 / math.log2(2) + 1 / math.log2(3))
    )
    assert (found.recall, found.mrr) == (1.0, 0.5)


def test_only_ten_places_count_and_only_judged_queries() -> None:
    found = measure({"q": [*"0123456789", "a"], "other": ["a"]}, {**JUDGEMENTS, "unjudged": {"a": 0.0}})
    assert (found.ndcg, found.recall, found.mrr) == (0.0, 0.0, 0.0)


def test_a_collection_is_read(tmp_path: Path) -> None:
    rows: dict[str, list[dict[str, object]]] = {
        "documents": [{"id": 1, "title": None, "text": "words"}],
        "queries": [{"id": "q", "text": "word?", "answers": ["words"]}],
        "judgements": [{"query": "q", "documents": {"1": 2}}],
    }
    for name, lines in rows.items():
        with gzip.open(tmp_path / f"{name}.jsonl.gz", "wt") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
    assert load(tmp_path) == Collection(
        name=tmp_path.name,
        documents=(Text("1", "words"),),
        queries=(Text("q", "word?", answers=("words",)),),
        judgements={"q": {"1": 2.0}},
    )


def test_made_up_documents_are_the_same_each_time(tmp_path: Path) -> None:
    one = made_up(1500, queries=3)
    assert one == made_up(1500, queries=3)
    write(one, tmp_path / "docs")
    written = sorted(path.stem for path in (tmp_path / "docs").rglob("*.md"))
    assert sorted(map(int, written)) == list(range(1500))
    assert (tmp_path / "docs" / "001" / "1499.md").read_text().startswith(f"# {one.documents[-1].title}\n\n")


@pytest.mark.parametrize(
    ("name", "language"), [("xquad-de", "de"), ("cranfield", "en"), ("a-collection", "en"), ("x-1a", "en")]
)
def test_a_name_tells_the_language(name: str, language: str) -> None:
    assert language_of(name) == language


def test_the_yardstick_finds_words_by_their_stems() -> None:
    search = with_tantivy(["the key is here", "boats and harbours", "a harbour"], "en")
    assert set(search("harbours?")) == {1, 2}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "says what to measure"),
        (["--collection", "."], "is no collection"),
        (["--fields", "--embeddings-model", "m"], "at the address that --embeddings gives"),
        (["--fields", "--questions", "-1"], "--questions"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = CliRunner().invoke(command, arguments)
    assert refused.exit_code == 2
    assert said in refused.output


def test_it_runs_alone() -> None:
    refused = CliRunner().invoke(bench, ["throughput", "local"])
    assert refused.exit_code == 2
    assert "runs alone" in refused.output
