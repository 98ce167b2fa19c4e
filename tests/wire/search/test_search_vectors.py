"""What each provider is asked, by the mapping vectors of search and runs A9, with today as 2026-11-29."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

import pytest

from penstock.providers.registry import as_shipped
from penstock.providers.spoken import chosen
from penstock.wire.answer_dialect import Dialect
from penstock.wire.search.provider import Sent
from penstock.wire.search.providers import SEARCH
from penstock.wire.search.question import SearchAsked, read_search
from penstock.wire.surface import Surface

TODAY = "2026-11-29"
VECTOR = {
    "objective": "Who won the 2026 grant?",
    "search_queries": ["2026 grant winner", "grant award list"],
    "mode": "basic",
    "advanced_settings": {
        "max_results": 5,
        "location": "de",
        "source_policy": {
            "include_domains": ["example.org"],
            "exclude_domains": ["spam.test"],
            "after_date": "2026-03-01",
        },
        "excerpt_settings": {"max_chars_per_result": 1200},
    },
}
SECOND_QUERY = "search_queries"


def asked(**members: object) -> SearchAsked:
    return read_search(json.dumps({"search_queries": ["2026 grant winner"], **members}).encode())[0]


def sent(slug: str, question: SearchAsked, kind: str = "") -> Sent:
    provider = as_shipped(slug)
    assert provider is not None
    found = chosen(provider.speech, Surface.SEARCH, kind or provider.speech.kind_for(question.mode))
    assert found is not None
    spoken, name = found
    return SEARCH[spoken.dialect].ask(question, name, TODAY)


def left_out(one: Sent) -> list[str]:
    return [warning.partition(":")[0] for warning in one.warnings]


def of_vector(slug: str) -> Sent:
    return sent(slug, read_search(json.dumps(VECTOR).encode())[0])


@pytest.mark.parametrize(
    ("slug", "body"),
    [
        (
            "exa",
            {
                "query": "Who won the 2026 grant?",
                "type": "lite",
                "numResults": 5,
                "includeDomains": ["example.org"],
                "startPublishedDate": "2026-03-01T00:00:00Z",
                "userLocation": "DE",
                "contents": {"highlights": {"maxCharacters": 1200}},
            },
        ),
        (
            "tavily",
            {
                "query": "2026 grant winner",
                "search_depth": "basic",
                "max_results": 5,
                "include_domains": ["example.org"],
                "start_date": "2026-03-01",
                "country": "germany",
                "include_usage": True,
            },
        ),
        (
            "perplexity-ai",
            {
                "query": ["2026 grant winner", "grant award list"],
                "max_results": 5,
                "search_domain_filter": ["example.org"],
                "search_after_date_filter": "03/01/2026",
                "country": "DE",
                "max_tokens_per_page": 300,
            },
        ),
        ("parallel", VECTOR),
    ],
)
def test_a_body_is_that_of_the_vector(slug: str, body: dict[str, object]) -> None:
    made = of_vector(slug)
    assert (json.loads(made.body), made.query) == (body, "")


@pytest.mark.parametrize(
    ("slug", "pairs"),
    [
        (
            "brave",
            {
                "q": "2026 grant winner site:example.org",
                "count": "5",
                "country": "DE",
                "freshness": "2026-03-01to2026-11-29",
                "extra_snippets": "true",
                "text_decorations": "false",
            },
        ),
        (
            "searxng",
            {"q": "2026 grant winner site:example.org", "format": "json", "time_range": "year"},
        ),
    ],
)
def test_a_query_is_that_of_the_vector(slug: str, pairs: dict[str, str]) -> None:
    made = of_vector(slug)
    assert (dict(parse_qsl(made.query, strict_parsing=True)), made.body) == (pairs, b"")


@pytest.mark.parametrize(
    ("slug", "members"),
    [
        ("exa", ["search_queries"]),
        ("tavily", ["objective", "search_queries"]),
        ("brave", ["objective", "search_queries"]),
        ("perplexity-ai", ["objective"]),
        ("searxng", ["objective", "search_queries", "advanced_settings.location"]),
        ("parallel", []),
    ],
)
def test_each_member_that_is_not_carried_is_told_once(slug: str, members: list[str]) -> None:
    assert left_out(of_vector(slug)) == members


@pytest.mark.parametrize("slug", ["exa", "tavily", "brave", "perplexity-ai", "searxng"])
def test_what_is_excluded_is_not_sent_beside_what_is_included(slug: str) -> None:
    made = of_vector(slug)
    assert "spam.test" not in f"{made.body!r}{made.query}"


@pytest.mark.parametrize("slug", ["exa", "tavily", "brave", "perplexity-ai", "searxng"])
@pytest.mark.parametrize("mode", ["turbo", "fast", "basic", "advanced"])
def test_nothing_of_the_caller_but_its_question_is_sent(slug: str, mode: str) -> None:
    made = sent(slug, asked(mode=mode, session_id="session_mine", client_model="my-model"))
    assert "mine" not in f"{made.body!r}{made.query}"
    assert "my-model" not in f"{made.body!r}{made.query}"
    assert "client_model" in left_out(made)
    assert "session_id" not in left_out(made)


@pytest.mark.parametrize(
    ("slug", "mode", "member", "kind"),
    [
        ("exa", "turbo", "type", "lite"),
        ("exa", "fast", "type", "lite"),
        ("exa", "advanced", "type", "auto"),
        ("tavily", "turbo", "search_depth", "ultra-fast"),
        ("tavily", "fast", "search_depth", "fast"),
        ("tavily", "advanced", "search_depth", "advanced"),
        ("perplexity-ai", "turbo", "search_type", "fast"),
        ("perplexity-ai", "advanced", "search_type", None),
        ("parallel", "turbo", "mode", "turbo"),
    ],
)
def test_a_mode_is_a_kind(slug: str, mode: str, member: str, kind: str | None) -> None:
    assert json.loads(sent(slug, asked(mode=mode)).body).get(member) == kind


def test_a_kind_that_is_named_goes_before_the_mode() -> None:
    assert json.loads(sent("exa", asked(mode="turbo"), "deep").body)["type"] == "deep"
    assert json.loads(sent("parallel", asked(mode="turbo"), "basic").body)["mode"] == "basic"
    assert "mode" not in json.loads(sent("parallel", asked()).body)


def test_a_search_without_bounds_asks_for_ten() -> None:
    for slug, member in (("exa", "numResults"), ("tavily", "max_results"), ("perplexity-ai", "max_results")):
        assert json.loads(sent(slug, asked()).body)[member] == 10


# -- members of one provider


def test_exa_gets_all_queries_where_there_is_no_objective() -> None:
    made = sent("exa", asked(search_queries=["a", "b"]))
    assert json.loads(made.body)["query"] == "a b"
    assert left_out(made) == []


FRESH = {"fetch_policy": {"max_age_seconds": 7300, "timeout_seconds": 1.5, "disable_cache_fallback": True}}


def test_exa_is_told_how_fresh_pages_are_to_be_unless_it_is_lite() -> None:
    auto = sent("exa", asked(advanced_settings=FRESH))
    assert json.loads(auto.body)["contents"] == {
        "highlights": True,
        "maxAgeHours": 2,
        "livecrawlTimeout": 1500,
    }
    assert left_out(auto) == ["advanced_settings.fetch_policy.disable_cache_fallback"]
    lite = sent("exa", asked(mode="basic", advanced_settings=FRESH))
    assert json.loads(lite.body)["contents"] == {"highlights": True}
    assert len(left_out(lite)) == 3


def test_tavily_is_told_how_fresh_pages_are_to_be() -> None:
    made = sent("tavily", asked(advanced_settings=FRESH))
    told = json.loads(made.body)
    assert (told["max_age_hours"], told["fetch_timeout"], told["cache_fallback"]) == (2, 1.5, False)
    assert left_out(made) == []


@pytest.mark.parametrize(("chars", "chunks"), [(1, 1), (500, 1), (501, 2), (5000, 3)])
def test_tavily_counts_excerpts_in_chunks_where_it_has_them(chars: int, chunks: int) -> None:
    settings = {"excerpt_settings": {"max_chars_per_result": chars}}
    assert json.loads(sent("tavily", asked(advanced_settings=settings)).body)["chunks_per_source"] == chunks
    basic = sent("tavily", asked(mode="basic", advanced_settings=settings))
    assert "chunks_per_source" not in json.loads(basic.body)


def test_brave_makes_context_where_much_is_asked_for() -> None:
    settings = {
        "max_results": 5,
        "location": "de",
        "source_policy": {"include_domains": ["a.test", ".gov"], "after_date": "2026-03-01"},
        "excerpt_settings": {"max_chars_per_result": 4000},
    }
    made = sent("brave", asked(advanced_settings=settings))
    assert json.loads(made.body) == {
        "q": "2026 grant winner",
        "count": 5,
        "maximum_number_of_urls": 5,
        "country": "DE",
        "freshness": "2026-03-01to2026-11-29",
        "goggles": "$discard\n$site=a.test\n$site=gov",
        "maximum_number_of_tokens_per_url": 1000,
        "maximum_number_of_tokens": 5000,
    }


@pytest.mark.parametrize(("chars", "each", "all_of_them"), [(1, 512, 1024), (10**6, 8192, 32_768)])
def test_brave_gets_no_more_tokens_than_it_gives(chars: int, each: int, all_of_them: int) -> None:
    settings = {"excerpt_settings": {"max_chars_per_result": chars}}
    told = json.loads(sent("brave", asked(advanced_settings=settings)).body)
    assert (told["maximum_number_of_tokens_per_url"], told["maximum_number_of_tokens"]) == (each, all_of_them)


def test_brave_is_told_what_to_leave_out_by_a_goggle() -> None:
    settings = {"source_policy": {"exclude_domains": ["a.test", "b.test"]}}
    told = json.loads(sent("brave", asked(advanced_settings=settings)).body)
    assert told["goggles"] == "$discard,site=a.test\n$discard,site=b.test"


def test_a_country_that_a_provider_lacks_is_told() -> None:
    made = sent("brave", asked(mode="basic", advanced_settings={"location": "is"}))
    assert "country" not in dict(parse_qsl(made.query))
    assert left_out(made) == ["advanced_settings.location"]


def test_perplexity_gets_one_query_as_a_text() -> None:
    assert json.loads(sent("perplexity-ai", asked()).body)["query"] == "2026 grant winner"


def test_perplexity_is_told_what_to_leave_out_with_a_sign() -> None:
    settings = {"source_policy": {"exclude_domains": [f"{number}.test" for number in range(30)]}}
    told = json.loads(sent("perplexity-ai", asked(advanced_settings=settings)).body)["search_domain_filter"]
    assert told == [f"-{number}.test" for number in range(20)]


@pytest.mark.parametrize(
    ("day", "span"),
    [
        ("2026-11-29", "day"),
        ("2026-11-28", "day"),
        ("2026-11-27", "month"),
        ("2026-11-01", "month"),
        ("2026-10-31", "year"),
        ("2025-11-29", "year"),
        ("2025-11-28", None),
        ("2027-01-01", "day"),
    ],
)
def test_searxng_searches_a_span_that_contains_the_day(day: str, span: str | None) -> None:
    made = sent("searxng", asked(advanced_settings={"source_policy": {"after_date": day}}))
    assert dict(parse_qsl(made.query)).get("time_range") == span


def test_every_dialect_of_searches_is_spoken_by_somebody() -> None:
    slugs = ("parallel", "exa", "tavily", "brave", "perplexity-ai", "searxng")
    shipped = [provider for slug in slugs if (provider := as_shipped(slug)) is not None]
    assert {one.dialect for provider in shipped for one in provider.speech.search} == set(SEARCH)
    assert Dialect.PARALLEL in SEARCH
