"""FindAll candidates, the former entity search: the same entities under its own names."""

from pathlib import Path

import pytest
from local_engine import engine

PATH = "/v1beta/findall/candidates"


@pytest.mark.parametrize(("kind", "present"), [("company", "companies"), ("people", "people")])
async def test_the_same_entities_as_entity_search(tmp_path: Path, kind: str, present: str) -> None:
    ask = {"objective": "robotics companies that raised money", "match_limit": 5}
    async with engine(tmp_path, workers=0) as call:
        former = (await call.post(PATH, {**ask, "entity_type": kind})).json()
        now = (await call.post("/v1beta/findall/entity-search", {**ask, "entity_type": present})).json()
    assert former["candidate_set_id"].startswith("candidate_set_")
    assert former["candidates"] == now["entities"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"entity_type": "companies", "objective": "x"},
        {"entity_type": "company"},
        {"entity_type": "company", "objective": "x", "match_limit": 4},
        {"entity_type": "company", "objective": "x", "match_limit": 1001},
        {"entity_type": "company", "objective": "x" * 5001},
    ],
)
async def test_what_breaks_the_schema(tmp_path: Path, body: object) -> None:
    async with engine(tmp_path, workers=0) as call:
        answer = await call.post(PATH, body)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][0] == "body"
