"""What the gateway says in Parallel's place has Parallel's own words and shapes."""

from __future__ import annotations

import json

import pytest

from penstock.runs.places import what
from penstock.runs.shown import not_found, refused, unknown_reference
from support.parallel_documents import FINDALL, GROUP, MONITOR, RUN

REF = "00000000-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (f"GET v1/tasks/runs/{RUN}", "Run id not found"),
        (f"GET v1/tasks/runs/{RUN}/events", "Run id not found"),
        (f"GET v1/tasks/runs/{RUN}/input", "Run id not found"),
        (f"GET v1/tasks/runs/{RUN}/result", "Run failed or run id not found"),
        (f"GET v1/tasks/groups/{GROUP}/runs/{RUN}", "Run id not found"),
        (f"GET v1/tasks/groups/{GROUP}", "TaskGroup not found"),
        (f"GET v1/tasks/groups/{GROUP}/events", "TaskGroup not found"),
        (f"POST v1/tasks/groups/{GROUP}/runs", "TaskGroup not found"),
        (f"POST v1beta/findall/runs/{FINDALL}/enrich", "FindAll run not found"),
        (f"GET v1beta/findall/runs/{FINDALL}/result", "FindAll run not found"),
        (f"GET v1beta/findall/runs/{FINDALL}/schema", "FindAll run not found"),
        (f"POST v1/monitors/{MONITOR}/cancel", "Monitor not found"),
        (f"GET v1alpha/monitors/{MONITOR}", "Schedule not found"),
        ("GET v1/responses/resp_1", "Not found"),
    ],
)
def test_an_id_that_nobody_knows(request_: str, message: str) -> None:
    method, _, tail = request_.partition(" ")
    shown = not_found(what(method.encode(), tail), REF)
    assert shown.status == 404
    assert shown.body == b'{"type":"error","error":{"ref_id":"%b","message":"%b"}}' % (
        REF.encode(),
        message.encode(),
    )


@pytest.mark.parametrize("tail", ["v1/tasks/runs", "v1/tasks/runs?beta=true", "v1/monitors", "v1/somewhere"])
def test_a_reference_that_nobody_knows(tail: str) -> None:
    shown = unknown_reference(tail, "settings.task_run_id", RUN, REF)
    error = json.loads(shown.body)["error"]
    assert shown.status == 422
    assert error == {
        "ref_id": REF,
        "message": f"settings.task_run_id not found: {RUN}",
        "detail": {"loc": ["body", "settings", "task_run_id"]},
    }


@pytest.mark.parametrize(
    "tail",
    [f"v1/tasks/groups/{GROUP}/runs", "v1beta/chat/completions", "chat/completions", "v1beta/memory/evict/"],
)
def test_where_unfit_requests_are_answered_with_a_list(tail: str) -> None:
    shown = unknown_reference(tail, "previous_interaction_id", "x" * 1000, REF)
    problem = {
        "loc": ["body", "previous_interaction_id"],
        "msg": "previous_interaction_id not found: " + "x" * 200,
    }
    assert (shown.status, json.loads(shown.body)) == (422, {"detail": [problem | {"type": "value_error"}]})


def test_a_response_that_nobody_knows_is_said_as_openai_does() -> None:
    shown = unknown_reference("v1/responses", "previous_response_id", "resp_1", REF)
    error = json.loads(shown.body)["error"]
    assert shown.status == 400
    assert (error["type"], error["param"], error["code"]) == (
        "invalid_request_error",
        "previous_response_id",
        None,
    )


def test_what_is_refused_says_why() -> None:
    shown = refused(403, "Processor ultra is not allowed here.", REF, {"allowed": ["core"]})
    assert (shown.status, json.loads(shown.body)) == (
        403,
        {
            "type": "error",
            "error": {
                "ref_id": REF,
                "message": "Processor ultra is not allowed here.",
                "detail": {"allowed": ["core"]},
            },
        },
    )
    assert "detail" not in json.loads(refused(422, "No.", REF).body)["error"]
