"""What requests to Parallel are about, and which runs their paths and bodies name, however they are written."""

from __future__ import annotations

import json
import tracemalloc
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.runs.places import MOST_NAMED, MOST_RUNS, Act, Ask, ids_in_body, ids_in_path, what
from penstock.runs.run import RunKind
from support.parallel_documents import FINDALL, GROUP, MONITOR, OTHER_RUN, RESPONSE, RUN, body

TASK, GROUPS, FOUND, WATCH = RunKind.TASK, RunKind.GROUP, RunKind.FINDALL, RunKind.MONITOR


@pytest.mark.parametrize(
    ("request_", "act", "kind", "name", "group"),
    [
        ("POST v1/tasks/runs", Act.MAKE_TASK, TASK, "", ""),
        ("POST v1beta/tasks/runs", Act.MAKE_TASK, TASK, "", ""),
        ("POST v1/tasks/runs?beta=true", Act.MAKE_TASK, TASK, "", ""),
        ("POST /v1/tasks/runs/", Act.MAKE_TASK, TASK, "", ""),
        (f"GET v1/tasks/runs/{RUN}", Act.READ, TASK, RUN, ""),
        (f"HEAD v1/tasks/runs/{RUN}", Act.READ, TASK, RUN, ""),
        (f"GET v1/tasks/runs/{RUN}/result?timeout=600", Act.RESULT, TASK, RUN, ""),
        (f"GET v1/tasks/runs/{RUN}/input", Act.OTHER, TASK, RUN, ""),
        (f"GET v1/tasks/runs/{RUN}/events", Act.RUN_EVENTS, TASK, RUN, ""),
        (f"GET v1beta/tasks/runs/{RUN}/events", Act.RUN_EVENTS, TASK, RUN, ""),
        ("POST v1/tasks/groups", Act.MAKE_GROUP, GROUPS, "", ""),
        (f"GET v1beta/tasks/groups/{GROUP}", Act.READ, GROUPS, GROUP, GROUP),
        (f"POST v1/tasks/groups/{GROUP}/runs", Act.ADD_RUNS, GROUPS, GROUP, GROUP),
        (f"GET v1/tasks/groups/{GROUP}/runs?status=failed", Act.GROUP_RUNS, GROUPS, GROUP, GROUP),
        (f"GET v1/tasks/groups/{GROUP}/runs/{RUN}", Act.READ, TASK, RUN, GROUP),
        (f"GET v1/tasks/groups/{GROUP}/events", Act.GROUP_EVENTS, GROUPS, GROUP, GROUP),
        ("POST v1beta/findall/runs", Act.MAKE_FINDALL, FOUND, "", ""),
        (f"GET v1beta/findall/runs/{FINDALL}", Act.READ, FOUND, FINDALL, ""),
        (f"GET v1beta/findall/runs/{FINDALL}/result", Act.RESULT, FOUND, FINDALL, ""),
        (f"GET v1beta/findall/runs/{FINDALL}/schema", Act.OTHER, FOUND, FINDALL, ""),
        (f"GET v1beta/findall/runs/{FINDALL}/events", Act.FINDALL_EVENTS, FOUND, FINDALL, ""),
        (f"POST v1beta/findall/runs/{FINDALL}/extend", Act.EXTEND, FOUND, FINDALL, ""),
        (f"POST v1beta/findall/runs/{FINDALL}/enrich", Act.ENRICH, FOUND, FINDALL, ""),
        (f"POST v1beta/findall/runs/{FINDALL}/cancel", Act.CANCEL, FOUND, FINDALL, ""),
        ("POST v1/monitors", Act.MAKE_MONITOR, WATCH, "", ""),
        ("GET v1/monitors?status=active", Act.LIST_MONITORS, WATCH, "", ""),
        (f"GET v1/monitors/{MONITOR}", Act.READ, WATCH, MONITOR, ""),
        (f"GET v1/monitors/{MONITOR}/events", Act.MONITOR_EVENTS, WATCH, MONITOR, ""),
        (f"POST v1/monitors/{MONITOR}/trigger", Act.TRIGGER, WATCH, MONITOR, ""),
        (f"POST v1/monitors/{MONITOR}/update", Act.CHANGE, WATCH, MONITOR, ""),
        (f"POST v1/monitors/{MONITOR}/cancel", Act.CANCEL, WATCH, MONITOR, ""),
        ("POST v1alpha/monitors", Act.MAKE_MONITOR, WATCH, "", ""),
        ("GET v1alpha/monitors", Act.LIST_MONITORS, WATCH, "", ""),
        ("GET v1alpha/monitors/list", Act.LIST_MONITORS, WATCH, "", ""),
        (f"POST v1alpha/monitors/{MONITOR}", Act.CHANGE, WATCH, MONITOR, ""),
        (f"DELETE v1alpha/monitors/{MONITOR}", Act.CANCEL, WATCH, MONITOR, ""),
        (f"GET v1alpha/monitors/{MONITOR}/event_groups/mevtgrp_1", Act.MONITOR_EVENTS, WATCH, MONITOR, ""),
        (f"POST v1alpha/monitors/{MONITOR}/simulate_event", Act.OTHER, WATCH, MONITOR, ""),
        ("POST v1/responses", Act.RESPOND, RunKind.RESPONSE, "", ""),
        ("POST v1/search", Act.OTHER, None, "", ""),
        ("POST v1beta/findall/ingest", Act.OTHER, None, "", ""),
        ("POST tasks/runs", Act.OTHER, None, "", ""),
        ("POST ", Act.OTHER, None, "", ""),
        (f"DELETE v1/monitors/{MONITOR}", Act.OTHER, WATCH, MONITOR, ""),
    ],
)
def test_what_a_request_is_about(
    request_: str, act: Act, kind: RunKind | None, name: str, group: str
) -> None:
    method, _, tail = request_.partition(" ")
    found = what(method.encode(), tail)
    assert found[:4] == (act, kind, name, group)


def test_a_monitor_called_list_is_one_in_the_version_that_has_no_such_list() -> None:
    assert what(b"GET", "v1/monitors/list")[:3] == (Act.READ, WATCH, "list")
    assert ids_in_path("v1/monitors/list") == ("list",)
    assert ids_in_path("v1alpha/monitors/list") == ()


def test_what_makes_or_orders_is_known_before_it_leaves() -> None:
    making = {act for act in Act if Ask(act).makes}
    assert making == {
        Act.MAKE_TASK,
        Act.MAKE_GROUP,
        Act.ADD_RUNS,
        Act.MAKE_FINDALL,
        Act.EXTEND,
        Act.ENRICH,
        Act.MAKE_MONITOR,
        Act.TRIGGER,
        Act.RESPOND,
    }
    streaming = {act for act in Act if Ask(act).streams}
    assert streaming == {Act.RUN_EVENTS, Act.GROUP_RUNS, Act.GROUP_EVENTS, Act.FINDALL_EVENTS}


# -- ids in paths


@pytest.mark.parametrize(
    "tail",
    [
        f"v1/tasks/runs/{RUN}",
        f"/v1/tasks/runs/{RUN}/",
        f"v1/tasks/runs/{RUN}?beta=true",
        f"v1beta/tasks/runs/{RUN}/events",
        f"v2/tasks/runs/{RUN}/anything/else",
        f"v1//tasks///runs//{RUN}",
        f"v1/./tasks/x/../runs/{RUN}",
        f"v1/tasks/runs/{OTHER_RUN}/../{RUN}/result",
        f"v1/tasks/runs%2F{RUN}%2fresult",
        "v1/tasks/runs/" + "".join(f"%{ord(char):02x}" for char in RUN),
        f"%76%31/%74asks/run%73/{RUN}",
        f"v1/tasks/%2e%2e/tasks/runs/%2E/{RUN}",
        f"v1/tasks/runs/{RUN}:cancel",
        f"v1/somewhere/new/{RUN}",
        f"v1/monitors?run_id={RUN}",
        f"v1/monitors?limit=1&run%5fid={quote(RUN)}",
    ],
)
def test_a_run_is_named_however_its_path_is_written(tail: str) -> None:
    assert RUN in ids_in_path(tail)


@pytest.mark.parametrize(
    ("tail", "names"),
    [
        (f"v1/tasks/groups/{GROUP}/runs/{RUN}", (GROUP, RUN)),
        (f"v1/tasks/groups/{GROUP}/runs", (GROUP,)),
        (f"v1beta/findall/runs/{FINDALL}/enrich", (FINDALL,)),
        (f"v1alpha/monitors/{MONITOR}/event_groups/mevtgrp_1", (MONITOR,)),
        (f"v1alpha/monitors?monitor_id={MONITOR}", (MONITOR,)),
        (f"v1/responses/{RESPONSE}", (RESPONSE,)),
        ("v1/tasks/runs/of-another-shape", ("of-another-shape",)),
        ("v1/tasks/runs", ()),
        ("v1/search", ()),
        (f"v1/tasks/groups/{GROUP}/runs?last_event_id=17", (GROUP,)),
        ("v1/tasks/runs/" + "x" * 257, ()),
        ("v1/monitors?run_id=%ff%fe", ("\ufffd\ufffd",)),
        ("", ()),
    ],
)
def test_all_that_a_path_names(tail: str, names: tuple[str, ...]) -> None:
    assert ids_in_path(tail) == names


@given(st.text(max_size=300), st.binary(max_size=8))
def test_any_path_is_read(tail: str, method: bytes) -> None:
    found = what(method, tail)
    assert found.act is Act.OTHER or found.kind is not None
    assert all(0 < len(name) <= 256 for name in ids_in_path(tail))


@given(st.sampled_from("abcdef0123456789_"), st.integers(0, 4), st.booleans())
def test_whatever_is_encoded_of_a_path_it_says_the_same(char: str, slashes: int, is_upper: bool) -> None:
    code = f"%{ord(char):02X}" if is_upper else f"%{ord(char):02x}"
    tail = f"v1/tasks/runs/{RUN}/result".replace(char, code).replace("/", "/" * (slashes + 1))
    assert what(b"GET", tail)[:3] == (Act.RESULT, TASK, RUN)
    assert ids_in_path(tail) == (RUN,)


# -- ids in bodies


@pytest.mark.parametrize(
    ("tail", "document", "names"),
    [
        ("v1/tasks/runs", {"input": "x", "previous_interaction_id": RUN}, (RUN,)),
        ("v1/tasks/runs", {"input": {"previous_interaction_id": RUN}}, ()),
        ("v1/tasks/runs", {"input": "x", "previous_interaction_id": None}, ()),
        ("v1/tasks/runs", {"input": "x", "previous_interaction_id": 7}, ()),
        ("v1/tasks/runs", {"input": "x", "previous_interaction_id": "evt_1"}, ("evt_1",)),
        ("v1/tasks/runs", {"input": "x", "previous_interaction_id": "x" * 257}, ()),
        (
            f"v1/tasks/groups/{GROUP}/runs",
            {
                "inputs": [
                    {"input": "x", "previous_interaction_id": RUN},
                    {"input": "x"},
                    {"input": "x", "previous_interaction_id": OTHER_RUN},
                    {"input": "x", "previous_interaction_id": RUN},
                ]
            },
            (RUN, OTHER_RUN),
        ),
        ("v1beta/chat/completions", {"messages": [], "previous_interaction_id": RUN}, (RUN,)),
        ("v1/responses", {"input": "x", "previous_response_id": RESPONSE}, (RESPONSE,)),
        ("v1/monitors", {"type": "snapshot", "settings": {"task_run_id": RUN}}, (RUN,)),
        ("v1/monitors", {"type": "event_stream", "settings": {"query": "x"}}, ()),
        ("v1/monitors", {"type": "snapshot", "settings": None}, ()),
        ("v1beta/memory/evict", {"kind": "task", "id": RUN}, (RUN,)),
        ("v1beta/memory/evict/", {"kind": "task", "id": RUN}, (RUN,)),
        ("v1/tasks/runs", {"id": RUN}, ()),
        ("a2a", {"method": "tasks/get", "params": {"id": RUN}}, (RUN,)),
        ("v1/tasks/runs", [], ()),
        ("v1/tasks/runs", "x", ()),
    ],
)
def test_what_a_body_goes_on_from(tail: str, document: object, names: tuple[str, ...]) -> None:
    assert ids_in_body(tail, body(document)) == names


@pytest.mark.parametrize(
    "odd",
    [
        b'{"previous_interaction_id": "%b", "metadata": {"share": NaN}}',
        b'{"input": "\\ud800", "previous_interaction_id": "%b"}',
        b'{"previous_\\u0069nteraction_id": "%b"}',
        b'{"input": NaN, "previous_\\u0069nteraction\\u005fid" : "%b"}',
        b'\xef\xbb\xbf{"previous_interaction_id": "%b"}',
        b'{"inputs": [{"input": NaN}, {"previous_interaction_id": "%b"}]}',
        b'{"inputs": [1, {"previous_interaction_id": "%b"}]}',
        b'{"settings": [], "previous_interaction_id": "%b"}',
        b'{"input": "x", "previous_interaction_id": "someone", "previous_interaction_id": "%b"}',
        b'{"input": ' + b"[" * 50_000 + b"]" * 50_000 + b', "previous_interaction_id": "%b"}',
        b'{"a": NaN, ' + b'"b": [],' * 30_000 + b'"previous_interaction_id": "%b"}',
        b'{"inputs": [' + b"{}," * 300_000 + b'{"previous_interaction_id": "%b"}]}',
    ],
)
def test_no_spelling_of_a_body_hides_a_run(odd: bytes) -> None:
    document = odd.replace(b"%b", RUN.encode())
    assert RUN in ids_in_body(f"v1/tasks/groups/{GROUP}/runs", document)


def test_a_memory_that_is_to_be_forgotten_is_named_by_an_odd_body_too() -> None:
    assert ids_in_body("v1beta/memory/evict", b'{"kind": NaN, "id": "%b"}' % RUN.encode()) == (RUN,)


def test_no_body_takes_many_times_its_size() -> None:
    inputs = b'{"inputs": [' + b"{}," * 1_000_000 + b'{"previous_interaction_id": "x"}]}'
    tracemalloc.start()
    assert ids_in_body(f"v1/tasks/groups/{GROUP}/runs", inputs) == ("x",)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6 * len(inputs)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig"])
def test_a_body_in_another_encoding_names_the_same(encoding: str) -> None:
    document = json.dumps({"input": "x", "previous_interaction_id": RUN})
    assert ids_in_body("v1/tasks/runs", document.encode(encoding)) == (RUN,)


def test_a_body_with_more_names_than_any_group_may_have_says_so() -> None:
    inputs = [{"previous_interaction_id": f"trun_{number}"} for number in range(MOST_NAMED + 500)]
    assert len(ids_in_body(f"v1/tasks/groups/{GROUP}/runs", body({"inputs": inputs}))) == MOST_NAMED + 1
    fair = {"inputs": inputs[:MOST_RUNS], "previous_interaction_id": RUN}
    assert len(ids_in_body(f"v1/tasks/groups/{GROUP}/runs", body(fair))) == MOST_RUNS + 1 < MOST_NAMED


@given(st.binary(max_size=400), st.sampled_from(["v1/tasks/runs", "v1beta/memory/evict", "a2a", ""]))
def test_any_body_is_read(document: bytes, tail: str) -> None:
    assert all(0 < len(name) <= 256 for name in ids_in_body(tail, document))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20) | st.sampled_from([RUN, OTHER_RUN]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["previous_interaction_id", "inputs", "settings", "task_run_id", "id", "x"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(JSON, JSON)
def test_any_document_is_read_and_a_name_at_its_place_is_found(beside: object, inputs: object) -> None:
    document = {"metadata": beside, "inputs": inputs, "previous_interaction_id": RUN}
    assert RUN in ids_in_body("v1/tasks/runs", body(document))
