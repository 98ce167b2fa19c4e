"""`GET …/logs`: filters, order, pages, totals, aggregates; whose logs one sees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import pytest
from logs_kit import Api, call, call_id, numbers, one, problems


@pytest.fixture
def api(tmp_path: Path) -> Api:
    found = Api(tmp_path)
    found.store(
        call(0, model="openai/gpt-5", cost_nano=1_000_000, tokens=(10, 20), metadata={"team": "a", "n": 5}),
        call(1, model="openai/gpt-5-mini", status=500, duration_us=2_000_000, tokens=(1, 2)),
        call(2, provider="anthropic", model="anthropic/claude", cost_nano=3_000_000, cached=True),
        call(
            3,
            provider="parallel",
            path="v1/search",
            user_agent="100%_sure",
            metadata={"ok": True},
            operation="parallel.search.create",
        ),
        call(4, gateway="other", model="openai/gpt-5"),
        call(5, account="acc2", model="openai/gpt-5"),
    )
    return found


def test_newest_first_and_only_this_gateway(api: Api) -> None:
    body = api.get("/logs")
    assert numbers(body) == [3, 2, 1, 0]
    assert body["result_info"] == {
        "page": 1, "per_page": 20, "count": 4, "total_count": 4, "total_pages": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("key", "operator", "values", "expected"),
    [
        ("model", "contains", ["GPT"], [1, 0]),
        ("model", "eq", ["openai/gpt-5", "anthropic/claude"], [2, 0]),
        ("model", "neq", ["openai/gpt-5"], [3, 2, 1]),
        ("model", "eq", [None], [3]),
        ("success", "eq", [True], [3, 2, 0]),
        ("success", "eq", ["false"], [1]),
        ("cached", "eq", [True], [2]),
        ("provider", "eq", ["parallel"], [3]),
        ("status_code", "gt", [400], [1]),
        ("cost", "gt", [0.002], [2]),
        ("cost", "eq", [0.001], [0]),
        ("cost", "lt", ["0.0011"], [0]),
        ("duration", "gt", [1999], [1]),
        ("duration", "eq", [12], [3, 2, 0]),
        ("tokens", "eq", [30], [0]),
        ("tokens_in", "lt", [10], [1]),
        ("metadata.key", "eq", ["team"], [0]),
        ("metadata.value", "eq", [5], [0]),
        ("metadata.value", "eq", [True], [3]),
        ("id", "eq", [call_id(2)], [2]),
        ("created_at", "lt", ["2026-05-28T20:26:41Z"], [0]),
        ("user_agent", "contains", ["%"], [3]),
        ("user_agent", "contains", ["_"], [3]),
        ("operation", "eq", ["parallel.search.create"], [3]),
        ("operation", "eq", ["unknown", "parallel.search.create"], [3, 2, 1, 0]),
        ("operation", "neq", ["parallel.search.create"], [2, 1, 0]),
        ("operation", "contains", ["SEARCH"], [3]),
        ("compatibilityMode", "eq", [True], []),
        ("authentication", "eq", [True], [3, 2, 1, 0]),
        ("wholesale", "eq", [True], []),
        ("dlp_action", "eq", ["BLOCK"], []),
        ("feedback", "eq", [None], [3, 2, 1, 0]),
    ],
)
def test_filters(api: Api, key: str, operator: str, values: list[object], expected: list[int]) -> None:
    assert api.logs(one(key, operator, *values)) == expected


def test_filters_must_all_hold(api: Api) -> None:
    assert api.logs(one("model", "contains", "gpt"), one("success", "eq", True)) == [0]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"success": "false"}, [1]),
        ({"cached": "true"}, [2]),
        ({"provider": "openai", "model": "openai/gpt-5"}, [0]),
        ({"min_cost": "0.001", "max_cost": "0.001"}, [0]),
        ({"min_cost": "0.0010001"}, [2]),
        ({"min_duration": "2000"}, [1]),
        ({"max_duration": "12"}, [3, 2, 0]),
        ({"min_tokens_in": "10"}, [0]),
        ({"max_tokens_out": "2"}, [1]),
        ({"min_total_tokens": "3", "max_total_tokens": "29.5"}, [1]),
        ({"request_content_type": "application/json", "response_content_type": "text/html"}, []),
        ({"start_date": "2026-05-28T20:26:42Z"}, [3, 2]),
        ({"start_date": "2026-05-28T20:26:41+00:00", "end_date": "2026-05-28T20:26:42.000Z"}, [2, 1]),
        ({"end_date": "2026-05-28"}, []),
        ({"search": "SEARCH"}, [3]),
        ({"search": "claude"}, [2]),
        ({"search": "' OR 1=1 --"}, []),
        ({"search": "%"}, [3]),
        ({"search": "\0"}, []),
        ({"order_by": "cost"}, [2, 0, 3, 1]),
        ({"order_by": "cost", "order_by_direction": "asc"}, [0, 2, 3, 1]),
        ({"direction": "asc"}, [0, 1, 2, 3]),
        ({"direction": "asc", "order_by_direction": "desc"}, [3, 2, 1, 0]),
        ({"order_by": "provider", "order_by_direction": "asc"}, [2, 1, 0, 3]),
        ({"order_by": "success", "order_by_direction": "asc"}, [1, 3, 2, 0]),
        ({"per_page": "3"}, [3, 2, 1]),
        ({"per_page": "3", "page": "2"}, [0]),
        ({"per_page": "3", "page": "3"}, []),
        ({"page": str(10**9)}, []),
    ],
)
def test_parameters(api: Api, parameters: dict[str, str], expected: list[int]) -> None:
    assert api.logs(**parameters) == expected


def test_the_thumbs_of_the_parameter_are_those_that_are_stored(api: Api) -> None:
    for number, feedback in ((0, 1), (1, -1)):
        api.send("PATCH", f"/logs/{call_id(number)}", body={"feedback": feedback})
    assert api.logs(feedback="1") == [0]
    assert api.logs(feedback="0") == [1]
    assert api.logs(one("feedback", "lt", 0)) == [1]


def test_aggregates(api: Api) -> None:
    info = cast(dict[str, object], api.get("/logs", "meta_info=true")["result_info"])
    assert {name: value for name, value in info.items() if name[:4] in ("min_", "max_")} == {
        "min_cost": 0.001, "max_cost": 0.003, "min_duration": 12, "max_duration": 2000, "min_tokens_in": 1,
        "max_tokens_in": 10, "min_tokens_out": 2, "max_tokens_out": 20, "min_total_tokens": 3,
        "max_total_tokens": 30,
    }  # fmt: skip


def test_aggregates_of_nothing_are_unknown(api: Api) -> None:
    info = cast(dict[str, object], api.get("/logs", "meta_info=true&provider=none")["result_info"])
    assert (info["min_cost"], info["max_total_tokens"], info["total_count"]) == (None, None, 0)


def test_what_a_row_holds(api: Api) -> None:
    row = cast(list[dict[str, object]], api.get("/logs", "model=openai/gpt-5")["result"])[0]
    assert row["metadata"] == {"team": "a", "n": 5}
    assert (row["tokens_in"], row["tokens_out"], row["cost"]) == (10, 20, 0.001)
    assert row["timings"] == {"total": 12.345, "latency": 9.0}
    assert (row["location"], row["guardrails"], row["dlp_action"]) == (None, None, None)
    assert (row["request_head"], row["response_head"]) == ("", "")
    assert "request_head_complete" not in row
    assert row["created_at"] == "2026-05-28T20:26:40.000Z"


def test_without_a_ledger_the_list_is_empty(tmp_path: Path) -> None:
    body = Api(tmp_path).get("/logs")
    assert (body["result"], cast(dict[str, object], body["result_info"])["total_count"]) == ([], 0)


def test_a_gateway_that_is_not_there(api: Api) -> None:
    assert problems(api.send("GET", "/logs", gateway="none"), 404) == [(7002, [])]
    assert problems(api.send("GET", "/logs", account="acc3"), 404) == [(7002, [])]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("per_page=100", ["query", "per_page"]),
        ("per_page=0", ["query", "per_page"]),
        ("page=0", ["query", "page"]),
        ("page=" + "9" * 60, ["query", "page"]),
        ("page=x", ["query", "page"]),
        ("order_by=id", ["query", "order_by"]),
        ("order_by_direction=up", ["query", "order_by_direction"]),
        ("feedback=-1", ["query", "feedback"]),
        ("success=perhaps", ["query", "success"]),
        ("start_date=yesterday", ["query", "start_date"]),
        ("min_cost=nan", ["query", "min_cost"]),
        ("filter=x", ["query", "filter"]),
        ("filters=x", ["query", "filters"]),
        ("filters=%5B%5B%5D%5D", ["query", "filters", "0"]),
        ("filters=" + "%5B" * 20_000, ["query", "filters"]),
        ("filters.colour=red", ["query", "filters.colour"]),
        ("filters.key=colour&filters.operator=eq&filters.value=red", ["query", "filters", "0", "key"]),
        ("filters.key=model&filters.operator=like&filters.value=red", ["query", "filters", "0", "operator"]),
        ("filters.key=model&filters.operator=lt&filters.value=red", ["query", "filters", "0", "operator"]),
        ("filters.key=cost&filters.operator=lt&filters.value=red", ["query", "filters", "0", "value", "0"]),
        ("filters.key=cost&filters.operator=lt&filters.value=1e99", ["query", "filters", "0", "value", "0"]),
        ("filters.key=cost&filters.operator=lt", ["query", "filters", "0", "value", "0"]),
        ("filters.key=cached&filters.operator=eq&filters.value=1", ["query", "filters", "0", "value", "0"]),
        ("search=" + "x" * 2001, ["query", "search"]),
        ("filters=" + "%5B" + ",".join(["1"] * 51) + "%5D", ["query", "filters"]),
        (
            'filters=[{"key":"model","operator":"eq","value":[' + ",".join(["1"] * 101) + "]}]",
            ["query", "filters", "0", "value"],
        ),
        (
            "filters=["
            + ",".join(['{"key":"cost","operator":"neq","value":[' + ",".join(["1"] * 100) + "]}"] * 6)
            + "]",
            ["query", "filters"],
        ),
        (
            "filters=["
            + ",".join(['{"key":"model","operator":"contains","value":["a","b","c"]}'] * 34)
            + "]",
            ["query", "filters"],
        ),
        (
            "&".join(["filters.key=model"] * 200 + ["filters.operator=eq"] * 200 + ["filters.value=a"] * 400),
            ["query", "filters"],
        ),
    ],
)
def test_what_is_refused(api: Api, query: str, path: list[str]) -> None:
    assert problems(api.send("GET", "/logs", query)) == [(7001, path)]


def test_a_wrong_key_is_worded_as_cloudflare_words_it(api: Api) -> None:
    answer = api.send("GET", "/logs", "filters.key=colour&filters.operator=eq&filters.value=red")
    assert answer.json()["errors"][0]["message"].startswith("Invalid enum value. Expected 'id' | 'event_id'")


def test_all_problems_of_all_filters_are_told(api: Api) -> None:
    filters = '[{"key":"x","operator":"eq","value":[1]},{"key":"cost","operator":"eq","value":["x"]},7]'
    assert [path for _, path in problems(api.send("GET", "/logs", [("filters", filters)]))] == [
        ["query", "filters", "0", "key"],
        ["query", "filters", "1", "value", "0"],
        ["query", "filters", "2"],
    ]


def test_a_gateway_of_the_directory(api: Api) -> None:
    gateway = {
        "id": "made", "cache_invalidate_on_update": False, "cache_ttl": 0, "collect_logs": True,
        "rate_limiting_interval": 0, "rate_limiting_limit": 0,
    }  # fmt: skip
    made = api.ask("POST", "/client/v4/accounts/acc/ai-gateway/gateways", json.dumps(gateway).encode())
    assert made.status_code == 200, made.text
    api.store(call(9, gateway="made"))
    assert numbers(api.get("/logs", gateway="made")) == [9]
