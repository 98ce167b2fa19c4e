"""Measuring one collection: the engine over HTTP, then each yardstick in a process of its own.

What cannot be measured becomes a line that says why; the rest goes on.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from bench import installs
from bench.failure import Failed
from bench.local.collection import Collection, Quality, measure, write
from bench.local.engine import Engine, serving
from bench.measure import Skip

ENGINE = "parallel-local"
YARDSTICKS = ("bm25s", "tantivy")
BM25S = "bm25s[stem]==0.3.16"
EXCERPT_CHARS = 300
AT_ONCE = 50
_PROGRAM = Path(__file__).with_name("yardstick.py")
_LIMIT_SECONDS = 900.0

Say = Callable[[str], None]


class Said(TypedDict):
    """What a yardstick says: the best documents of each query by place, and CPU seconds."""

    found: list[list[int]]
    index: float
    call: float


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; None for what does not apply."""

    collection: str
    who: str
    quality: Quality | None
    call_ms: float
    index_seconds: float
    index_megabytes: float | None = None
    memory_megabytes: float | None = None
    holding: float | None = None
    at_once_seconds: float | None = None


def rows_of(collection: Collection, say: Say) -> tuple[list[Row], list[Skip]]:
    say(f"{collection.name}: {ENGINE}")
    rows: list[Row] = []
    skips: list[Skip] = []
    try:
        rows.append(_of_engine(collection))
    except Failed as failure:
        skips.append(Skip(ENGINE, f"{collection.name}: {failure}"))
    for name in YARDSTICKS:
        say(f"{collection.name}: {name}")
        try:
            rows.append(_of_yardstick(collection, name))
        except Failed as failure:
            skips.append(Skip(name, f"{collection.name}: {failure}"))
    return rows, skips


def language_of(name: str) -> str:
    """`xquad-de` is in German; a name without a language is in English."""
    last = name.rpartition("-")[2]
    return last if len(last) == 2 and last.isalpha() else "en"


def _of_engine(collection: Collection) -> Row:
    with tempfile.TemporaryDirectory(prefix="bench-local-") as base:
        docs, data = Path(base) / "docs", Path(base) / "data"
        write(collection, docs)
        with serving(docs, data, Path(base) / "log") as engine:
            indexed = engine.index_seconds
            names = {str(place): one.id for place, one in enumerate(collection.documents)}
            engine.search(collection.queries[0].text)
            before = engine.cpu_seconds()
            rankings = {
                query.id: [names[name] for name, _ in engine.search(query.text)]
                for query in collection.queries
            }
            spent = engine.cpu_seconds() - before
            return Row(
                collection=collection.name,
                who=ENGINE,
                quality=measure(rankings, collection.judgements) if collection.judgements else None,
                call_ms=spent / len(collection.queries) * 1000,
                index_seconds=indexed,
                index_megabytes=engine.index_megabytes,
                memory_megabytes=engine.megabytes(),
                holding=_holding(engine, collection, names),
                at_once_seconds=engine.at_once([query.text for query in collection.queries[:AT_ONCE]]),
            )


def _holding(engine: Engine, collection: Collection, names: Mapping[str, str]) -> float | None:
    """The share of questions whose answer is in what is quoted of a document that has it."""
    asked = [query for query in collection.queries if query.answers]
    held = 0
    for query in asked:
        relevant = collection.judgements.get(query.id, {})
        texts = [
            text
            for name, excerpts in engine.search(query.text, EXCERPT_CHARS)
            if names[name] in relevant
            for text in excerpts
        ]
        held += any(answer in text for answer in query.answers for text in texts)
    return held / len(asked) if asked else None


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
