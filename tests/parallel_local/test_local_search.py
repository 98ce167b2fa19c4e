"""Search: the closed current schema, the lenient former one, and what retrieval gives."""

from pathlib import Path

import pytest
from local_engine import engine

QUERY = {"search_queries": ["Amber River length"]}


async def test_answer_has_ids_results_and_usage(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        body = (await call.post("/v1/search", QUERY)).json()
    assert body["search_id"].startswith("search_")
    assert body["session_id"]
    assert body["usage"] == [{"name": "sku_search", "count": 1}]
    first = body["results"][0]
    assert (first["url"], first["publish_date"]) == ("https://geo.example/rivers", "2025-03-04")
    assert any("412 kilometers" in excerpt for excerpt in first["excerpts"])


async def test_session_id_is_echoed(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        body = (await call.post("/v1/search", {**QUERY, "session_id": "s1"})).json()
    assert body["session_id"] == "s1"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"objective": "only an objective"},
        {**QUERY, "max_results": 3},
        {**QUERY, "processor": "base"},
        {**QUERY, "source_policy": {}},
        {**QUERY, "advanced_settings": {"unknown": 1}},
        {**QUERY, "advanced_settings": {"max_results": 0}},
        {**QUERY, "advanced_settings": {"excerpt_settings": {"max_chars_per_result": -1}}},
        {**QUERY, "mode": "agentic"},
        {"search_queries": []},
        {"search_queries": ["  "]},
        {"search_queries": ["a"] * 6},
        {"search_queries": ["a" * 201]},
        {"search_queries": "text"},
        {**QUERY, "objective": "x" * 5001},
        {**QUERY, "session_id": "x" * 1001},
        {**QUERY, "advanced_settings": {"source_policy": {"include_domains": ["a.example"] * 201}}},
        {**QUERY, "advanced_settings": {"source_policy": {"include_domains": ["https://a.example/x"]}}},
        {**QUERY, "advanced_settings": {"source_policy": {"after_date": "yesterday"}}},
        [],
        "text",
        None,
    ],
)
async def test_current_schema_is_closed(tmp_path: Path, body: object) -> None:
    async with engine(tmp_path) as call:
        response = await call.post("/v1/search", body)
    assert response.status_code == 422
    assert response.json()["error"]["message"]


async def test_too_many_results_are_clamped_with_a_warning(tmp_path: Path) -> None:
    docs = tmp_path / "many"
    docs.mkdir()
    for number in range(30):
        (docs / f"{number}.md").write_text(f"# Page {number}\n\nGranite quarry number {number}.\n")
    async with engine(tmp_path, docs=docs) as call:
        settings = {"max_results": 50, "location": "uk"}
        ask = {"search_queries": ["granite quarry"], "advanced_settings": settings}
        body = (await call.post("/v1/search", ask)).json()
    assert len(body["results"]) == 20
    assert {"name": "sku_search_additional_results", "count": 10} in body["usage"]
    assert all(warning["type"] and warning["message"] for warning in body["warnings"])
    assert len(body["warnings"]) == 2


@pytest.mark.parametrize(
    ("policy", "warned"),
    [
        ({"max_age_seconds": 600}, True),
        ({"timeout_seconds": 5}, True),
        ({"disable_cache_fallback": True}, True),
        ({"disable_cache_fallback": False}, False),
        ({}, False),
        (None, False),
    ],
)
async def test_who_wants_pages_fetched_is_told_that_none_are(
    tmp_path: Path, policy: object, warned: bool
) -> None:
    async with engine(tmp_path) as call:
        queries = {"search_queries": ["Norwick"]}
        now = await call.post("/v1/search", {**queries, "advanced_settings": {"fetch_policy": policy}})
        former = await call.post("/v1beta/search", {**queries, "fetch_policy": policy})
    for answer in (now, former):
        assert ("fetch_policy" in str(answer.json()["warnings"])) is warned
        assert answer.json()["results"]


async def test_character_limits_hold(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        settings = {"excerpt_settings": {"max_chars_per_result": 60}}
        ask = {"search_queries": ["Norwick"], "max_chars_total": 100, "advanced_settings": settings}
        results = (await call.post("/v1/search", ask)).json()["results"]
    sizes = [sum(map(len, result["excerpts"])) for result in results]
    assert sizes
    assert max(sizes) <= 60
    assert sum(sizes) <= 100


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"include_domains": ["news.example"]}, {"https://www.news.example/acme"}),
        ({"include_domains": [".local"]}, {"https://docs.local/companies.md"}),
        ({"exclude_domains": ["news.example"]}, {"https://docs.local/companies.md"}),
        (
            {"include_domains": ["news.example"], "exclude_domains": ["news.example"]},
            {"https://www.news.example/acme"},
        ),
        ({"after_date": "2026-05-20"}, {"https://www.news.example/acme"}),
    ],
)
async def test_source_policy(tmp_path: Path, policy: object, expected: set[str]) -> None:
    async with engine(tmp_path) as call:
        ask = {"search_queries": ["Acme Robotics CEO"], "advanced_settings": {"source_policy": policy}}
        results = (await call.post("/v1/search", ask)).json()["results"]
    assert {result["url"] for result in results} == expected


@pytest.mark.parametrize(
    "body",
    [
        {"objective": "How long is the Amber River?"},
        {"search_queries": ["Amber River"]},
        {"objective": "Amber River", "processor": "base", "max_results": 2, "max_chars_per_result": 6000},
        {"objective": "Amber River", "some_future_key": True},
    ],
)
async def test_former_schema_is_lenient(tmp_path: Path, body: dict[str, object]) -> None:
    async with engine(tmp_path) as call:
        response = await call.post("/v1beta/search", body)
    answer = response.json()
    assert response.status_code == 200
    assert answer["results"][0]["url"] == "https://geo.example/rivers"
    assert bool(answer["warnings"]) == ("processor" in body)
    assert "session_id" not in answer


@pytest.mark.parametrize("body", [{}, {"objective": " "}, {"search_queries": []}, {"processor": "ultra"}])
async def test_former_schema_needs_a_question(tmp_path: Path, body: object) -> None:
    async with engine(tmp_path) as call:
        assert (await call.post("/v1beta/search", body)).status_code == 422


async def test_nothing_relevant_gives_no_results(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        body = (await call.post("/v1/search", {"search_queries": ["zeppelin maintenance"]})).json()
    assert body["results"] == []


async def test_wished_sites_rank_first(tmp_path: Path) -> None:
    docs = tmp_path / "docs2"
    docs.mkdir()
    for host in ("aaa.example", "veld.example"):
        (docs / f"{host}.md").write_text(
            f"---\nurl: https://{host}/x\n---\n# Census\n\nThe census was in 1999.\n"
        )
    async with engine(tmp_path, docs=docs) as call:
        ask = {"objective": "When was the census? Prefer Veld's websites."}
        plain = (await call.post("/v1beta/search", {"objective": "When was the census?"})).json()
        wished = (await call.post("/v1beta/search", ask)).json()
        site = (await call.post("/v1beta/search", {"search_queries": ["census site:veld.example"]})).json()
    assert plain["results"][0]["url"] == "https://aaa.example/x"
    assert wished["results"][0]["url"] == "https://veld.example/x"
    assert [result["url"] for result in site["results"]] == ["https://veld.example/x"]
