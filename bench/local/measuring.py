"""Measuring one collection: the engine over HTTP, by words alone and with vectors where any are asked for; yardsticks.

Each is a process of its own. What cannot be measured becomes a line that says why; the rest goes on.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from bench import installs
from bench.failure import Failed
from bench.local.answers import QUESTIONS, SEED, Sample, Trust, measure_answers, sample
from bench.local.collection import Collection, Quality, measure, write
from bench.local.engine import Embeddings, Engine, serving
from bench.local.progress import Shown
from bench.measure import Skip

ENGINE = "parallel-local"
HYBRID = "with vectors"
YARDSTICKS = ("bm25s", "tantivy")
BM25S = "bm25s[stem]==0.3.16"
EXCERPT_CHARS = 300
AT_ONCE = 50
_PROGRAM = Path(__file__).with_name("yardstick.py")
_LIMIT_SECONDS = 900.0


class Said(TypedDict):
    """What a yardstick says: the best documents of each query by place, and CPU seconds."""

    found: list[list[int]]
    index: float
    call: float


@dataclass(frozen=True, slots=True)
class Row:
    """What one of them finds in a collection, and what that costs; None for what does not apply."""

    collection: str
    who: str
    quality: Quality | None
    call_ms: float
    index_seconds: float
    index_megabytes: float | None = None
    memory_megabytes: float | None = None
    holding: float | None = None
    at_once_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """How far the engine's answers out of a collection can be trusted."""

    collection: str
    who: str
    answered: int
    near_misses: int
    trust: Trust


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured beside retrieval with words alone."""

    embeddings: Embeddings | None = None
    questions: int = QUESTIONS
    seed: int = SEED

    @property
    def engines(self) -> Mapping[str, Embeddings | None]:
        """The engines to measure, by what they are called."""
        hybrid = {f"{ENGINE} {HYBRID}": self.embeddings} if self.embeddings else {}
        return {ENGINE: None, **hybrid}


@dataclass(frozen=True, slots=True)
class Measured:
    """All that is known so far."""

    rows: list[Row] = field(default_factory=list)
    answers: list[AnswerRow] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)


def measure_collection(collection: Collection, plan: Plan, measured: Measured, shown: Shown) -> None:
    """Add what is found out about a collection."""
    for who, embeddings in plan.engines.items():
        with _skipping(who, collection, measured):
            measured.rows.append(_of_engine(collection, who, embeddings, shown))
    for name in YARDSTICKS:
        with _skipping(name, collection, measured):
            shown.step(f"{collection.name}: {name}")
            measured.rows.append(_of_yardstick(collection, name))
    asked = sample(collection, plan.questions, plan.seed)
    for who, embeddings in plan.engines.items() if asked.answered else ():
        with _skipping(who, collection, measured):
            measured.answers.append(_answers_of(asked, who, embeddings, shown))


def language_of(name: str) -> str:
    """`xquad-de` is in German; a name without a language is in English."""
    last = name.rpartition("-")[2]
    return last if len(last) == 2 and last.isalpha() else "en"


@contextmanager
def _skipping(who: str, collection: Collection, measured: Measured) -> Iterator[None]:
    try:
        yield
    except Failed as failure:
        measured.skips.append(Skip(who, f"{collection.name}: {failure}"))


@contextmanager
def _engine_over(
    collection: Collection, who: str, embeddings: Embeddings | None, shown: Shown
) -> Iterator[Engine]:
    shown.step(f"{collection.name}: {who}")
    with tempfile.TemporaryDirectory(prefix="bench-local-") as base:
        docs = Path(base) / "docs"
        write(collection, docs)
        with serving(docs, Path(base), embeddings) as engine:
            yield engine


def _of_engine(collection: Collection, who: str, embeddings: Embeddings | None, shown: Shown) -> Row:
    queries = collection.queries
    names = {str(place): one.id for place, one in enumerate(collection.documents)}
    with _engine_over(collection, who, embeddings, shown) as engine:
        engine.search(queries[0].text)
        before = engine.cpu_seconds()
        rankings = {
            query.id: [names[name] for name, _ in engine.search(query.text)]
            for query in shown.each(queries, len(queries), f"{collection.name}: searches")
        }
        spent = engine.cpu_seconds() - before
        return Row(
            collection=collection.name,
            who=who,
            quality=measure(rankings, collection.judgements) if collection.judgements else None,
            call_ms=spent / len(queries) * 1000,
            index_seconds=engine.index_seconds,
            index_megabytes=engine.index_megabytes,
            memory_megabytes=engine.megabytes(),
            holding=_holding(engine, collection, names, shown),
            at_once_seconds=engine.at_once([query.text for query in queries[:AT_ONCE]]),
        )


def _holding(engine: Engine, collection: Collection, names: Mapping[str, str], shown: Shown) -> float | None:
    """The share of questions whose answer is in what is quoted of a document that has it."""
    asked = [query for query in collection.queries if query.answers]
    if not asked:
        return None
    held = 0
    for query in shown.each(asked, len(asked), f"{collection.name}: excerpts"):
        relevant = collection.judgements.get(query.id, {})
        texts = [
            text
            for name, excerpts in engine.search(query.text, EXCERPT_CHARS)
            if names[name] in relevant
            for text in excerpts
        ]
        held += any(answer in text for answer in query.answers for text in texts)
    return held / len(asked)


def _answers_of(asked: Sample, who: str, embeddings: Embeddings | None, shown: Shown) -> AnswerRow:
    with _engine_over(asked.served, who, embeddings, shown) as engine:
        return AnswerRow(
            collection=asked.served.name,
            who=who,
            answered=len(asked.answered),
            near_misses=len(asked.near_misses),
            trust=measure_answers(engine, asked, shown),
        )


def _of_yardstick(collection: Collection, name: str) -> Row:
    given = {
        "texts": [f"{one.title}\n{one.text}" for one in collection.documents],
        "queries": [query.text for query in collection.queries],
    }
    said = _run([_python(name), str(_PROGRAM), name, language_of(collection.name)], json.dumps(given))
    ids = [one.id for one in collection.documents]
    rankings = {
        query.id: [ids[place] for place in found]
        for query, found in zip(collection.queries, said["found"], strict=True)
    }
    return Row(
        collection=collection.name,
        who=name,
        quality=measure(rankings, collection.judgements) if collection.judgements else None,
        call_ms=said["call"] * 1000,
        index_seconds=said["index"],
    )


def _python(name: str) -> str:
    """The interpreter that has the library: our own has tantivy."""
    if name == "tantivy":
        return sys.executable
    folder = installs.cached("bm25s")
    if skip := installs.pip_install(name, folder, BM25S):
        raise Failed(skip.why)
    return str(folder / "bin" / "python")


def _run(command: Sequence[str], given: str) -> Said:
    try:
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, timeout=_LIMIT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"took longer than {_LIMIT_SECONDS:.0f} s") from None
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise Failed(lines[-1][:200] if lines else f"ended with {done.returncode}")
    found: Said = json.loads(done.stdout)
    return found
