"""What requests to Parallel have made: runs with what they are expected to cost, by both bodies."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.pricing.units import to_nano
from penstock.runs.created import Maker, made, outcome
from penstock.runs.places import MOST_RUNS, Act, Ask, what
from penstock.runs.run import Charge, Money, Outcome, Owner, Run, RunKind, SeenBy
from support.parallel_documents import (
    AT_US,
    FINDALL,
    GROUP,
    MONITOR,
    OTHER_RUN,
    RESPONSE,
    RUN,
    a_response,
    body,
    ended,
    findall_run,
    frame,
    group_status,
    monitor,
    old_monitor,
    task_group,
    task_run,
)

NOW = 1_800_000_000_000_000
OWNER = Owner("acct", "gw", credential="f1")
BY = Maker("call-1", OWNER, NOW, "team", "https://api.parallel.ai")

CREATE = what(b"POST", "v1/tasks/runs")
ADD = what(b"POST", f"v1/tasks/groups/{GROUP}/runs")
FIND = what(b"POST", "v1beta/findall/runs")
WATCH = what(b"POST", "v1/monitors")
RESPOND = what(b"POST", "v1/responses")


def runs(ask: Ask, request: object, answer: object, status: int = 200) -> list[Run]:
    found, charges = made(ask, body(request), status, body(answer), BY)
    assert charges == []
    return found


def only(ask: Ask, request: object, answer: object, status: int = 200) -> Run:
    (found,) = runs(ask, request, answer, status)
    return found


def ordered(tail: str, request: bytes, status: int, answer: bytes) -> tuple[str, Charge]:
    found, charges = made(what(b"POST", tail), request, status, answer, BY)
    assert found == []
    (charge,) = charges
    return charge


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, Outcome.MADE),
        (201, Outcome.MADE),
        (202, Outcome.MADE),
        (204, Outcome.MADE),
        *((status, Outcome.REFUSED) for status in (302, 400, 401, 402, 403, 404, 409, 413, 422, 429)),
        *((status, Outcome.UNKNOWN) for status in (None, 408, 500, 502, 503, 504, 520, 524, 599)),
    ],
)
def test_what_has_become_of_a_request(status: int | None, expected: Outcome) -> None:
    assert outcome(status) is expected


# -- tasks


def test_a_task_run_costs_by_the_processor_of_its_answer() -> None:
    request = {"input": "x", "processor": "lite", "metadata": {"asked": True}}
    assert only(CREATE, request, task_run(status="queued", processor="ultra"), 202) == Run(
        id=RUN,
        kind=RunKind.TASK,
        owner=OWNER,
        call_id="call-1",
        product="ultra",
        metadata={"case": "1"},
        created_us=NOW,
        seen_us=NOW,
        since_us=NOW,
        state="queued",
        modified_us=AT_US,
        charges=(Charge("call-1", "run", "ultra", 1, to_nano("0.3")),),
        stored_key="team",
        origin="https://api.parallel.ai",
    )


def test_where_the_answer_does_not_say_the_request_does() -> None:
    request = {"input": "x", "processor": "core", "metadata": {"asked": True}}
    found = only(CREATE, request, {"run_id": RUN}, 202)
    assert (found.product, found.metadata, found.state) == ("core", {"asked": True}, "queued")
    assert found.estimate == to_nano("0.025")
    found = only(CREATE, request, task_run(processor=None, metadata=None), 202)
    assert (found.product, found.metadata) == ("core", {"asked": True})


def test_a_processor_that_is_not_on_the_card_has_no_price() -> None:
    found = only(CREATE, {"processor": "of-the-future"}, task_run(processor="of-the-future"), 202)
    assert (found.money, found.estimate) == (Money.UNPRICED, None)


def test_a_run_that_has_ended_when_it_is_made_is_settled() -> None:
    found = only(CREATE, {"processor": "core"}, ended("failed"), 202)
    assert (found.money, found.cost, found.settled_us) == (Money.VOID, 0, NOW)


def test_a_run_that_was_made_in_a_group_is_in_it() -> None:
    assert only(CREATE, {}, task_run(taskgroup_id=GROUP), 202).parent == GROUP


@pytest.mark.parametrize("status", [302, 400, 402, 403, 404, 408, 422, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("ask", [CREATE, ADD, FIND, WATCH, RESPOND])
def test_an_error_has_made_nothing(ask: Ask, status: int) -> None:
    for answer in (task_run(), {"run_ids": [RUN]}, findall_run(), monitor(), a_response()):
        assert runs(ask, {"processor": "core"}, answer, status) == []


@pytest.mark.parametrize(
    "answer", [b"", b"{}", b"[]", b"null", b"<html>", b'{"run_id": 7}', b'{"run_id": "tr']
)
@pytest.mark.parametrize("ask", [CREATE, ADD, FIND, WATCH, RESPOND])
def test_what_cannot_be_read_has_made_nothing_that_is_known(ask: Ask, answer: bytes) -> None:
    assert made(ask, b'{"processor": "core"}', 200, answer, BY) == ([], [])


# -- groups


def test_a_group_costs_nothing_by_itself() -> None:
    answer = task_group(status=group_status(is_active=False, task_run_status_counts={}))
    found = only(what(b"POST", "v1/tasks/groups"), {"metadata": {"asked": True}}, answer)
    assert (found.id, found.kind, found.money, found.charges) == (GROUP, RunKind.GROUP, Money.NONE, ())
    assert (found.state, found.is_active, found.counts, found.metadata) == (
        "inactive",
        False,
        {},
        {"case": "1"},
    )


def added(inputs: object, names: object) -> list[Run]:
    answer = {"status": group_status(), "run_ids": names, "run_cursor": None, "event_cursor": None}
    return runs(ADD, {"default_task_spec": None, "inputs": inputs}, answer)


def test_each_run_of_a_group_has_the_processor_of_its_input() -> None:
    found = added(
        [{"processor": "lite", "metadata": {"row": 1}}, {"processor": "pro-fast"}, {"processor": "odd"}],
        ["trun_1", "trun_2", "trun_3"],
    )
    assert [(run.id, run.product, run.parent, run.estimate) for run in found] == [
        ("trun_1", "lite", GROUP, to_nano("0.005")),
        ("trun_2", "pro-fast", GROUP, to_nano("0.1")),
        ("trun_3", "odd", GROUP, None),
    ]
    assert [run.metadata for run in found] == [{"row": 1}, {}, {}]
    assert {run.call_id for run in found} == {"call-1"}
    assert [run.money for run in found] == [Money.ESTIMATED, Money.ESTIMATED, Money.UNPRICED]


def test_a_run_that_is_told_twice_is_one() -> None:
    inputs = [{"processor": "lite"}, {"processor": "core"}, {"processor": "pro"}]
    found = added(inputs, ["trun_1", "trun_1", "trun_2"])
    assert [(run.id, run.product) for run in found] == [("trun_1", "lite"), ("trun_2", "pro")]


def test_ids_that_are_not_as_many_as_inputs_belong_to_nobody_knows_which() -> None:
    found = added([{"processor": "lite"}, {"processor": "core"}], ["trun_1"])
    assert [(run.product, run.money) for run in found] == [("", Money.UNPRICED)]
    found = added([{"processor": "core"}] * 3, ["trun_1", "trun_2"])
    assert [(run.product, run.estimate) for run in found] == [("core", to_nano("0.025"))] * 2


def test_a_full_group_is_the_worked_check() -> None:
    names = [f"trun_{at}" for at in range(490)]
    found = added([{"processor": "core-fast"}] * 490, names)
    assert sum(run.estimate or 0 for run in found) == to_nano("12.25")
    names = [f"trun_{at}" for at in range(MOST_RUNS + 7)]
    assert len(added([{"processor": "lite"}] * (MOST_RUNS + 7), names)) == MOST_RUNS


def test_odd_inputs_and_ids_spoil_no_others() -> None:
    found = added([7, {"processor": []}, {"processor": "core"}], ["trun_1", 8, "trun_3"])
    assert [(run.id, run.product) for run in found] == [("trun_1", ""), ("trun_3", "core")]
    request = b'{"inputs": [{"input": NaN, "processor": "core"}], "more": Infinity}'
    (run,), _ = made(ADD, request, 200, body({"run_ids": [RUN]}), BY)
    assert (run.id, run.product) == (RUN, "core")


# -- FindAll


def test_a_findall_run_is_expected_to_find_all_that_it_may() -> None:
    request = {"objective": "x", "generator": "core", "match_limit": 40, "match_conditions": []}
    found = only(FIND, request, findall_run("queued", matched=0))
    assert found.charges == (Charge("call-1", "run", "core", 40, to_nano("8")),)
    assert (found.id, found.state, found.money, found.matched) == (FINDALL, "queued", Money.ESTIMATED, 0)


def test_a_findall_run_of_which_only_the_id_is_told() -> None:
    found = only(FIND, {"generator": "preview", "match_limit": 5}, {"findall_id": FINDALL})
    assert (found.product, found.estimate, found.is_active) == ("preview", to_nano("0.1"), True)


def test_what_is_ordered_of_a_findall_run() -> None:
    schema = body({"objective": "x", "generator": "pro", "match_limit": 60, "enrichments": []})
    tail = f"v1beta/findall/runs/{FINDALL}"
    assert ordered(f"{tail}/extend", b'{"additional_match_limit": 20}', 200, schema) == (
        FINDALL,
        Charge("call-1", "extend", "pro", 20),
    )
    assert ordered(f"{tail}/enrich", b'{"processor": "lite", "output_schema": {}}', 200, schema) == (
        FINDALL,
        Charge("call-1", "enrich", "lite", 60),
    )
    assert ordered(f"{tail}/enrich", b'{"output_schema": {}}', 200, b"{}") == (
        FINDALL,
        Charge("call-1", "enrich", "core", 1000),
    )
    _, most = ordered(f"{tail}/extend", b'{"additional_match_limit": 50000}', 200, schema)
    assert most.count == 1000
    for status in (402, 404, 422, 500):
        assert made(what(b"POST", f"{tail}/extend"), b"{}", status, schema, BY) == ([], [])


# -- monitors


def test_a_monitor_is_executed_when_it_is_made() -> None:
    found = only(WATCH, {"type": "event_stream", "frequency": "1d", "processor": "base"}, monitor(), 201)
    assert (found.id, found.kind, found.state, found.product) == (MONITOR, RunKind.MONITOR, "active", "base")
    assert found.charges == (Charge("call-1", "run", "base", 1, to_nano("0.01")),)
    found = only(WATCH, {"type": "event_stream"}, monitor(processor=None), 201)
    assert (found.product, found.estimate) == ("lite", to_nano("0.003"))


def test_a_monitor_of_alpha_is_of_the_usual_kind() -> None:
    found = only(what(b"POST", "v1alpha/monitors"), {"query": "x", "cadence": "daily"}, old_monitor(), 201)
    assert (found.product, found.state, found.estimate) == ("lite", "active", to_nano("0.003"))


def test_a_trigger_orders_one_more_execution() -> None:
    tail = f"v1/monitors/{MONITOR}/trigger"
    assert ordered(tail, b"", 204, b"") == (MONITOR, Charge("call-1", "trigger", ""))


# -- responses


def test_a_response_is_paid_as_a_call_and_kept_for_its_maker() -> None:
    found = only(RESPOND, {"model": "parallel", "reasoning": {"effort": "high"}}, a_response())
    assert (found.id, found.kind, found.state, found.is_active) == (
        RESPONSE,
        RunKind.RESPONSE,
        "completed",
        False,
    )
    assert (found.product, found.money, found.charges) == ("high", Money.NONE, ())
    assert only(RESPOND, {"reasoning": None}, a_response()).product == "medium"


def test_a_response_that_is_streamed_is_the_last_that_is_told_of_it() -> None:
    events: list[dict[str, object]] = [
        {"type": "response.created", "response": a_response(status="in_progress")},
        {"type": "response.output_text.delta", "delta": "x"},
        {"type": "response.completed", "response": a_response()},
    ]
    whole = b"".join(frame(event, str(event["type"])) for event in events)
    (run,), _ = made(RESPOND, b"{}", 200, whole, BY)
    assert (run.id, run.state, run.is_active) == (RESPONSE, "completed", False)
    (run,), _ = made(RESPOND, b"{}", 200, whole[: whole.rindex(b"event:")], BY)
    assert (run.state, run.is_active) == ("in_progress", True)
    middle = frame(events[1]) * 500
    (run,), _ = made(RESPOND, b"{}", 200, frame(events[0]) + middle, BY)
    assert run.id == RESPONSE


# -- any


def test_a_request_that_makes_nothing_has_made_nothing() -> None:
    for act in Act:
        if not Ask(act).makes:
            assert made(Ask(act, RunKind.TASK, RUN), b"{}", 200, body(task_run()), BY) == ([], [])


def test_a_request_in_another_encoding_says_the_same() -> None:
    request = json.dumps({"input": "x", "processor": "pro"}).encode("utf-16")
    (run,), _ = made(CREATE, request, 202, body({"run_id": OTHER_RUN}), BY)
    assert run.product == "pro"


MAKING = [CREATE, ADD, FIND, WATCH, RESPOND, what(b"POST", f"v1beta/findall/runs/{FINDALL}/enrich")]
NAMES = st.sampled_from(
    ["run_id", "run_ids", "inputs", "processor", "generator", "match_limit", "findall_id", "monitor_id", "status",
     "metadata", "id", "response"]
)  # fmt: skip
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.just(RUN),
    lambda inner: st.dictionaries(NAMES, inner, max_size=6) | st.lists(inner, max_size=4),
    max_leaves=15,
)


@given(st.sampled_from(MAKING), ANY | st.binary(max_size=80), ANY | st.binary(max_size=80))
def test_any_bodies_are_read(ask: Ask, request: object, answer: object) -> None:
    sent, said = (one if isinstance(one, bytes) else body(one) for one in (request, answer))
    found, charges = made(ask, sent, 200, said, BY)
    assert len({run.id for run in found}) == len(found)
    for run in found:
        assert (run.owner, run.call_id, run.seen_by) == (OWNER, "call-1", SeenBy.CREATE)
        assert run.id
        assert all(charge.call_id == "call-1" for charge in run.charges)
    assert all(name == FINDALL and 0 <= charge.count <= 1000 for name, charge in charges)
