"""A collection: documents, queries and judgements out of a folder in one plain format; and its measures. Pure but for
reading.

The format, each gzipped, a JSON object a line: `documents.jsonl.gz` (`id`, `title`, `text`), `queries.jsonl.gz`
(`id`, `text`, perhaps `answers`), `judgements.jsonl.gz` (`query`, `documents`: id to grade, higher is better).
"""

from __future__ import annotations

import gzip
import json
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

TOP = 10
_SENTENCES = 6
_SYLLABLES = (
    "ba",
    "co",
    "de",
    "fu",
    "gra",
    "hin",
    "lo",
    "mer",
    "nis",
    "pol",
    "qua",
    "ri",
    "sta",
    "tu",
    "ven",
    "wil",
)


@dataclass(frozen=True, slots=True)
class Text:
    """A document or a query."""

    id: str
    text: str
    title: str = ""
    answers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Collection:
    name: str
    documents: tuple[Text, ...]
    queries: tuple[Text, ...]
    judgements: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over the queries that have judgements; gains are linear."""

    ndcg: float
    recall: float
    mrr: float


def load(folder: Path) -> Collection:
    """Raises `OSError`, `ValueError` or `KeyError` for a folder that is no collection."""
    return Collection(
        name=folder.name,
        documents=tuple(
            Text(str(row["id"]), str(row["text"]), str(row.get("title") or ""))
            for row in _rows(folder, "documents")
        ),
        queries=tuple(
            Text(str(row["id"]), str(row["text"]), answers=_answers(row)) for row in _rows(folder, "queries")
        ),
        judgements={str(row["query"]): _grades(row["documents"]) for row in _rows(folder, "judgements")},
    )


def made_up(documents: int, queries: int = 100) -> Collection:
    """A collection without judgements, the same each time: words by Zipf's law, in sentences."""
    chance = random.Random(documents)
    words = [_word(chance) for _ in range(20_000)]
    weights = list(accumulate(1.0 / rank for rank in range(1, len(words) + 1)))

    def sentence(length: int) -> str:
        return " ".join(chance.choices(words, cum_weights=weights, k=length)).capitalize() + "."

    def text() -> str:
        return " ".join(sentence(chance.randint(8, 30)) for _ in range(_SENTENCES))

    return Collection(
        name=f"{documents:,} documents",
        documents=tuple(Text(str(place), text(), sentence(4)) for place in range(documents)),
        queries=tuple(Text(str(place), sentence(8)) for place in range(queries)),
        judgements={},
    )


def measure(rankings: Mapping[str, Sequence[str]], judgements: Mapping[str, Mapping[str, float]]) -> Quality:
    """How good rankings are: query to documents, best first."""
    judged = [
        (rankings.get(query, ()), grades) for query, grades in judgements.items() if any(grades.values())
    ]
    return Quality(
        ndcg=_mean([_ndcg(ranked[:TOP], grades) for ranked, grades in judged]),
        recall=_mean([_recall(ranked[:TOP], grades) for ranked, grades in judged]),
        mrr=_mean([_reciprocal(ranked[:TOP], grades) for ranked, grades in judged]),
    )


def write(collection: Collection, folder: Path) -> None:
    """One file a document, its title as the heading."""
    for place, one in enumerate(collection.documents):
        below = folder / f"{place // 1000:03d}"
        if place % 1000 == 0:
            below.mkdir(parents=True)
        heading = f"# {one.title}\n\n" if one.title else ""
        (below / f"{place}.md").write_text(f"{heading}{one.text}\n")


def _ndcg(ranked: Sequence[str], grades: Mapping[str, float]) -> float:
    ideal = sorted(grades.values(), reverse=True)[:TOP]
    return _gain([grades.get(one, 0.0) for one in ranked]) / _gain(ideal)


def _gain(grades: Sequence[float]) -> float:
    return sum(grade / math.log2(place + 2) for place, grade in enumerate(grades))


def _recall(ranked: Sequence[str], grades: Mapping[str, float]) -> float:
    relevant = {one for one, grade in grades.items() if grade > 0}
    return len(relevant.intersection(ranked)) / len(relevant)


def _reciprocal(ranked: Sequence[str], grades: Mapping[str, float]) -> float:
    return next((1.0 / place for place, one in enumerate(ranked, start=1) if grades.get(one, 0.0) > 0), 0.0)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _word(chance: random.Random) -> str:
    return "".join(chance.choices(_SYLLABLES, k=chance.randint(1, 4)))


def _answers(row: Mapping[str, object]) -> tuple[str, ...]:
    listed = row.get("answers")
    return tuple(map(str, listed)) if isinstance(listed, list) else ()


def _grades(value: object) -> dict[str, float]:
    if not isinstance(value, dict):
        raise ValueError("judgements are objects of documents and grades")
    return {str(document): float(grade) for document, grade in value.items()}


def _rows(folder: Path, name: str) -> Iterator[dict[str, object]]:
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)
