"""Providers' answers become Parallel's, whatever stands in them (search and runs A1, A5)."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.answer_dialect import Dialect
from penstock.wire.search.answer import bounded, shown, write_answer
from penstock.wire.search.dates import day_of
from penstock.wire.search.provider import Result, Told, Unreadable
from penstock.wire.search.providers import SEARCH
from penstock.wire.search.question import SearchAsked, read_search

A, B = "https://a.test/1", "https://b.test/2"
PLAIN = read_search(b'{"search_queries":["x"]}')[0]


def read(dialect: Dialect, value: object) -> Sequence[Result]:
    return SEARCH[dialect].read(json.dumps(value).encode()).results


def asked(**members: object) -> SearchAsked:
    return msgspec.structs.replace(PLAIN, **members)


@pytest.mark.parametrize(
    ("dialect", "answer", "result"),
    [
        (
            Dialect.EXA,
            {
                "results": [
                    {"url": A, "title": None, "publishedDate": "2026-01-02T03:04:05.000Z", "text": "t"}
                ]
            },
            Result(A, "", "2026-01-02", ["t"]),
        ),
        (
            Dialect.EXA,
            {"results": [{"url": A, "title": "T", "highlights": ["h", 5, " "], "text": "t", "summary": "s"}]},
            Result(A, "T", None, ["h"]),
        ),
        (
            Dialect.EXA,
            {"results": [{"url": A, "title": "T", "highlights": [], "summary": "s"}]},
            Result(A, "T", None, ["s"]),
        ),
        (
            Dialect.TAVILY,
            {
                "results": [
                    {
                        "url": A,
                        "title": "T",
                        "published_date": "Fri, 02 Jan 2026 03:04:05 GMT",
                        "content": "one [...] two",
                    }
                ]
            },
            Result(A, "T", "2026-01-02", ["one", "two"]),
        ),
        (
            Dialect.BRAVE,
            {
                "type": "search",
                "web": {
                    "results": [
                        {
                            "url": A,
                            "title": "<strong>T</strong>",
                            "page_age": "2026-01-02T03:04:05",
                            "age": "3 weeks ago",
                            "description": "a <strong>b</strong>",
                            "extra_snippets": ["c"],
                        }
                    ]
                },
            },
            Result(A, "T", "2026-01-02", ["a b", "c"]),
        ),
        (
            Dialect.BRAVE_CONTEXT,
            {
                "grounding": {"generic": [{"url": A, "title": "T", "snippets": ["s"]}], "map": []},
                "sources": {A: {"age": ["Friday, January 02, 2026", "2026-01-02", "3 weeks ago"]}},
            },
            Result(A, "T", "2026-01-02", ["s"]),
        ),
        (
            Dialect.PERPLEXITY_SEARCH,
            {"results": [{"url": A, "title": "T", "date": "", "last_updated": "2026-01-02", "snippet": "s"}]},
            Result(A, "T", "2026-01-02", ["s"]),
        ),
        (
            Dialect.SEARXNG,
            {"results": [{"url": A, "title": "T", "publishedDate": "2026-01-02T00:00:00", "content": "c"}]},
            Result(A, "T", "2026-01-02", ["c"]),
        ),
        (
            Dialect.PARALLEL,
            {"results": [{"url": A, "title": "T", "publish_date": "2026-01-02", "excerpts": ["e"]}]},
            Result(A, "T", "2026-01-02", ["e"]),
        ),
    ],
)
def test_a_result_of_each_provider(dialect: Dialect, answer: object, result: Result) -> None:
    assert list(read(dialect, answer)) == [result]


def test_perplexity_may_answer_with_a_list_for_each_query() -> None:
    one, two, three = ({"url": f"https://{name}.test/", "snippet": name} for name in "abc")
    found = read(Dialect.PERPLEXITY_SEARCH, {"results": [[one, two], [three]]})
    assert [result.url for result in found] == ["https://a.test/", "https://c.test/", "https://b.test/"]


def test_brave_may_have_found_nothing() -> None:
    assert read(Dialect.BRAVE, {"type": "search", "query": {}}) == []
    assert read(Dialect.BRAVE_CONTEXT, {"grounding": {}}) == []


def test_engines_that_were_silent_are_told() -> None:
    body = {"results": [], "unresponsive_engines": [["google", "timeout"], ["bing", "CAPTCHA"], 5, None, []]}
    told = SEARCH[Dialect.SEARXNG].read(json.dumps(body).encode())
    assert told.warnings == ("engines that did not answer: google, bing",)


ODD: list[object] = [
    [], {}, None, 5, "x", [1], {"results": None}, {"results": {}}, {"results": "x"}, {"web": 5}, {"grounding": []},
    {"error": "x"}, {"type": "ErrorResponse", "error": {}},
]  # fmt: skip


@pytest.mark.parametrize("dialect", SEARCH)
@pytest.mark.parametrize("value", ODD, ids=json.dumps)
def test_what_is_no_answer_is_told_or_has_no_results(dialect: Dialect, value: object) -> None:
    try:
        assert list(read(dialect, value)) == []
    except Unreadable:
        return
    assert dialect is Dialect.BRAVE
    assert value == {"web": 5}


@pytest.mark.parametrize("dialect", SEARCH)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b'{"results":',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"results":[' + b"0," * 600_000 + b"0]}",
    ],
    ids=["empty", "html", "cut", "bytes", "deep", "many"],
)
def test_what_cannot_be_read_is_told(dialect: Dialect, body: bytes) -> None:
    with pytest.raises(Unreadable):
        SEARCH[dialect].read(body)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = (
    "url", "title", "publishedDate", "published_date", "publish_date", "page_age", "date", "last_updated", "text",
    "highlights", "summary", "content", "description", "extra_snippets", "snippets", "snippet", "excerpts",
)  # fmt: skip
FOUND = st.lists(st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=6) | JSON, max_size=4)


@pytest.mark.parametrize("dialect", SEARCH)
@given(found=FOUND, sources=JSON)
def test_law_no_result_is_of_a_wrong_type_whatever_came(
    dialect: Dialect, found: object, sources: object
) -> None:
    value = {"type": "search", "results": found, "web": {"results": found}, "grounding": {"generic": found},
             "sources": sources}  # fmt: skip
    body = write_answer(SEARCH[dialect].read(json.dumps(value).encode()), PLAIN, "search_1", "session_1", ())
    told = json.loads(body)
    for one in told["results"]:
        assert set(one) == {"url", "title", "publish_date", "excerpts"}
        assert one["url"].startswith(("http://", "https://"))
        assert one["title"] is None or one["title"].strip()
        assert all(isinstance(text, str) and text.strip() for text in one["excerpts"])


# -- dates


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-01-02", "2026-01-02"),
        ("2026-01-02T23:59:59+14:00", "2026-01-02"),
        ("2026-01-02 03:04", "2026-01-02"),
        ("Fri, 02 Jan 2026 03:04:05 +0000", "2026-01-02"),
        ("Jan 5, 2026", "2026-01-05"),
        ("January 5, 2026", "2026-01-05"),
        ("5 Jan 2026", "2026-01-05"),
        ("2026-02-30", None),
        ("20260102", None),
        ("2026-01-02x", None),
        ("3 days ago", None),
        ("2 weeks ago", None),
        ("yesterday", None),
        ("2026", None),
        ("1767312000", None),
        ("", None),
        ("x" * 1000, None),
        ("0000-00-00", None),
        ("Mon, 99 Xyz 0000 99:99:99 GMT", None),
    ],
)
def test_only_what_names_a_day_is_a_date(text: str, day: str | None) -> None:
    assert day_of(text) == day


@given(st.text(max_size=70))
def test_law_no_text_breaks_the_reading_of_dates(text: str) -> None:
    day = day_of(text)
    assert day is None or len(day) == 10


# -- what the caller sees of it


def results(*urls: str) -> list[Result]:
    return [Result(url, None, None, ["x"]) for url in urls]


def test_what_is_no_address_is_left_out() -> None:
    kept, _ = shown(results(A, "", "ftp://a.test/", "/1", "javascript:x"), PLAIN)
    assert [one.url for one in kept] == [A]


def test_an_address_is_there_once_with_all_excerpts() -> None:
    twice = [
        Result(A, None, None, ["x", "y"]),
        Result(B, "B", None, ["z"]),
        Result(A, "A", "2026-01-02", ["y", "w", ""]),
    ]
    kept, _ = shown(twice, PLAIN)
    assert kept == [Result(A, "A", "2026-01-02", ["x", "y", "w"]), Result(B, "B", None, ["z"])]


def test_no_more_results_than_were_asked_for() -> None:
    kept, _ = shown(results(*(f"https://a.test/{number}" for number in range(30))), asked(results=3))
    assert len(kept) == 3


def test_what_is_older_is_left_out_and_what_has_no_date_is_told() -> None:
    found = [Result(A, None, "2026-01-01", ["x"]), Result(B, None, "2025-12-31", ["x"])]
    kept, undated = shown(found, asked(after="2026-01-01"))
    assert ([one.url for one in kept], undated) == ([A], False)
    assert shown([*found, *results("https://c.test/")], asked(after="2026-01-01"))[1] is True
    assert shown(results(A), PLAIN)[1] is False


def test_a_question_without_anything_wrong_has_no_warnings() -> None:
    told = json.loads(write_answer(Told(results=results(A)), PLAIN, "search_1", "session_1", ()))
    assert told["warnings"] is None


TEXTS = st.lists(st.lists(st.text(max_size=20), max_size=4), max_size=6)
BOUND = st.none() | st.integers(1, 60)


@given(TEXTS, BOUND, BOUND)
def test_law_excerpts_keep_both_bounds(texts: list[list[str]], each: int | None, total: int | None) -> None:
    found = bounded(texts, each, total)
    sizes = [sum(map(len, one)) for one in found]
    assert len(found) == len(texts)
    assert each is None or max(sizes, default=0) <= each
    assert total is None or sum(sizes) <= total
    for kept, came in zip(found, texts, strict=True):
        assert "".join(came).startswith("".join(kept))


@given(TEXTS, BOUND, BOUND)
def test_law_nothing_is_cut_that_has_room(
    texts: list[list[str]], each: int | None, total: int | None
) -> None:
    found = bounded(texts, each, total)
    left = total
    for kept, came in zip(found, texts, strict=True):
        room = min((bound for bound in (each, left) if bound is not None), default=10**9)
        assert sum(map(len, kept)) == min(room, sum(map(len, came)))
        left = None if left is None else left - sum(map(len, kept))


HOSTS = ["a.test", "x.a.test", "b.test", "xa.test"]


@given(
    st.lists(st.sampled_from(HOSTS), max_size=8),
    st.lists(st.sampled_from(HOSTS), max_size=2),
    st.lists(st.sampled_from(HOSTS), max_size=2),
)
def test_law_no_result_is_outside_of_the_lists(
    hosts: list[str], include: list[str], exclude: list[str]
) -> None:
    question = asked(include=tuple(include), exclude=() if include else tuple(exclude))
    kept, _ = shown(results(*(f"https://{host}/" for host in hosts)), question)
    seen = {one.url.removeprefix("https://").strip("/") for one in kept}
    below = {host: {host, *(other for other in HOSTS if other.endswith(f".{host}"))} for host in HOSTS}
    if include:
        assert seen == set(hosts) & set().union(*(below[host] for host in include))
    else:
        assert seen == set(hosts) - set().union(*(below[host] for host in exclude))
