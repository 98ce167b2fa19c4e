"""Parallel's price card: the reference's worked checks, every product, and requests that are none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.pricing.parallel_card import (
    findall_price,
    monitor_price,
    parallel_bill,
    parallel_cost,
    parallel_highest,
    task_price,
)
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
        ("v1/tasks/groups/g/runs", {"inputs": [{"processor": "lite"}, {}]}, "0.005"),
        ("v1/tasks/groups/g/runs", {"inputs": [{"processor": "pro"}, {"processor": 7}, 7]}, "0.1"),
        ("v1/tasks/groups/g/runs", {"inputs": [{"processor": "new"}]}, None),
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
        ("v1beta/findall/ingest", {"objective": "x"}, "0"),
        ("v1beta/findall/entity-search", {"entity_type": "people"}, "0.005"),
        ("v1beta/findall/candidates", {"match_limit": 200}, "0.01"),
        ("v1/monitors", {"type": "event_stream"}, "0.003"),
        ("v1/monitors", {"processor": "base"}, "0.01"),
        ("v1/monitors/m/update", {"frequency": "1d"}, "0"),
        ("v1/monitors/m/trigger", {}, None),
        ("v1alpha/monitors/m/trigger", {}, None),
        ("v1alpha/monitors", {"query": "x", "cadence": "daily"}, "0.003"),
        ("v1alpha/monitors/m", {"frequency": "1d"}, "0"),
        ("v1beta/tasks/suggest", {"user_intent": "x"}, "0"),
        ("v1beta/tasks/suggest-processor", {"task_spec": {}}, "0"),
        ("v1beta/memory/clear", {}, "0"),
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
    ("path", "request_", "expected"),
    [
        ("v1/search", {}, "0.005"),
        ("v1/search", {"mode": "turbo"}, "0.001"),
        ("v1/search", {"mode": "new"}, "0.005"),
        ("v1/search", {"mode": 7, "advanced_settings": {"max_results": "all"}}, "0.015"),
        ("v1/search", {"advanced_settings": 7}, "0.015"),
        ("v1beta/search", {"max_results": 10**9}, "0.015"),
        ("v1/extract", {"urls": ["a", 7]}, "0.002"),
        ("v1/extract", {}, "0.02"),
        ("v1/extract", {"urls": "a"}, "0.02"),
        ("v1/images/search", {"mode": "new"}, "0.005"),
        ("v1/places/search", {"mode": "fast"}, "0.001"),
        ("v1/places/search", {}, None),
        ("v1/decisions", {"model": "fast"}, None),
        ("v1/tasks/runs", {"processor": "lite"}, "0.005"),
        ("v1/tasks/runs", {"processor": "new"}, "2.4"),
        ("v1/tasks/runs", {"processor": None}, "2.4"),
        ("v1/tasks/groups/g/runs", {"inputs": [{"processor": "lite"}, {"processor": 7}, 7]}, "4.805"),
        ("v1/tasks/groups/g/runs", {"inputs": 7}, None),
        ("v1/responses", {"reasoning": {"effort": "xhigh"}}, "0.25"),
        ("v1/responses", {"reasoning": 7}, "0.25"),
        ("v1/responses", {}, "0.05"),
        ("v1beta/chat/completions", {"model": "new"}, "0.025"),
        ("v1beta/findall/runs", {"generator": "base", "match_limit": 100}, "3.25"),
        ("v1beta/findall/runs", {"generator": "base"}, "30.25"),
        ("v1beta/findall/runs", {"generator": "base", "match_limit": "many"}, "30.25"),
        ("v1beta/findall/runs", {}, "1010"),
        ("v1beta/findall/runs/f/enrich", {"processor": "lite"}, "5"),
        ("v1beta/findall/runs/f/enrich", {}, "25"),
        ("v1beta/findall/runs/f/enrich", {"processor": "ultra8x"}, "2400"),
        ("v1beta/findall/runs/f/extend", {"additional_match_limit": 5}, "17"),
        ("v1beta/findall/runs/f/extend", {}, "3400"),
        ("v1beta/findall/runs/f/cancel", {}, "0"),
        ("v1beta/findall/ingest", {"objective": "x"}, "0"),
        ("v1beta/findall/entity-search", {"match_limit": "all"}, "0.05"),
        ("v1/monitors", {}, "0.003"),
        ("v1/monitors", {"processor": "new"}, "0.01"),
        ("v1alpha/monitors", {}, "0.01"),
        ("v1/monitors/m/trigger", {}, "0.01"),
        ("v1alpha/monitors/m/trigger", {}, "0.01"),
        ("v2/search", {}, None),
    ],
)
def test_the_most_that_a_request_may_cost(path: str, request_: object, expected: str | None) -> None:
    body = json.dumps(request_).encode()
    assert parallel_highest(path, body) == (None if expected is None else usd(expected))
    known = parallel_cost(path, body)
    assert known is None or expected is None or known <= usd(expected)


@pytest.mark.parametrize("path", ["v1/monitors/m/trigger", "v1/tasks/runs", "v1/monitors"])
def test_a_request_without_a_body_that_does_something_may_cost_something(path: str) -> None:
    assert (parallel_highest(path, b"") or 0) > 0
    assert parallel_highest(path, None) is None


@pytest.mark.parametrize(
    "path",
    [
        "v1/tasks/%72uns", "v1//tasks///runs", "/v1/tasks/runs/", "v1/%74asks/runs?beta=true", "v1/./tasks/runs",
        "v1/x/../tasks/runs", "v1/x/%2e%2e/tasks/runs", "v1%2Ftasks%2fruns", "//v1/tasks/runs",
    ],
)  # fmt: skip
def test_a_path_is_read_as_parallel_reads_it(path: str) -> None:
    ultra = b'{"processor":"ultra8x"}'
    assert parallel_highest(path, ultra) == parallel_cost(path, ultra) == usd("2.4")


MEMBERS: dict[str, dict[str, object]] = {
    "v1/search": {"mode": "turbo", "advanced_settings": {"max_results": 14}},
    "v1beta/search": {"mode": "agentic", "max_results": 12},
    "v1/extract": {"urls": ["a", "b"]},
    "v1/images/search": {"mode": "fast"},
    "v1/places/search": {"mode": "fast"},
    "v1/tasks/runs": {"processor": "ultra8x"},
    "v1beta/tasks/groups/g/runs": {"inputs": [{"processor": "ultra8x"}, {"processor": "lite"}]},
    "v1/responses": {"reasoning": {"effort": "high"}},
    "v1beta/chat/completions": {"model": "core"},
    "v1beta/findall/runs": {"generator": "base", "match_limit": 10},
    "v1beta/findall/runs/f/enrich": {"processor": "core"},
    "v1beta/findall/runs/f/extend": {"additional_match_limit": 7},
    "v1beta/findall/entity-search": {"match_limit": 500},
    "v1/monitors": {"processor": "base"},
}
ALL_MEMBERS = sorted({name for members in MEMBERS.values() for name in members})
ODD = st.sampled_from([1, -1, 1.5, "x", None, True, [], {}, [7], {"max_results": -1}, {"effort": 7}])


@given(st.sampled_from(sorted(MEMBERS)), st.dictionaries(st.sampled_from(ALL_MEMBERS), ODD), st.booleans())
def test_members_that_a_product_does_not_have_change_nothing(
    path: str, strange: dict[str, object], is_before: bool
) -> None:
    """`mode` hides `processor` in the old search, which has both."""
    own = MEMBERS[path]
    others = {name: value for name, value in strange.items() if name not in own}
    body = json.dumps({**others, **own} if is_before else {**own, **others}).encode()
    plain = json.dumps(own).encode()
    assert parallel_highest(path, body) == parallel_highest(path, plain)
    assert parallel_cost(path, body) == parallel_cost(path, plain)


@given(st.sampled_from(sorted(MEMBERS)), st.sampled_from(["utf-8-sig", "utf-16", "utf-16-le", "utf-32"]))
def test_a_body_may_begin_with_a_mark_and_be_in_any_of_unicodes_encodings(path: str, encoding: str) -> None:
    text = json.dumps(MEMBERS[path])
    assert parallel_highest(path, text.encode(encoding)) == parallel_highest(path, text.encode())


@pytest.mark.parametrize("odd", [b"NaN", b"-Infinity", b'"\\ud83d"', b"[NaN]", b'{"x":1,"x":2}'])
def test_what_is_read_though_it_is_no_json_to_the_letter(odd: bytes) -> None:
    body = b'{"input":%b,"processor":"lite","processor":"ultra8x"}' % odd
    assert parallel_highest("v1/tasks/runs", body) == usd("2.4")


def test_a_group_says_that_it_is_an_estimate_of_what_is_known() -> None:
    body = json.dumps({"inputs": [{"processor": "pro"}, {"processor": "new"}]}).encode()
    bill = parallel_bill("v1/tasks/groups/g/runs", body)
    assert bill is not None
    assert bill.source.endswith("estimate")
    assert [line.what for line in bill.charges] == ["runs (pro)"]


@pytest.mark.parametrize("body", [b"x", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"mode":', b'"x"'])
def test_what_is_no_request_has_no_price(body: bytes) -> None:
    for path in ("v1/search", "v1/extract", "v1/tasks/groups/g/runs", "v1beta/findall/entity-search"):
        assert parallel_cost(path, body) is None
        assert parallel_highest(path, body) is None


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("v1/search", b'{"mode":7}'),
        ("v1/extract", b'{"urls":"a"}'),
        ("v1/tasks/groups/g/runs", b'{"inputs":[7]}'),
        ("v1beta/findall/entity-search", b'{"match_limit":-1}'),
        ("v1beta/findall/entity-search", b'{"match_limit":1e30}'),
        ("v1beta/findall/entity-search", b'{"match_limit":2000000}'),
    ],
)
def test_a_member_that_makes_no_sense_has_no_price(path: str, body: bytes) -> None:
    assert parallel_cost(path, body) is None


@given(st.text(max_size=30), st.binary(max_size=60))
def test_nothing_that_is_sent_can_break_it(path: str, body: bytes) -> None:
    for price in (parallel_cost, parallel_highest):
        price(path, body)
        for each in MEMBERS:
            price(each, body)
            price(each, b'{"mode":' + body)


MOST_MATCHES = 1000  # that a run comes to, however often it is extended (Parallel 2.12.2)
processors = st.sampled_from(["lite", "core", "pro-fast", "ultra8x", "", "new"])
asked_more = st.integers(1, 1000) | st.none()


@given(
    st.sampled_from(["preview", "base", "core", "pro"]),
    st.integers(5, 1000) | st.none(),
    st.lists(processors, max_size=4),
    st.lists(asked_more, max_size=3),
    st.floats(0, 1),
)
def test_what_may_be_set_aside_for_a_run_and_all_that_is_added_is_never_less_than_its_price(
    generator: str, limit: int | None, enrichments: list[str], extensions: list[int | None], found: float
) -> None:
    """Each call's most is its own: enriching takes all matches that there may ever be, so extending needs no more."""
    run = "v1beta/findall/runs"
    asked: list[tuple[str, object]] = [
        (run, {"generator": generator, **({"match_limit": limit} if limit else {})})
    ]
    asked += [(f"{run}/f/enrich", {"processor": one} if one else {}) for one in enrichments]
    asked += [(f"{run}/f/extend", {"additional_match_limit": more} if more else {}) for more in extensions]
    most = [parallel_highest(path, json.dumps(body).encode()) for path, body in asked]
    matches = min(MOST_MATCHES, (limit or MOST_MATCHES) + sum(more or MOST_MATCHES for more in extensions))
    known = [{"": "core", "new": "ultra8x"}.get(one, one) for one in enrichments]
    price = findall_price(generator, int(matches * found), known)
    assert price is not None
    assert price <= sum(one or 0 for one in most)


@given(st.integers(1, 1000), processors)
def test_extending_covers_an_enrichment_that_nobody_here_has_ordered(more: int, processor: str) -> None:
    highest = parallel_highest(
        "v1beta/findall/runs/f/extend", json.dumps({"additional_match_limit": more}).encode()
    )
    each = usd("1") + (task_price({"": "core", "new": "ultra8x"}.get(processor, processor)) or 0)
    assert (highest or 0) >= more * each
