"""In requests that make runs the gateway's own address stands in place of the caller's, and nothing else changes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.runs.hook_requests import MOST_URL, Redirection, Unfit
from penstock.runs.places import what

BASE = "https://gateway.example/hooks/parallel/acct/gw/"
THEIRS = "https://hooks.example/mine?token=1"
TASK, GROUP, FINDALL, MONITOR, CHANGE = (
    what(b"POST", tail)
    for tail in (
        "v1/tasks/runs",
        "v1/tasks/groups/tgrp_1/runs",
        "v1beta/findall/runs",
        "v1/monitors",
        "v1/monitors/monitor_1/update",
    )
)


def redirection(*, observe: bool = False, wrong: str = "") -> Redirection:
    return Redirection(BASE, "h", lambda url: "no" if url == wrong else "", observe)


@pytest.mark.parametrize("ask", [TASK, FINDALL, MONITOR, CHANGE])
def test_the_url_alone_changes(ask: object) -> None:
    body = (
        b'{ "input" : 1.0e2, "webhook" : { "url" : "%b" , "event_types":["x"], "more":{} }, "z":"\\u00e9" }'
    )
    made = redirection()
    assert made.body(ask, body % THEIRS.encode()) == body % f"{BASE}h".encode()  # type: ignore[arg-type]
    assert made.ids == {THEIRS: "h"}


def test_a_url_with_escapes_is_the_one_that_it_means() -> None:
    made = redirection()
    assert made.body(TASK, b'{"\\u0077ebhook":{"u\\u0072l":"https:\\/\\/a.example\\u002fx"}}') == (
        b'{"\\u0077ebhook":{"u\\u0072l":"%bh"}}' % BASE.encode()
    )
    assert made.ids == {"https://a.example/x": "h"}


def test_each_of_a_groups_runs_has_its_own() -> None:
    inputs = [
        {"input": "a", "webhook": {"url": "https://a.example", "event_types": []}},
        {"input": "b"},
        {"input": "c", "webhook": {"url": "https://c.example"}},
        {"input": "d", "webhook": {"url": "https://a.example"}},
        {"input": "e", "webhook": None},
    ]
    made = redirection()
    changed = made.body(GROUP, json.dumps({"default_task_spec": {}, "inputs": inputs}).encode())
    assert changed is not None
    told = json.loads(changed)
    assert [one.get("webhook") for one in told["inputs"]] == [
        {"url": f"{BASE}h", "event_types": []},
        None,
        {"url": f"{BASE}h-1"},
        {"url": f"{BASE}h"},
        None,
    ]
    assert made.ids == {"https://a.example": "h", "https://c.example": "h-1"}


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"webhook":null}',
        b'{"webhook":"https://x.example"}',
        b'{"webhook":{"event_types":[]}}',
        b'{"webhook":{"url":7}}',
        b'{"webhook":[{"url":"https://x.example"}]}',
        b'{"input":{"webhook":{"url":"https://x.example"}}}',
        b'{"webhook":{"url":"https://x.example","url":"https://y.example"}}',
        b'{"webhook":{"url":"https://x.example"},"webhook":null}',
        b'{"webhook":{"url":"https://x.example"},"input":NaN}',
        b'{"webhook":{"url":"%bh7"}}' % BASE.encode(),
        b"",
        b"[]",
        b"null",
        b"\xff",
        b"{" * 100_000,
    ],
)
def test_what_names_no_url_of_a_callers_is_left_as_it_is(body: bytes) -> None:
    made = redirection()
    assert made.body(TASK, body) is None
    assert made.ids == {}


@pytest.mark.parametrize(
    "body", [b'{"inputs":{}}', b"{}", b'{"inputs":[7]}', b'{"inputs":null}', b'{"inputs":[]}']
)
@pytest.mark.parametrize("observe", [False, True])
def test_a_group_without_inputs_is_left_as_it_is(body: bytes, observe: bool) -> None:
    assert redirection(observe=observe).body(GROUP, body) is None


@pytest.mark.parametrize(
    ("ask", "types"),
    [
        (TASK, ["task_run.status"]),
        (FINDALL, ["findall.run.completed", "findall.run.cancelled", "findall.run.failed"]),
        (MONITOR, ["monitor.event.detected", "monitor.execution.completed"]),
    ],
)
@pytest.mark.parametrize("body", [b'{"a":1}', b'{"a":1,"webhook":null}'])
def test_who_observes_asks_where_callers_do_not(ask: object, types: list[str], body: bytes) -> None:
    made = redirection(observe=True)
    changed = made.body(ask, body)  # type: ignore[arg-type]
    assert changed is not None
    assert json.loads(changed) == {"a": 1, "webhook": {"url": f"{BASE}h", "event_types": types}}
    assert made.ids == {"": "h"}


def test_a_change_that_says_nothing_of_a_webhook_leaves_it() -> None:
    assert redirection(observe=True).body(CHANGE, b'{"frequency":"1d"}') is None
    cleared = redirection(observe=True).body(CHANGE, b'{"webhook":null}')
    assert cleared is not None
    assert json.loads(cleared)["webhook"]["url"] == f"{BASE}h"


def test_a_url_that_is_sent_nothing_is_named() -> None:
    with pytest.raises(Unfit, match="no") as found:
        redirection(wrong=THEIRS).body(
            GROUP, json.dumps({"inputs": [{}, {"webhook": {"url": THEIRS}}]}).encode()
        )
    assert found.value.member == "inputs.1.webhook.url"
    with pytest.raises(Unfit, match="longer") as found:
        redirection().body(
            TASK, json.dumps({"webhook": {"url": "https://a.example/" + "x" * MOST_URL}}).encode()
        )
    assert found.value.member == "webhook.url"


@given(
    st.dictionaries(st.text(max_size=9), st.none() | st.integers() | st.text(max_size=9), max_size=5),
    st.text(min_size=1, max_size=30),
    st.booleans(),
)
def test_all_else_means_the_same(rest: dict[str, object], url: str, observe: bool) -> None:
    body = json.dumps({**rest, "webhook": {"url": url, "event_types": ["a", "b"]}}).encode()
    changed = redirection(observe=observe).body(TASK, body)
    assert changed is not None
    assert json.loads(changed) == {**rest, "webhook": {"url": f"{BASE}h", "event_types": ["a", "b"]}}


@given(st.binary(max_size=60))
def test_whatever_is_sent_is_no_reason_to_fail(body: bytes) -> None:
    for ask in (TASK, GROUP, CHANGE):
        redirection(observe=True).body(ask, body)
