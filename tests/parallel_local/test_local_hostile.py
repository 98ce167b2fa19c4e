"""Hostile and broken input: keys, paths, bodies, queries and documents."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from local_engine import engine

from parallel_local.documents.front_matter import split_front_matter
from parallel_local.retrieval.library import Library

POSTS = (
    "/v1/search",
    "/v1beta/search",
    "/v1/extract",
    "/v1beta/extract",
    "/v1/tasks/runs",
    "/v1/tasks/groups",
    "/v1/chat/completions",
    "/v1beta/findall/ingest",
    "/v1beta/findall/runs",
    "/v1beta/findall/entity-search",
)
BROKEN = (b"", b"{", b"\xff\xfe", b'{"a":', b"[" * 100_000, b'"\\ud800"', b"nul", b"1e999", b'{"input": NaN}')


@pytest.mark.parametrize("path", POSTS)
async def test_broken_bodies_are_422(tmp_path: Path, path: str) -> None:
    async with engine(tmp_path, workers=0) as call:
        for body in BROKEN:
            if (path, body) != ("/v1/tasks/groups", b""):
                assert (await call.post(path, raw=body)).status_code == 422, body


@pytest.mark.parametrize(
    ("opening", "closing", "each"), [("[", "]", 1), ('{"b": ', "}", 1), ('[{"]": ', "}]", 2)]
)
async def test_nesting_has_a_bound_that_leaves_what_is_kept_readable(
    tmp_path: Path, opening: str, closing: str, each: int
) -> None:
    def nested(levels: int) -> bytes:
        times = (levels - 2) // each
        return f'{{"processor": "lite", "input": {{"a": {opening * times}1{closing * times}}}}}'.encode()

    async with engine(tmp_path) as call:
        for levels in (40, 100):
            created = await call.post("/v1/tasks/runs", raw=nested(levels))
            assert created.status_code == 202, created.text
            run = f"/v1/tasks/runs/{created.json()['run_id']}"
            assert (await call.get(f"{run}/result")).status_code == 200
            assert (await call.get(f"{run}/input")).status_code == 200
        for levels in (102, 300, 960, 100_000):
            assert (await call.post("/v1/tasks/runs", raw=nested(levels))).status_code == 422


async def test_brackets_in_texts_are_no_nesting(tmp_path: Path) -> None:
    texts = ("[" * 500, '\\"' + "[{" * 300, "\\" * 7 + '\\"' + "{" * 200, "}]" * 50 + "[" * 150)
    async with engine(tmp_path) as call:
        for text in texts:
            body = {"processor": "lite", "input": {"a": [text, {text: "["}]}}
            assert (await call.post("/v1/tasks/runs", body)).status_code == 202


async def test_oversized_body_is_422(tmp_path: Path) -> None:
    async with engine(tmp_path, workers=0) as call:
        response = await call.post("/v1/search", raw=b'{"objective":"' + b"x" * 32_000_001 + b'"}')
    assert response.status_code == 422
    assert "larger than" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"x-api-key": ""}, 401),
        ({"x-api-key": "wrong"}, 401),
        ({"authorization": "Basic right"}, 401),
        ({"authorization": "Bearer"}, 401),
        ({"x-api-key": "right"}, 404),
        ({"authorization": "Bearer right"}, 404),
        ({"authorization": "bearer right"}, 404),
    ],
)
async def test_configured_key_is_checked(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    async with engine(tmp_path, api_key="right", workers=0) as call:
        call.client.headers.pop("x-api-key")
        response = await call.client.get("/v1/nothing", headers=headers)
    assert response.status_code == status
    if status == 401:
        assert response.json()["code"] == 16


async def test_any_key_will_do_but_there_must_be_one(tmp_path: Path) -> None:
    async with engine(tmp_path, workers=0) as call:
        assert (await call.get("/v1/nothing")).status_code == 404
        del call.client.headers["x-api-key"]
        assert (await call.get("/v1/nothing")).status_code == 401


@pytest.mark.parametrize(
    "path", ["/", "/v1/responses/resp_1", "/v1/monitors/x/y", "/v1/search/", "/v1/tasks/runs/a/b/c", "/%00"]
)
async def test_other_paths_name_what_is_served(tmp_path: Path, path: str) -> None:
    async with engine(tmp_path, workers=0) as call:
        response = await call.get(path)
    assert response.status_code == 404
    assert "/v1/search" in response.json()["error"]["detail"]["served"]


async def test_wrong_method(tmp_path: Path) -> None:
    async with engine(tmp_path, workers=0) as call:
        assert (await call.get("/v1/search")).status_code == 405


@pytest.mark.parametrize(
    "text",
    [
        '" OR 1=1 --',
        "NEAR(a b)",
        "title:*",
        "a AND NOT b",
        "(((",
        "'; DROP TABLE words;",
        "*",
        "^x",
        "-",
        "{a}:b",
        "\x00",
    ],
)
async def test_query_metacharacters_are_only_text(tmp_path: Path, text: str) -> None:
    async with engine(tmp_path) as call:
        response = await call.post("/v1/search", {"search_queries": [f"Amber River {text}"]})
    assert response.status_code == 200
    assert response.json()["results"][0]["url"] == "https://geo.example/rivers"


@pytest.mark.parametrize(
    "word", ["prefer ", "focus on sites ", "and get their ", "that ", "a.", "(", "1,", "Aa of "]
)
async def test_endless_repetition_is_read_in_passing(any_engine: httpx.AsyncClient, word: str) -> None:
    text = (word * 5000)[:5000]
    bodies: dict[str, object] = {
        "/v1beta/search": {"objective": text},
        "/v1beta/findall/ingest": {"objective": text},
        "/v1/chat/completions": {"model": "base", "messages": [{"role": "user", "content": text}]},
    }
    for path, body in bodies.items():
        async with asyncio.timeout(60):
            assert (await any_engine.post(path, json=body)).status_code == 200


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=st.text(max_size=150))
async def test_no_text_breaks_anything(any_engine: httpx.AsyncClient, text: str) -> None:
    bodies: dict[str, object] = {
        "/v1/search": {"search_queries": [text]},
        "/v1beta/search": {"objective": text},
        "/v1beta/findall/ingest": {"objective": text},
        "/v1/chat/completions": {"model": "base", "messages": [{"role": "user", "content": text}]},
    }
    for path, body in bodies.items():
        response = await any_engine.post(path, json=body)
        assert response.status_code in (200, 422), (path, response.text)


@pytest.fixture
async def any_engine(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """An engine without workers, made once for all examples of a test."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("# Title\n\nSome words about many things: 1945, $3 million, A.B.C.\n")
    async with engine(tmp_path, docs=docs, workers=0) as call:
        yield call.client


def library(docs: Path) -> Library:
    return Library.open(docs, docs.parent / f"{docs.name}-data")


def test_links_to_outside_are_not_followed(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key.md").write_text("# Secret\n\nhunter2\n")
    docs.mkdir()
    (docs / "own.md").write_text("# Own\n\nfine\n")
    (docs / "inside.md").symlink_to(docs / "own.md")
    (docs / "file.md").symlink_to(tmp_path / "secret" / "key.md")
    (docs / "folder").symlink_to(tmp_path / "secret")
    (docs / "loop").symlink_to(docs)
    (docs / "dangling.md").symlink_to(docs / "nothing.md")
    (docs / "SOURCES.txt").write_text("where these come from\n")
    (docs / ".hidden.md").write_text("# Hidden\n\nx\n")
    with closing(library(docs)) as found:
        assert [card.path for card in found.cards] == ["inside.md", "own.md"]


def test_bad_files_are_skipped_or_read_as_they_are(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "latin.md").write_bytes("# Caf\xe9\n\nSm\xf8rrebr\xf8d costs 5 kroner.\n".encode("latin-1"))
    (docs / "binary.txt").write_bytes(bytes(range(256)) * 10)
    (docs / "empty.md").write_text("")
    (docs / "broken.pdf").write_bytes(b"%PDF-1.4 nonsense")
    (docs / "front.md").write_text("---\ntitle: [unclosed\n---\n# Still here\n\nBody text.\n")
    (docs / "odd name #1 ü.md").write_text("# Odd\n\nname\n")
    with closing(library(docs)) as found:
        assert {card.title for card in found.cards} >= {"Café", "Still here", "Odd"}
    assert list(found.skipped) == ["broken.pdf"]
    assert all(card.url.startswith("https://docs.local/") and " " not in card.url for card in found.cards)


@pytest.mark.parametrize(
    "front",
    [
        "- a list",
        "entities: nonsense",
        "entities: [1, {x: y}, {name: ''}]",
        "date: 2026-13-45",
        "url: ftp://x",
        "a: &a [*a]",
    ],
)
def test_odd_front_matter_is_harmless(front: str) -> None:
    matter, text = split_front_matter(f"---\n{front}\n---\nBody\n")
    assert (matter.entities, matter.date, matter.url) == ((), None, None)
    assert text.endswith("Body\n")


async def test_empty_folder(tmp_path: Path) -> None:
    docs = tmp_path / "nothing"
    docs.mkdir()
    async with engine(tmp_path, docs=docs) as call:
        assert (await call.post("/v1/search", {"search_queries": ["anything"]})).json()["results"] == []
        output = await call.run({"input": "Write a report on anything", "processor": "ultra"})
        chat = {"model": "speed", "messages": [{"role": "user", "content": "Hello!"}]}
        reply = (await call.post("/v1/chat/completions", chat)).json()
    assert output["content"] == {"answer": "not found in the documents"}
    assert "without documents" in reply["choices"][0]["message"]["content"]


def test_changed_and_removed_files_are_noticed(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("# First\n\nAlpha words.\n")
    (docs / "b.md").write_text("# Second\n\nBeta words.\n")
    library(docs).close()
    (docs / "a.md").write_text("# First again\n\nGamma words here.\n")
    (docs / "b.md").unlink()
    with closing(library(docs)) as found:
        assert [card.title for card in found.cards] == ["First again"]
        assert found.search([found.query("alpha")]) == []
        assert found.search([found.query("gamma")])


def test_unreadable_index_is_made_anew(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("# First\n\nAlpha words.\n")
    library(docs).close()
    for path in filter(Path.is_file, (tmp_path / "docs-data").rglob("*")):
        path.write_bytes(b"this is no database" * 100)
    with closing(library(docs)) as found:
        assert len(found.cards) == 1
