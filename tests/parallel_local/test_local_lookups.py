"""What documents cannot answer: images, places, decisions, accounts; unknown paths and methods. Honest, in shape."""

from pathlib import Path

import pytest
from local_engine import engine

IMAGES = "/v1/images/search"
PLACES = "/v1/places/search"
DECISIONS = "/v1/decisions"


async def test_no_images_with_the_reason(tmp_path: Path) -> None:
    body = {"search_queries": ["amber river"], "objective": "photographs", "mode": "fast", "session_id": "s1"}
    async with engine(tmp_path) as call:
        found = (await call.post(IMAGES, body)).json()
        own = (await call.post(IMAGES, {"search_queries": ["amber river"]})).json()
    assert (found["results"], found["session_id"]) == ([], "s1")
    assert "images" in found["warnings"][0]["message"]
    assert own["session_id"].startswith("session_")
    assert own["search_id"] != found["search_id"]


async def test_wishes_about_images_are_remarked_on(tmp_path: Path) -> None:
    body = {"search_queries": ["x"], "advanced_settings": {"max_results": 50, "location": "uk"}}
    async with engine(tmp_path) as call:
        told = [one["message"] for one in (await call.post(IMAGES, body)).json()["warnings"]]
    assert len(told) == 3
    assert any("max_results 50" in message for message in told)
    assert any("'uk'" in message for message in told)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"search_queries": []},
        {"search_queries": ["", " "]},
        {"search_queries": ["a", "b", "c", "d"]},
        {"search_queries": ["x" * 201]},
        {"search_queries": ["x"], "objective": "y" * 5001},
        {"search_queries": ["x"], "mode": "turbo"},
        {"search_queries": ["x"], "session_id": "y" * 1001},
        {"search_queries": ["x"], "max_results": 5},
        {"search_queries": ["x"], "advanced_settings": {"max_results": 0}},
        {"search_queries": ["x"], "advanced_settings": {"source_policy": {}}},
    ],
)
async def test_image_requests_have_a_closed_schema(tmp_path: Path, body: object) -> None:
    async with engine(tmp_path) as call:
        assert (await call.post(IMAGES, body)).status_code == 422


async def test_no_places_with_the_reason(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        found = (await call.post(PLACES, {"query": "coffee", "location": "Norwick", "mode": "fast"})).json()
        near = await call.post(PLACES, {"query": "coffee", "latitude": 1.5, "longitude": 2})
        refused = [
            (await call.post(PLACES, body)).status_code
            for body in ({}, {"query": " "}, {"query": "x" * 5001}, {"query": "x", "mode": "turbo"})
        ]
    assert found["results"] == []
    assert "places" in found["warnings"][0]["message"]
    assert near.status_code == 200
    assert refused == [422] * 4


async def test_decisions_are_refused_one_by_one(tmp_path: Path) -> None:
    questions: dict[str, dict[str, object]] = {
        "spam": {"type": "noul", "instructions": "Is this spam?"},
        "team": {"type": "choice", "criteria": {"a": "first", "b": "second"}},
        "mood": {"type": "score", "criteria": ["bad", "good"]},
    }
    async with engine(tmp_path) as call:
        body = {"model": "fast", "state": {"text": "hello"}, "questions": questions}
        found = (await call.post(DECISIONS, body)).json()
    assert {name: one["type"] for name, one in found["answers"].items()} == {
        name: one["type"] for name, one in questions.items()
    }
    assert all(one["refusal"] for one in found["answers"].values())
    assert found["citations"] == []
    assert found["warnings"][0]["type"] == "warning"


@pytest.mark.parametrize(
    "body",
    [
        {"state": "x", "questions": {"a": {"type": "noul"}}},
        {"model": "slow", "state": "x", "questions": {"a": {"type": "noul"}}},
        {"model": "fast", "state": "x", "questions": {}},
        {"model": "fast", "state": "x", "questions": {"a": {"type": "guess"}}},
        {"model": "fast", "state": "x", "questions": {str(n): {"type": "noul"} for n in range(101)}},
    ],
)
async def test_decisions_that_ask_wrongly(tmp_path: Path, body: object) -> None:
    async with engine(tmp_path) as call:
        assert (await call.post(DECISIONS, body)).status_code == 422


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/account/service/v1/balance"),
        ("POST", "/account/service/v1/balance/add"),
        ("GET", "/account/service/v1/apps"),
        ("DELETE", "/account/service/v1/apps/a"),
        ("POST", "/account/service/v1/apps/a/keys"),
    ],
)
async def test_there_are_no_accounts(tmp_path: Path, method: str, path: str) -> None:
    async with engine(tmp_path) as call:
        answer = await call.client.request(method, path, json={})
    assert answer.status_code == 403
    assert "no accounts" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/nope", "/v1/search/", "/v2/search", "/account/service/v2/x"]
)
async def test_unknown_paths_name_the_known_ones(tmp_path: Path, path: str) -> None:
    async with engine(tmp_path) as call:
        error = (await call.get(path)).json()["error"]
    assert path in error["message"]
    assert "/v1/responses" in error["detail"]["served"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/search", "POST"),
        ("PUT", "/v1/responses", "POST"),
        ("DELETE", "/v1/tasks/runs/trun_1", "GET, HEAD"),
        ("PUT", "/v1/tasks/groups/tgrp_1/runs", "GET, HEAD, POST"),
    ],
)
async def test_wrong_methods_name_the_right_ones(
    tmp_path: Path, method: str, path: str, allowed: str
) -> None:
    async with engine(tmp_path) as call:
        answer = await call.client.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed
    assert allowed in answer.json()["error"]["message"]
    assert answer.json()["type"] == "error"
