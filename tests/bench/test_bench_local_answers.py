"""The benchmark of the local engine's answers: which questions are asked, how they are counted, what is reported."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import pytest
from bench.failure import Failed
from bench.local.answers import Trust, measure_answers, sample
from bench.local.collection import Collection, Quality, Text, write
from bench.local.engine import Embeddings, serving
from bench.local.fields import FieldFigures
from bench.local.measuring import ENGINE, AnswerRow, Measured, Plan, Row
from bench.local.progress import OnConsole
from bench.local.report import show, to_json
from bench.measure import Skip
from rich.console import Console

COLLECTION = Collection(
    name="towns",
    documents=tuple(Text(f"d{place}", f"The mayor of Town{place} is Name{place}.") for place in range(20)),
    queries=tuple(
        Text(f"q{place}", f"Who is the mayor of Town{place}?", answers=(f"Name{place}",))
        for place in range(20)
    ),
    judgements={f"q{place}": {f"d{place}": 1.0} for place in range(20)},
)


T = TypeVar("T")


class Quiet:
    """Shows nothing."""

    def step(self, what: str) -> None:
        pass

    def each(self, items: Iterable[T], total: int, what: str) -> Iterator[T]:
        yield from items


class Scripted:
    """Says of each question what it is told to, as text and as a field."""

    def __init__(self, texts: Mapping[str, tuple[str, str]], fields: Mapping[str, str | None]) -> None:
        self._texts = texts
        self._fields = fields

    def answer(self, question: str, schema: Mapping[str, object]) -> tuple[object, str]:
        if schema["type"] == "text":
            return self._texts[question]
        return {"answer": self._fields[question]}, "medium"


def test_near_misses_have_no_document_and_all_others_have_theirs() -> None:
    asked = sample(COLLECTION, 10, 1)
    served = {document.id for document in asked.served.documents}
    assert len(asked.answered) + len(asked.near_misses) == 10
    assert asked.near_misses
    assert all(query.id.replace("q", "d") in served for query in asked.answered)
    assert all(query.id.replace("q", "d") not in served for query in asked.near_misses)
    assert len(served) == 20 - len(asked.near_misses)


def test_a_sample_is_the_same_for_a_seed_and_another_for_another() -> None:
    assert sample(COLLECTION, 10, 1) == sample(COLLECTION, 10, 1)
    assert sample(COLLECTION, 10, 1).answered != sample(COLLECTION, 10, 2).answered


def test_nothing_is_asked_of_a_collection_without_answers() -> None:
    silent = Collection("plain", COLLECTION.documents, (Text("q0", "Who?"),), {"q0": {"d0": 1.0}})
    asked = sample(silent)
    assert (asked.answered, asked.near_misses) == ((), ())
    assert asked.served == silent


def test_answers_are_counted() -> None:
    asked = sample(COLLECTION, 20, 1)
    texts = {query.text: ("Not found", "low") for query in (*asked.answered, *asked.near_misses)}
    fields: dict[str, str | None] = {query.text: None for query in asked.answered}
    sure, doubtful, wrong, unsaid = asked.answered[:4]
    texts[sure.text] = (f"It is {sure.answers[0]}.", "high")
    texts[doubtful.text] = (f"It is {doubtful.answers[0]}.", "medium")
    texts[wrong.text] = ("It is somebody.", "high")
    texts[unsaid.text] = (f"Not found, but {unsaid.answers[0]}", "low")
    texts[asked.near_misses[0].text] = ("It is a rival.", "high")
    fields[sure.text], fields[wrong.text] = sure.answers[0], "somebody"
    found = measure_answers(Scripted(texts, fields), asked, Quiet())
    answered, missed = len(asked.answered), len(asked.near_misses)
    assert found == Trust(
        right=2 / answered,
        high=2 / answered,
        high_right=1 / 3,
        refused=(missed - 1) / missed,
        field_holds=1 / answered,
        field_wrong=1 / answered,
    )


def test_there_is_no_share_of_nothing() -> None:
    asked = sample(COLLECTION, 1, 1)
    question = (*asked.answered, *asked.near_misses)[0]
    scripted = Scripted({question.text: ("Not found", "low")}, {question.text: None})
    found = measure_answers(scripted, asked, Quiet())
    assert found.high_right is None


def _figures() -> Measured:
    trust = Trust(0.5, 0.25, None, 1.0, 0.4, 0.1)
    return Measured(
        rows=[Row("towns", ENGINE, Quality(0.9, 0.8, 0.7), 2.5, 1.0, holding=0.75)],
        answers=[AnswerRow("towns", ENGINE, 13, 7, trust)],
        skips=[Skip("bm25s", "towns: could not be installed")],
    )


def test_tables_hold_what_was_measured_and_leave_out_what_was_not() -> None:
    out, errors = io.StringIO(), io.StringIO()
    consoles = [Console(file=file, width=200) for file in (out, errors)]
    show(_figures(), {}, *consoles)
    lines = [line.split() for line in out.getvalue().splitlines()]
    assert ["towns", ENGINE, "0.9000", "0.8000", "0.7000", "2.50", "1.00", "0.750"] in lines
    assert ["towns", ENGINE, "13", "0.500", "0.250", "7", "1.000", "0.400", "0.100"] in lines
    assert "skipped bm25s: towns: could not be installed" in out.getvalue()
    assert "exact" not in out.getvalue()


def test_json_has_all_of_it() -> None:
    said = json.loads(to_json(_figures(), {"traps": FieldFigures(())}, {"cores": "2"}))
    assert said["machine"] == {"cores": "2"}
    assert said["rows"][0]["quality"]["ndcg"] == 0.9
    assert said["answers"][0]["trust"]["high_right"] is None
    assert said["fields"] == [
        {"table": "traps", "fields": 0, "exact": 0.0, "silent": 0.0, "high": 0.0, "high_wrong": 0.0}
    ]
    assert said["skipped"] == ["skipped bm25s: towns: could not be installed"]


def test_the_hybrid_engine_stands_beside_the_one_of_words() -> None:
    assert list(Plan().engines.values()) == [None]
    model = Embeddings("http://127.0.0.1:1/v1", "m")
    assert list(Plan(model).engines.values()) == [None, model]
    assert model.arguments == ("--embeddings", "http://127.0.0.1:1/v1", "--embeddings-model", "m")
    assert Embeddings("wordllama").arguments == ("--embeddings", "wordllama")


@pytest.mark.parametrize(("terminal", "lines"), [(False, ["local: asking (2)"]), (True, [])])
def test_progress_is_a_line_where_nobody_sees_a_bar(terminal: bool, lines: list[str]) -> None:
    out = io.StringIO()
    shown = OnConsole("local", Console(file=out, force_terminal=terminal, width=80))
    assert list(shown.each("ab", 2, "asking")) == ["a", "b"]
    said = [line for line in out.getvalue().splitlines() if line.startswith("local:")]
    assert said == lines


def test_the_real_engine_is_asked(tmp_path: Path) -> None:
    write(COLLECTION, tmp_path / "docs")
    with serving(tmp_path / "docs", tmp_path) as engine:
        found = engine.search("Who is the mayor of Town7?")
        content, confidence = engine.answer("Who is the mayor of Town7?", {"type": "text"})
    assert found[0][0] == "7"
    assert "Name7" in str(content)
    assert confidence in {"high", "medium"}


def test_an_engine_without_the_vectors_that_were_asked_for_gives_no_figures(tmp_path: Path) -> None:
    write(COLLECTION, tmp_path / "docs")
    nobody = Embeddings("http://127.0.0.1:1/v1", "m")
    with (
        pytest.raises(Failed, match="had no vectors"),
        serving(tmp_path / "docs", tmp_path, nobody) as engine,
    ):
        engine.search("Who is the mayor of Town7?")


def test_an_engine_that_does_not_start_says_why(tmp_path: Path) -> None:
    write(COLLECTION, tmp_path / "docs")
    missing = Embeddings(str(tmp_path / "no-model"))
    with (
        pytest.raises(Failed, match="there is no such folder"),
        serving(tmp_path / "docs", tmp_path, missing),
    ):
        pass
