"""How far the local engine's answers can be trusted, measured over HTTP on a collection whose questions have answers.

Some documents are left out of the folder that is served: their questions are near misses, which the rest of the folder
speaks around and does not answer. All others have their answer in the folder, as a span of a document.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from bench.local.collection import Collection, Text
from bench.local.progress import Shown

QUESTIONS = 200
SEED = 7
_NEAR_MISSES = 0.35  # of the documents that are asked about
_AT_ONCE = 2
_TEXT = {"type": "text"}
_FIELD = {
    "type": "json",
    "json_schema": {
        "type": "object",
        "properties": {"answer": {"type": ["string", "null"]}},
        "required": ["answer"],
        "additionalProperties": False,
    },
}


class Answering(Protocol):
    """Who is asked; by several threads."""

    def answer(self, question: str, schema: Mapping[str, object]) -> tuple[object, str]:
        """The content of an answer of that schema, and its confidence."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What is served, and questions with their answer in it, and questions without."""

    served: Collection
    answered: tuple[Text, ...]
    near_misses: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Trust:
    """Shares; None where there is nothing to take a share of.

    `right`, `high`, `field_holds` and `field_wrong` are of the questions with an answer, `refused` of the near misses,
    and `high_right` of all answers that say `high`, those to near misses among them.
    """

    right: float | None
    high: float | None
    high_right: float | None
    refused: float | None
    field_holds: float | None
    field_wrong: float | None


def sample(collection: Collection, questions: int = QUESTIONS, seed: int = SEED) -> Sample:
    """The same one for a collection, a number of questions and a seed."""
    rng = random.Random(seed)
    asked = [query for query in collection.queries if query.answers and query.id in collection.judgements]
    home = {query.id: next(iter(collection.judgements[query.id])) for query in asked}
    chosen = rng.sample(asked, min(questions, len(asked)))
    homes = sorted({home[query.id] for query in chosen})
    gone = set(rng.sample(homes, round(_NEAR_MISSES * len(homes))))
    left = tuple(document for document in collection.documents if document.id not in gone)
    return Sample(
        served=dataclasses.replace(collection, documents=left),
        answered=tuple(query for query in chosen if home[query.id] not in gone),
        near_misses=tuple(query for query in chosen if home[query.id] in gone),
    )


def measure_answers(engine: Answering, asked: Sample, shown: Shown) -> Trust:
    """Ask each question as text, and those with an answer as a field `answer` too."""
    name = asked.served.name

    def all_of(
        questions: Sequence[Text], schema: Mapping[str, object], what: str
    ) -> list[tuple[object, str]]:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            answers = pool.map(lambda question: engine.answer(question.text, schema), questions)
            return list(shown.each(answers, len(questions), f"{name}: {what}"))

    texts = all_of(asked.answered, _TEXT, "questions")
    missed = all_of(asked.near_misses, _TEXT, "near misses")
    fields = [_value(content) for content, _ in all_of(asked.answered, _FIELD, "fields")]
    held = [_holds(text, content) for text, (content, _) in zip(asked.answered, texts, strict=True)]
    field_held = [_holds(text, value) for text, value in zip(asked.answered, fields, strict=True)]
    confidences = [confidence for _, confidence in texts]
    high = [good for good, confidence in zip(held, confidences, strict=True) if confidence == "high"]
    high += [False for _, confidence in missed if confidence == "high"]
    return Trust(
        right=_share(good and said != "low" for good, said in zip(held, confidences, strict=True)),
        high=_share(said == "high" for said in confidences),
        high_right=_share(high),
        refused=_share(said == "low" for _, said in missed),
        field_holds=_share(field_held),
        field_wrong=_share(bool(value) and not good for value, good in zip(fields, field_held, strict=True)),
    )


def _value(content: object) -> object:
    return content.get("answer") if isinstance(content, dict) else None


def _holds(question: Text, said: object) -> bool:
    return any(answer in str(said) for answer in question.answers)


def _share(values: Iterable[bool]) -> float | None:
    counted = list(values)
    return sum(counted) / len(counted) if counted else None
