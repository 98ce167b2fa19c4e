"""Parallel's price card: the reference's worked checks, every product, and requests that are none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.pricing.parallel_card import findall_price, monitor_price, parallel_cost, task_price
from penstock.pricing.units import to_nano
from penstock.wire.usage import Usage, read_answer


def cost(path: str, request: object, answer: object | None = None) -> int | None:
    usage = None if answer is None else read_answer("application/json", "", json.dumps(answer).encode()).usage
    return parallel_cost(path, json.dumps(request).encode(), usage)


def usd(text: str) -> int:
    return to_nano(text)


def test_the_worked_checks() -> None:
    query = {"search_queries": ["x"]}
    ten = {"search_id": "s", "results": [{}] * 10}
    fifteen = {"search_id": "s", "usage": [{"name": "sku_search_additional_results", "count": 5}]}
    both = [{"name": "sku_extract_excerpts", "count": 3}, {"name": "sku_extract_full_content", "count": 3}]
    entities = {"entity_set_id": "e", "entities": [{}] * 700}
    assert cost("v1/search", query, ten) == usd("0.005")
    assert cost("v1/search", query | {"mode": "turbo"}, fifteen) == usd("0.006")
    assert cost("v1/extract", {"urls": ["a", "b", "c"]}, {"extract_id": "e", "usage": both}) == usd("0.003")
    assert cost("v1/tasks/runs", {"input": "x", "processor": "ultra"}) == usd("0.3")
    assert cost("v1/tasks/groups/tgrp_1/runs", {"inputs": [{"processor": "core-fast"}] * 490}) == usd("12.25")
    assert cost("v1/responses", {"model": "parallel", "input": "x"}) == usd("0.05")
    assert findall_price("core", 40, ["core"]) == usd("9")
    assert cost("v1beta/findall/entity-search", {"match_limit": 1000}, entities) == usd("0.035")
    assert 720 * (monitor_price("lite") or 0) == usd("2.16")


@pytest.mark.parametrize(
    ("path", "request_", "expected"),
    [
        ("v1/search", {"mode": None}, "0.005"),
        ("v1/search", {"mode": "fast"}, "0.001"),
        ("v1/search", {"mode": "basic"}, "0.005"),
        ("v1/search", {"mode": "one-shot"}, None),
        ("v1/search", {"advanced_settings": {"max_results": 14}}, "0.009"),
        ("v1/search", {"advanced_settings": {"max_results": 500}}, "0.015"),
        ("v1/search", {"advanced_settings": {"max_results": 3}}, "0.005"),
        ("v1beta/search", {"objective": "x"}, "0.005"),
        ("v1beta/search", {"processor": "pro", "max_results": 12}, "0.007"),
        ("v1beta/search", {"mode": "turbo"}, None),
        ("v1/extract", {"urls": ["a", "b"]}, "0.002"),
        ("v1beta/extract", {"urls": []}, "0"),
        ("v1/extract", {}, None),
        ("v1/images/search", {}, "0.005"),
        ("v1/images/search", {"mode": "fast"}, "0.001"),
        ("v1/places/search", {"mode": "fast"}, "0.001"),
        ("v1/places/search", {}, None),
        ("v1/decisions", {"model": "fast"}, None),
        ("v1/tasks/runs", {"processor": "core2x-fast"}, "0.05"),
        ("v1/tasks/runs", {"processor": "new"}, None),
        ("v1/tasks/runs", {}, None),
        ("v1beta/tasks/groups/g/runs", {"inputs": [{"processor": "lite"}, {"processor": "pro"}]}, "0.105"),
        ("v1/tasks/groups/g/runs", {"inputs": [{"processor": "lite"}, {}]}, None),
        ("v1/tasks/groups/g/runs", {"inputs": []}, "0"),
        ("v1/tasks/groups/g/runs", {}, None),
        ("v1/tasks/groups", {"metadata": {}}, "0"),
        ("v1/responses", {"reasoning": {"effort": "high"}}, "0.25"),
        ("v1/responses", {"reasoning": {"effort": "extreme"}}, None),
        ("v1/responses", {"reasoning": None}, "0.05"),
        ("v1beta/chat/completions", {"model": "speed"}, "0.005"),
        ("chat/completions", {"model": "parallel/core"}, "0.025"),
        ("v1/chat/completions", {"model": "gpt-4o"}, None),
        ("v1/chat/completions", {}, None),
        ("v1beta/findall/runs", {"generator": "preview", "match_limit": 10}, "0.1"),
        ("v1beta/findall/runs", {"generator": "base", "match_limit": 5}, "0.4"),
        ("v1beta/findall/runs", {"generator": "base"}, None),
        ("v1beta/findall/runs", {"generator": "new", "match_limit": 5}, None),
        ("v1beta/findall/runs/f/enrich", {"processor": "core"}, None),
        ("v1beta/findall/runs/f/extend", {"additional_match_limit": 5}, None),
        ("v1beta/findall/runs/f/cancel", {}, "0"),
        ("v1beta/findall/ingest", {"objective": "x"}, None),
        ("v1beta/findall/entity-search", {"entity_type": "people"}, "0.005"),
        ("v1beta/findall/candidates", {"match_limit": 200}, "0.01"),
        ("v1/monitors", {"type": "event_stream"}, "0.003"),
        ("v1/monitors", {"processor": "base"}, "0.01"),
        ("v1/monitors/m/update", {"frequency": "1d"}, "0"),
        ("v1/monitors/m/trigger", {}, None),
        ("v1beta/tasks/suggest", {"user_intent": "x"}, None),
        ("v2/search", {}, None),
        ("", {}, None),
    ],
)
def test_what_a_request_tells(path: str, request_: object, expected: str | None) -> None:
    assert cost(path, request_) == (None if expected is None else usd(expected))
    assert cost(f"/{path}?beta=true", request_) == cost(path, request_)


@pytest.mark.parametrize(
    "path", ["v1/tasks/runs/trun_1/result", "v1/tasks/groups/tgrp_1/runs", "v1/monitors", "v1/anything"]
)
def test_reading_is_free(path: str) -> None:
    assert parallel_cost(path, b"") == 0


def test_a_body_that_is_not_at_hand_is_not_an_empty_one() -> None:
    assert parallel_cost("v1/tasks/runs", None) is None
    assert parallel_cost("v1/search", None, Usage(results=10)) is None


def test_one_more_execution_of_a_monitor_is_not_free() -> None:
    assert parallel_cost("v1/monitors/m/trigger", b"") is None


def test_what_was_found_goes_before_what_was_asked_for() -> None:
    asked = {"advanced_settings": {"max_results": 20}}
    assert cost("v1/search", asked, {"search_id": "s", "results": [{}] * 12}) == usd("0.007")
    assert cost("v1/extract", {"urls": ["a"] * 5}, {"extract_id": "e", "results": [{}]}) == usd("0.001")
    assert parallel_cost("v1/search", b"{}", Usage(5, 5)) == usd("0.005")


def test_prices_of_runs() -> None:
    assert task_price("ultra8x-fast") == usd("2.4")
    assert task_price("nothing") is None
    assert monitor_price(None) == usd("0.003")
    assert findall_price("pro", 0) == usd("10")
    assert findall_price("core", 1, ["nothing"]) is None


@pytest.mark.parametrize(
    "body",
    [b"x", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"mode":7}', b'{"urls":"a"}', b'{"inputs":[7]}',
     b'{"match_limit":-1}', b'{"match_limit":1e30}', b'{"match_limit":2000000}'],
)  # fmt: skip
def test_what_is_no_request_has_no_price(body: bytes) -> None:
    for path in ("v1/search", "v1/extract", "v1/tasks/groups/g/runs", "v1beta/findall/entity-search"):
        assert parallel_cost(path, body) is None


@given(st.text(max_size=30), st.binary(max_size=60))
def test_nothing_that_is_sent_can_break_it(path: str, body: bytes) -> None:
    parallel_cost(path, body)
    parallel_cost("v1/search", b'{"mode":' + body)
