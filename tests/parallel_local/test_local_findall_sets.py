"""FindAll over little folders with traps: how much of what is right is found, and how much of what is found is right.

Each question is a run over HTTP. The floors are those that users are promised; most folders are far above them.
"""

import re
from pathlib import Path

import local_findall_more
import local_findall_sets
import local_findall_texts
import local_findall_traps
import pytest
from local_engine import Caller, engine
from local_findall_sets import Folder, Question

FOLDERS = (
    *local_findall_sets.FOLDERS,
    *local_findall_more.FOLDERS,
    *local_findall_traps.FOLDERS,
    *local_findall_texts.FOLDERS,
)
LEAST_RECALL = 0.8
LEAST_PRECISION = 0.95


def written(folder: Folder, base: Path) -> Path:
    for name, text in folder.files.items():
        path = base / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return base / "docs"


async def found(call: Caller, question: Question) -> list[dict[str, object]]:
    """The candidates of a run that asks the question."""
    kind = question.kind
    conditions = [
        {"name": f"c{place}", "description": text} for place, text in enumerate(question.conditions)
    ]
    if question.objective:
        schema = (await call.post("/v1beta/findall/ingest", {"objective": question.objective})).json()
        kind, conditions = schema["entity_type"], schema["match_conditions"]
    body = {
        "objective": question.objective or f"Find {kind}",
        "entity_type": kind,
        "match_conditions": conditions,
        "generator": "core",
        "match_limit": 100,
    }
    run = (await call.post("/v1beta/findall/runs", body)).json()["findall_id"]
    await call.events(f"/v1beta/findall/runs/{run}/events")
    result = (await call.get(f"/v1beta/findall/runs/{run}/result")).json()
    assert result["run"]["status"]["status"] == "completed"
    candidates: list[dict[str, object]] = result["candidates"]
    return candidates


def bare(name: str) -> str:
    return name.removeprefix("The ")


def assert_verbatim(candidate: dict[str, object], text: str) -> None:
    """What is matched rests on excerpts that stand in the documents, word for word."""
    for entry in candidate["basis"]:  # type: ignore[attr-defined]
        if candidate["match_status"] == "matched":
            assert entry["citations"], candidate
        for citation in entry["citations"]:
            assert citation["excerpts"]
            assert all(excerpt in text for excerpt in citation["excerpts"]), citation


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: re.sub(r"\W+", "-", folder.name))
async def test_recall_and_precision(folder: Folder, tmp_path: Path) -> None:
    right = wrong = missed = sure = wrongly_sure = 0
    text = "\n".join(folder.files.values())
    async with engine(tmp_path, docs=written(folder, tmp_path)) as call:
        for question in folder.questions:
            candidates = await found(call, question)
            for candidate in candidates:
                assert_verbatim(candidate, text)
            matched = {bare(str(c["name"])): c for c in candidates if c["match_status"] == "matched"}
            wanted = {bare(name) for name in question.right}
            right += len(matched.keys() & wanted)
            wrong += len(matched.keys() - wanted)
            missed += len(wanted - matched.keys())
            for name, candidate in matched.items():
                high = all(entry["confidence"] == "high" for entry in candidate["basis"])  # type: ignore[attr-defined]
                sure += high
                wrongly_sure += high and name not in wanted
    assert right / (right + missed) >= LEAST_RECALL, (right, wrong, missed)
    assert right / (right + wrong) >= LEAST_PRECISION, (right, wrong, missed)
    assert wrongly_sure <= 0.05 * sure


def test_the_folders_are_large_enough_to_mean_something() -> None:
    assert len(FOLDERS) >= 12
    assert sum(len(question.right) for folder in FOLDERS for question in folder.questions) > 300
