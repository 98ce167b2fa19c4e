"""One search for all, over real sockets: who is asked what, with whose key, what comes back, what it costs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from urllib.parse import parse_qsl

import pytest

from conftest import Connect, OpenGateway
from support.client import Answer, Header
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import Act, Reply, whole
from support.upstream import Seen, Upstream

JSON = (("content-type", "application/json"),)
SLUGS = ("exa", "tavily", "brave", "perplexity-ai", "searxng", "parallel", "custom-mine")
QUESTION: dict[str, object] = {"search_queries": ["zorblax reservoir"], "mode": "basic"}
URL = "https://docs.example.test/zorblax"

EXA = {
    "requestId": "exa-request-1",
    "results": [
        {"url": URL, "title": "Zorblax", "publishedDate": "2026-05-04T10:00:00Z", "highlights": ["Built."]}
    ],
    "costDollars": {"total": 0.0123},
}
TAVILY = {
    "results": [{"url": URL, "title": "Zorblax", "content": "Built. [...] Filled."}],
    "usage": {"credits": 2},
    "request_id": "tavily-request-1",
}
BRAVE = {
    "type": "search",
    "web": {
        "results": [
            {
                "url": URL,
                "title": "Zorblax",
                "page_age": "2026-05-04T10:00:00",
                "description": "<strong>Built</strong>.",
                "extra_snippets": ["Filled."],
            }
        ]
    },
}
CONTEXT = {
    "grounding": {"generic": [{"url": URL, "title": "Zorblax", "snippets": ["Built."]}]},
    "sources": {URL: {"age": ["Monday, May 4, 2026", "2026-05-04", "209 days ago"]}},
}
PERPLEXITY = {
    "id": "perplexity-1",
    "results": [{"url": URL, "title": "Zorblax", "date": "2026-05-04", "snippet": "Built."}],
}
SEARXNG = {
    "results": [{"url": URL, "title": "Zorblax", "publishedDate": None, "content": "Built."}],
    "unresponsive_engines": [["google", "timeout"]],
}
PARALLEL = {
    "search_id": "search_00000000000000000000000000000001",
    "session_id": "session_1",
    "results": [{"url": URL, "title": "Zorblax", "publish_date": "2026-05-04", "excerpts": ["Built."]}],
    "warnings": None,
    "usage": [{"name": "sku_search", "count": 1}],
}
ANSWERS: dict[str, Mapping[str, object]] = {
    "exa": EXA,
    "tavily": TAVILY,
    "brave": BRAVE,
    "perplexity": PERPLEXITY,
    "searxng": SEARXNG,
    "parallel": PARALLEL,
    "custom-mine": PARALLEL,
}


def answer(
    value: Mapping[str, object], status: int = 200, headers: tuple[tuple[str, str], ...] = ()
) -> Reply:
    return whole(json.dumps(value).encode(), status, (*JSON, *headers))


class Searches:
    """A gateway whose providers are all at one address."""

    def __init__(self, gateway: InProcess, upstream: Upstream, connect: Connect) -> None:
        self.gateway = gateway
        self.upstream = upstream
        self._connect = connect

    async def ask(
        self, model: object, *headers: Header, path: str = "/v1/acct/gw/compat/search", **members: object
    ) -> Answer:
        return await self.send({"model": model, **members}, *headers, path=path)

    async def send(
        self, members: Mapping[str, object], *headers: Header, path: str = "/v1/acct/gw/compat/search"
    ) -> Answer:
        told = {name: value for name, value in {**QUESTION, **members}.items() if value is not None}
        body = json.dumps(told).encode()
        client = await self._connect(self.gateway.url)
        return await client.ask("POST", path, *headers, body=body)


@pytest.fixture
async def searches(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> Searches:
    text = gateways(gw={}) + providers(dict.fromkeys(SLUGS, upstream.url))
    return Searches(await open_gateway(text), upstream, connect)


# -- who is asked, and what comes back


@pytest.mark.parametrize(
    ("model", "request_line"),
    [
        ("exa", b"POST /search"),
        ("tavily", b"POST /search"),
        ("brave", b"GET /res/v1/web/search"),
        ("perplexity", b"POST /search"),
        ("searxng", b"GET /search"),
        ("parallel", b"POST /v1/search"),
        ("custom-mine", b"POST /v1/search"),
    ],
)
async def test_every_provider_answers_in_one_shape(
    searches: Searches, model: str, request_line: bytes
) -> None:
    searches.upstream.will(answer(ANSWERS[model]))
    found = await searches.ask(model)
    told = found.json()
    assert found.status == 200
    seen = await searches.upstream.only()
    assert b"%b %b" % (seen.method, seen.target.partition(b"?")[0]) == request_line
    (result,) = told["results"]
    assert (result["url"], result["title"]) == (URL, "Zorblax")
    assert result["excerpts"][0] == "Built."
    assert told["search_id"].startswith("search_")
    assert len(told["search_id"]) == len("search_") + 32
    assert told["session_id"].startswith("session_")
    assert told["usage"] == [{"name": "sku_search", "count": 1}]


async def test_an_answer_is_put_together_to_the_letter(searches: Searches) -> None:
    searches.upstream.will(answer(SEARXNG))
    told = (await searches.ask("searxng", session_id="session_mine", client_model="m")).json()
    del told["search_id"]
    assert told == {
        "session_id": "session_mine",
        "results": [{"url": URL, "title": "Zorblax", "publish_date": None, "excerpts": ["Built."]}],
        "warnings": [
            {
                "type": "input_validation_warning",
                "message": "client_model: not sent to searxng, which has no place for it",
                "detail": {"member": "client_model"},
            },
            {"type": "warning", "message": "engines that did not answer: google", "detail": None},
        ],
        "usage": [{"name": "sku_search", "count": 1}],
    }


async def test_parallels_own_answer_passes_as_it_is(searches: Searches) -> None:
    searches.upstream.will(answer(PARALLEL))
    found = await searches.ask(None, ("x-api-key", "parallel-key-1"), ("parallel-beta", "x"))
    assert found.body == json.dumps(PARALLEL).encode()
    seen = await searches.upstream.only()
    assert json.loads(await seen.whole_body()) == QUESTION
    assert (seen.header("x-api-key"), seen.header("parallel-beta")) == (b"parallel-key-1", b"x")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/acct/gw/compat/search",
        "/v1/acct/gw/compat/v1/search",
        "/v1/acct/gw/v1/search",
        "/v1/acct/gw/search",
    ],
)
async def test_a_path_may_have_its_version_twice(searches: Searches, path: str) -> None:
    searches.upstream.will(answer(EXA))
    assert (await searches.ask("exa", path=path)).status == 200


async def test_a_kind_is_named_behind_the_provider(searches: Searches) -> None:
    searches.upstream.will(answer(CONTEXT))
    found = await searches.ask("brave/llm-context")
    assert (await searches.upstream.only()).target == b"/res/v1/llm/context"
    assert found.json()["results"][0]["publish_date"] == "2026-05-04"


async def test_the_first_guess_leads_to_the_default_gateway(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    text = gateways("local", default={}) + providers({"exa": upstream.url})
    searches = Searches(await open_gateway(text), upstream, connect)
    upstream.will(answer(EXA))
    assert (await searches.ask("exa", path="/v1/search")).status == 200


async def test_who_names_nobody_means_what_the_operator_calls_search(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    text = gateways(gw={}) + providers({"brave": upstream.url, "parallel": upstream.url})
    searches = Searches(await open_gateway(text + '[models]\nsearch = "brave/search"\n'), upstream, connect)
    upstream.will(answer(BRAVE))
    found = await searches.ask(None, ("x-api-key", "parallel-key-1"))
    assert found.status == 200
    assert (await upstream.only()).target.startswith(b"/res/v1/web/search")


# -- what goes out


@pytest.mark.parametrize(
    ("model", "name", "value"),
    [
        ("exa", "x-api-key", b"key-of-mine"),
        ("tavily", "authorization", b"Bearer key-of-mine"),
        ("brave", "x-subscription-token", b"key-of-mine"),
        ("perplexity", "authorization", b"Bearer key-of-mine"),
        ("searxng", "", b""),
    ],
)
async def test_nothing_of_the_callers_head_but_its_key_goes_out(
    searches: Searches, model: str, name: str, value: bytes
) -> None:
    searches.upstream.will(answer(ANSWERS[model]))
    await searches.ask(
        model,
        ("x-api-key", "key-of-mine"),
        ("X-Stainless-Lang", "python"),
        ("parallel-beta", "search-extract-2025-10-10"),
        ("X-My-Tenant", "t"),
        ("cf-aig-metadata", '{"user":"mine"}'),
        ("User-Agent", "Parallel/Python 1.3.7"),
        client_model="mine",
        session_id="mine",
    )
    seen = await searches.upstream.only()
    own = {b"host", b"user-agent", b"accept", name.encode()} - {b""}
    framing = {b"content-type", b"content-length"} if seen.method == b"POST" else set[bytes]()
    assert set(seen.names) == own | framing
    assert b"mine" not in (await seen.whole_body()) + seen.target
    if name:
        assert seen.header(name) == value


async def test_a_key_goes_only_to_whom_the_caller_has_named(searches: Searches) -> None:
    searches.upstream.will(answer({"error": {"message": "down"}}, 500), answer(TAVILY))
    found = await searches.ask("exa", ("x-api-key", "key-of-mine"), ("cf-aig-fallback", "tavily"))
    assert found.status == 200
    first, second = searches.upstream.requests
    assert first.header("x-api-key") == b"key-of-mine"
    assert b"key-of-mine" not in second.head


async def test_a_get_is_sent_without_a_body(searches: Searches) -> None:
    searches.upstream.will(answer(BRAVE))
    await searches.ask("brave")
    seen = await searches.upstream.only()
    assert dict(parse_qsl(seen.target.partition(b"?")[2].decode()))["q"] == "zorblax reservoir"
    assert (seen.header("content-length"), seen.header("content-type")) == (None, None)


# -- restrictions and bounds


async def test_restrictions_hold_whatever_the_provider_answers(searches: Searches) -> None:
    results = [
        {"url": "https://a.test/1", "publishedDate": "2026-05-05", "highlights": ["abcdef"]},
        {"url": "https://sub.a.test/2", "publishedDate": "2026-01-01", "highlights": ["old"]},
        {"url": "https://b.test/3", "highlights": ["elsewhere"]},
        {"url": "https://sub.a.test/4", "highlights": ["ghijkl"]},
    ]
    searches.upstream.will(answer({"results": results}))
    policy = {"include_domains": ["a.test"], "after_date": "2026-03-01"}
    settings = {"source_policy": policy, "excerpt_settings": {"max_chars_per_result": 4}}
    told = (await searches.ask("exa", max_chars_total=6, advanced_settings=settings)).json()
    assert [(one["url"], one["excerpts"]) for one in told["results"]] == [
        ("https://a.test/1", ["abcd"]),
        ("https://sub.a.test/4", ["gh"]),
    ]
    (warning,) = told["warnings"]
    assert warning["detail"] == {"member": "advanced_settings.source_policy.after_date"}


# -- errors


@pytest.mark.parametrize(
    "members",
    [
        {"search_queries": []},
        {"max_results": 5},
        {"objective": 5},
        {"advanced_settings": {"source_policy": {"include_domains": ["https://a.test"]}}},
    ],
)
async def test_a_wrong_question_is_told_as_parallel_does_and_not_sent(
    searches: Searches, members: dict[str, object]
) -> None:
    found = await searches.send({"model": "exa", **members})
    told = found.json()
    assert (found.status, told["type"]) == (422, "error")
    assert set(told["error"]) == {"ref_id", "message", "detail"}
    assert told["error"]["ref_id"] == found.header("cf-aig-request-id")
    assert next(iter(members)) in told["error"]["message"]
    assert searches.upstream.requests == []


async def test_a_question_that_a_provider_cannot_be_asked_goes_to_the_next(searches: Searches) -> None:
    domains = [f"{number:03}.example.test" for number in range(200)]
    settings = {"source_policy": {"include_domains": domains}}
    found = await searches.ask("brave/web", advanced_settings=settings)
    assert found.status == 422
    assert "include_domains" in found.json()["error"]["message"]
    searches.upstream.will(answer(EXA))
    other = await searches.ask("brave/web", ("cf-aig-fallback", "exa"), advanced_settings=settings)
    assert other.status == 200


@pytest.mark.parametrize(
    ("model", "status"), [("nobody", 400), ("exa/unheard-of", 400), ("openai", 400), ("", 422), (5, 422)]
)
async def test_who_is_not_there_is_not_asked(searches: Searches, model: str, status: int) -> None:
    found = await searches.ask(model)
    assert (found.status, found.json()["type"]) == (status, "error")
    assert searches.upstream.requests == []


@pytest.mark.parametrize(
    ("model", "status", "body", "told", "code"),
    [
        ("exa", 400, {"error": "no such member", "tag": "INVALID_REQUEST"}, 502, "INVALID_REQUEST"),
        ("exa", 402, {"error": "no credits", "tag": "NO_MORE_CREDITS"}, 402, "NO_MORE_CREDITS"),
        ("tavily", 432, {"detail": {"error": "plan limit"}}, 402, None),
        ("tavily", 433, {"detail": {"error": "limit"}}, 402, None),
        ("exa", 401, {"error": "bad key"}, 401, None),
        ("brave", 403, {"error": {"code": "FORBIDDEN", "detail": "no"}}, 401, "FORBIDDEN"),
        ("perplexity", 408, {"error": {"message": "slow", "code": 408}}, 504, "408"),
        ("perplexity", 500, {"error": {"message": "oh"}}, 502, None),
        ("exa", 504, {}, 504, None),
        ("parallel", 422, {"type": "error", "error": {"message": "bad"}}, 422, None),
    ],
)
async def test_an_error_of_a_provider_is_told_in_parallels_words(
    searches: Searches, model: str, status: int, body: dict[str, object], told: int, code: str | None
) -> None:
    searches.upstream.will(answer(body, status))
    found = await searches.ask(model, ("x-api-key", "key-of-mine"))
    value = found.json()
    assert (found.status, value["type"], set(value)) == (told, "error", {"type", "error"})
    detail = value["error"]["detail"]
    slug = "perplexity-ai" if model == "perplexity" else model
    assert detail == {"provider": slug, "upstream_status": status, "upstream_code": code}
    assert "key-of-mine" not in found.body.decode()


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ((("Retry-After", "7"),), "7"),
        ((("Retry-After", "3600"),), "60"),
        ((("X-RateLimit-Reset", "1, 1419704"), ("X-RateLimit-Remaining", "0, 12")), "1"),
        ((("X-RateLimit-Reset", "1, 1419704"), ("X-RateLimit-Remaining", "3, 0")), "60"),
        ((), None),
    ],
)
async def test_how_long_to_wait_is_told_up_to_a_minute(
    searches: Searches, headers: tuple[tuple[str, str], ...], wait: str | None
) -> None:
    searches.upstream.will(answer({"error": {"code": "RATE_LIMITED"}}, 429, headers))
    found = await searches.ask("brave")
    assert (found.status, found.header("retry-after")) == (429, wait)


@pytest.mark.parametrize(
    "reply",
    [
        whole(b"<html>moved</html>", 200, (("content-type", "text/html"),)),
        whole(b"[]", 200, JSON),
        whole(b"{}", 200, JSON),
        whole(b'{"results":{"a":1}}', 200, JSON),
        whole(b'{"results":[' + b"[" * 5000, 200, JSON),
        whole(b'{"results":[]' + b"," * 600_000, 200, JSON),
        whole(b"", 200, JSON),
        Reply((Act.RESET,)),
    ],
    ids=["html", "list", "nothing", "no list", "deep", "many", "empty", "reset"],
)
async def test_what_is_no_answer_is_the_providers_fault(searches: Searches, reply: Reply) -> None:
    searches.upstream.will(reply)
    found = await searches.ask("tavily")
    assert (found.status, found.json()["type"]) == (502, "error")


async def test_an_answer_without_end_is_not_held(searches: Searches) -> None:
    searches.upstream.will(whole(b'{"results":[' + b" " * 17 * 1024 * 1024 + b"]}", 200, JSON))
    assert (await searches.ask("tavily")).status == 502


async def test_a_search_is_posted_and_not_large(searches: Searches, connect: Connect) -> None:
    client = await connect(searches.gateway.url)
    found = await client.ask("GET", "/v1/acct/gw/compat/search")
    assert (found.status, found.header("allow"), found.json()["type"]) == (405, "POST", "error")
    large = await searches.ask("exa", objective="x" * 1024 * 1024)
    assert (large.status, large.json()["type"]) == (413, "error")


# -- the next provider


@pytest.mark.parametrize(
    "reply",
    [
        answer({}, 500),
        answer({}, 503),
        answer({}, 429),
        answer({}, 408),
        answer({}, 402),
        answer({}, 432),
        whole(b"<html>", 200, (("content-type", "text/html"),)),
        Reply((Act.RESET,)),
    ],
    ids=["500", "503", "429", "408", "402", "432", "html", "reset"],
)
async def test_the_next_provider_is_asked_where_that_may_help(searches: Searches, reply: Reply) -> None:
    searches.upstream.will(reply, answer(BRAVE))
    found = await searches.ask("tavily", ("cf-aig-fallback", "brave"))
    assert (found.status, found.header("cf-aig-step")) == (200, "1")
    first, second = searches.upstream.requests
    assert (first.method, second.method) == (b"POST", b"GET")
    rows = await searches.gateway.rows(2)
    assert [row.provider for row in rows] == ["tavily", "brave"]


@pytest.mark.parametrize(("status", "told"), [(400, 502), (422, 502), (404, 502), (401, 401), (403, 401)])
async def test_the_next_provider_is_not_asked_where_the_question_or_its_key_is_wrong(
    searches: Searches, status: int, told: int
) -> None:
    searches.upstream.will(answer({"detail": "no"}, status))
    found = await searches.ask("tavily", ("cf-aig-fallback", "brave"), ("authorization", "Bearer mine"))
    assert found.status == told
    assert len(searches.upstream.requests) == 1


async def test_a_get_may_be_followed_by_a_post(searches: Searches) -> None:
    searches.upstream.will(answer({}, 500), answer(TAVILY))
    found = await searches.ask("brave", ("cf-aig-fallback", "tavily/basic"))
    assert found.status == 200
    seen: list[Seen] = searches.upstream.requests
    assert (seen[1].method, seen[1].target) == (b"POST", b"/search")
    assert json.loads(await seen[1].whole_body())["query"] == "zorblax reservoir"


async def test_several_providers_may_be_what_the_operator_calls_search(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    text = gateways(gw={}) + providers({"exa": upstream.url, "searxng": upstream.url})
    models = '[models]\nsearch = ["exa/auto", "searxng/web"]\n'
    searches = Searches(await open_gateway(text + models), upstream, connect)
    upstream.will(answer({}, 502), answer(SEARXNG))
    assert (await searches.ask(None)).status == 200
    first, _ = upstream.requests
    assert json.loads(await first.whole_body())["type"] == "auto"


async def test_a_step_of_a_universal_request_may_be_a_search(searches: Searches, connect: Connect) -> None:
    searches.upstream.will(answer(BRAVE))
    step = {
        "provider": "compat",
        "endpoint": "search",
        "headers": {},
        "query": {"model": "brave", **QUESTION},
    }
    client = await connect(searches.gateway.url)
    found = await client.ask(
        "POST", "/v1/acct/gw", ("content-type", "application/json"), body=json.dumps([step]).encode()
    )
    assert (found.status, found.json()["results"][0]["url"]) == (200, URL)


# -- the log, and what it costs


@pytest.mark.parametrize(
    ("model", "value", "logged", "cost", "source"),
    [
        ("exa", EXA, "exa/search-lite", 0.0123, "reported by exa"),
        ("exa/deep", {"results": []}, "exa/search-deep", 0.012, "exa.ai/docs/admin/pricing 2026-11-10"),
        ("tavily", TAVILY, "tavily/search-basic", 0.016, None),
        ("tavily/advanced", {"results": []}, "tavily/search-advanced", 0.016, None),
        ("brave", BRAVE, "brave/search-web", 0.005, None),
        ("brave/llm-context", CONTEXT, "brave/search-llm-context", 0.005, None),
        ("perplexity", PERPLEXITY, "perplexity-ai/search-web", 0.005, None),
        ("perplexity/fast", PERPLEXITY, "perplexity-ai/search-fast", 0.001, None),
        ("searxng", SEARXNG, "searxng/search", 0, None),
        ("parallel/advanced", PARALLEL, "parallel/search-advanced", 0.005, "parallel card 2026-11-10"),
        ("parallel", PARALLEL, "parallel/search-basic", 0.005, "parallel card 2026-11-10"),
    ],
)
async def test_a_row_of_the_log_has_kind_and_cost(
    searches: Searches, model: str, value: Mapping[str, object], logged: str, cost: float, source: str | None
) -> None:
    searches.upstream.will(answer(value))
    await searches.ask(model)
    row = await searches.gateway.row()
    assert (row.model, row.cost, row.request_type) == (logged, cost, "search")
    if source is not None:
        assert row.price_source == source


async def test_the_log_keeps_what_the_provider_got_and_said(searches: Searches) -> None:
    searches.upstream.will(answer(BRAVE))
    await searches.ask("brave")
    (call,) = await searches.gateway.calls(1)
    assert (call.method, call.path.partition("?")[0]) == ("GET", "res/v1/web/search")
    assert "q=zorblax%20reservoir" in call.path
    bodies = await searches.gateway.bodies()
    assert bodies is not None
    assert json.loads(bodies.response) == BRAVE


async def test_an_answer_that_is_kept_has_its_name_and_costs_nothing(searches: Searches) -> None:
    days = ("Mon, 30 Nov 2026 00:00:00 GMT", "Tue, 01 Dec 2026 00:00:00 GMT")
    searches.upstream.will(*(answer(BRAVE, headers=(("date", day),)) for day in days))
    ttl = ("cf-aig-cache-ttl", "60")
    first = await searches.ask("brave", ttl)
    again = await searches.ask("brave", ttl)
    assert (first.header("cf-aig-cache-status"), again.header("cf-aig-cache-status")) == ("MISS", "HIT")
    assert first.json()["search_id"] == again.json()["search_id"]
    fresh = await searches.ask("brave", ("cf-aig-skip-cache", "true"))
    assert fresh.json()["search_id"] != first.json()["search_id"]
    rows = await searches.gateway.rows(3)
    assert [row.cost for row in rows] == [0.005, 0, 0.005]


async def test_one_kept_answer_serves_who_wants_less_of_it(searches: Searches) -> None:
    searches.upstream.will(answer(BRAVE))
    ttl = ("cf-aig-cache-ttl", "60")
    await searches.ask("brave", ttl)
    less = await searches.ask("brave", ttl, max_chars_total=3)
    assert less.header("cf-aig-cache-status") == "HIT"
    assert less.json()["results"][0]["excerpts"] == ["Bui"]


async def test_what_is_no_answer_is_not_kept(searches: Searches) -> None:
    html = whole(b"<html>wait</html>", 200, (("content-type", "text/html"),))
    searches.upstream.will(html, answer(BRAVE))
    ttl = ("cf-aig-cache-ttl", "60")
    assert (await searches.ask("brave", ttl)).status == 502
    assert (await searches.ask("brave", ttl)).status == 200


async def test_two_callers_of_the_same_search_share_one(searches: Searches) -> None:
    gate = asyncio.Event()
    searches.upstream.will(Reply((Act.BODY, gate, *answer(BRAVE).steps)))
    ttl = ("cf-aig-cache-ttl", "60")
    both = asyncio.gather(searches.ask("brave", ttl), searches.ask("brave", ttl))
    await searches.upstream.request(1)
    gate.set()
    first, second = await both
    assert first.json()["search_id"] == second.json()["search_id"]
    assert len(searches.upstream.requests) == 1


# -- native calls


@pytest.mark.parametrize(
    ("method", "path", "header", "target"),
    [
        ("POST", "exa/search", "x-api-key", b"/search"),
        ("POST", "tavily/search", "authorization", b"/search"),
        ("GET", "brave/res/v1/web/search?q=x", "x-subscription-token", b"/res/v1/web/search?q=x"),
        ("GET", "searxng/search?q=x&format=json", "authorization", b"/search?q=x&format=json"),
    ],
)
async def test_native_calls_pass_as_they_are(
    searches: Searches, connect: Connect, method: str, path: str, header: str, target: bytes
) -> None:
    searches.upstream.will(answer({"anything": 1}))
    client = await connect(searches.gateway.url)
    found = await client.ask(method, f"/v1/acct/gw/{path}", (header, "key-of-mine-1"), body=b'{"query":"x"}')
    assert found.json() == {"anything": 1}
    seen = await searches.upstream.only()
    assert (seen.target, seen.header(header)) == (target, b"key-of-mine-1")
    row = await searches.gateway.row()
    assert (row.provider, row.request_type) == (path.partition("/")[0], "search")


@pytest.mark.parametrize(
    ("method", "path", "value", "cost"),
    [
        ("POST", "exa/search", EXA, 0.0123),
        ("POST", "exa/search", {"results": [{}] * 12}, 0.007),
        ("POST", "tavily/search", TAVILY, 0.016),
        ("GET", "brave/res/v1/web/search?q=x", BRAVE, 0.005),
        ("POST", "perplexity/search", PERPLEXITY, 0.005),
        ("GET", "searxng/search?q=x&format=json", SEARXNG, 0),
        ("POST", "parallel/v1/search", PARALLEL, 0.005),
    ],
)
async def test_native_searches_cost_the_same(
    searches: Searches, connect: Connect, method: str, path: str, value: Mapping[str, object], cost: float
) -> None:
    searches.upstream.will(answer(value))
    client = await connect(searches.gateway.url)
    await client.ask(method, f"/v1/acct/gw/{path}", ("authorization", "Bearer mine-1"), body=b'{"query":"x"}')
    assert (await searches.gateway.row()).cost == cost


async def test_a_search_that_fails_costs_nothing(searches: Searches) -> None:
    searches.upstream.will(answer({}, 500))
    await searches.ask("brave")
    assert (await searches.gateway.row()).cost is None
