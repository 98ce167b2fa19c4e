"""How far the local engine's answers can be trusted, measured over HTTP on a collection whose questions have answers.

Some documents are left out of the folder that is served: their questions are near misses, which the rest of the folder
speaks around and does not answer. All others have their answer in the folder, as a span of a document.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.failure import Failed

QUESTIONS = 300
SEED = 7
_NEAR_MISSES = 0.35  # of the questions
_AT_ONCE = 2
_HEADERS = {"x-api-key": "bench"}
_FIELD = {
    "type": "object",
    "properties": {"answer": {"type": ["string", "null"]}},
    "required": ["answer"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and the spans that answer it; none in the folder for a near miss."""

    text: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """Questions with their answer in the folder, and questions without."""

    answered: tuple[Asked, ...]
    near_misses: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Trust:
    """Shares of the questions. `sure_right` is of the answers that say `high`, near misses among them."""

    right: float
    sure: float
    sure_right: float
    refused: float
    field_holds: float
    field_wrong: float


def prepare(collection: Path, folder: Path, questions: int = QUESTIONS, seed: int = SEED) -> Sample:
    """Write the documents that stay into `folder`, and say which questions are asked."""
    rng = random.Random(seed)
    asked = [row for row in _rows(collection, "queries") if row.get("answers")]
    home = {str(row["query"]): _first_document(row) for row in _rows(collection, "judgements")}
    chosen = rng.sample(asked, min(questions, len(asked)))
    homes = sorted({home[str(row["id"])] for row in chosen})
    gone = set(rng.sample(homes, round(_NEAR_MISSES * len(homes))))
    folder.mkdir(parents=True, exist_ok=True)
    for row in _rows(collection, "documents"):
        if str(row["id"]) not in gone:
            title = f"# {row['title']}\n\n" if row.get("title") else ""
            (folder / f"{row['id']}.md").write_text(f"{title}{row['text']}\n", encoding="utf-8")
    return Sample(
        answered=tuple(_asked(row) for row in chosen if home[str(row["id"])] not in gone),
        near_misses=tuple(_asked(row) for row in chosen if home[str(row["id"])] in gone),
    )


def measure_answers(url: str, sample: Sample) -> Trust:
    """Ask the engine at `url`, which serves the prepared folder, each question as text and as a field `answer`."""
    client = httpx.Client(base_url=url, headers=_HEADERS, timeout=120.0)
    with client, ThreadPoolExecutor(_AT_ONCE) as pool:
        texts = list(pool.map(lambda asked: _text(client, asked), sample.answered))
        missed = list(pool.map(lambda asked: _text(client, asked), sample.near_misses))
        fields = list(pool.map(lambda asked: _field(client, asked), sample.answered))
    right = [confidence != "low" and held for held, confidence in texts]
    sure = [held for held, confidence in texts if confidence == "high"]
    sure += [False for _, confidence in missed if confidence == "high"]
    return Trust(
        right=_share(right),
        sure=_share([confidence == "high" for _, confidence in texts]),
        sure_right=_share(sure),
        refused=_share([confidence == "low" for _, confidence in missed]),
        field_holds=_share([held for _, held in fields]),
        field_wrong=_share([given and not held for given, held in fields]),
    )


def _text(client: httpx.Client, asked: Asked) -> tuple[bool, str]:
    """Whether the text holds an answer, and how sure it is."""
    content, confidence = _run(client, asked.text, {"type": "text"})
    return any(answer in str(content) for answer in asked.answers), confidence


def _field(client: httpx.Client, asked: Asked) -> tuple[bool, bool]:
    """Whether the field was given a value, and whether that holds an answer."""
    content, _ = _run(client, asked.text, {"type": "json", "json_schema": _FIELD})
    value = content.get("answer") if isinstance(content, dict) else None
    return bool(value), any(answer in str(value) for answer in asked.answers)


def _run(client: httpx.Client, question: str, schema: Mapping[str, object]) -> tuple[object, str]:
    body = {"input": question, "processor": "base", "task_spec": {"output_schema": schema}}
    created = client.post("/v1/tasks/runs", json=body)
    if created.status_code != 202:
        raise Failed(f"a run was answered with {created.status_code}: {created.text[:200]}")
    result = client.get(f"/v1/tasks/runs/{created.json()['run_id']}/result")
    if result.status_code != 200:
        raise Failed(f"a result was answered with {result.status_code}: {result.text[:200]}")
    output = result.json()["output"]
    return output["content"], str(output["basis"][0]["confidence"])


def _rows(collection: Path, name: str) -> list[dict[str, object]]:
    with gzip.open(collection / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _first_document(row: Mapping[str, object]) -> str:
    documents = row["documents"]
    return str(next(iter(documents))) if isinstance(documents, dict) else ""


def _asked(row: Mapping[str, object]) -> Asked:
    answers = row["answers"]
    return Asked(str(row["text"]), tuple(map(str, answers)) if isinstance(answers, list) else ())


def _share(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else 0.0
