"""Nothing is ordered twice: what a library repeats, or a caller under one key, is answered with the first run."""

from __future__ import annotations

import asyncio
import json

import pytest
from runs_kit import (
    BASE,
    GROUP,
    ID,
    JSON,
    KEY,
    OTHER_KEY,
    TASK,
    Caller,
    caller,
    comes_to_be,
    runs_of,
    task_run,
    told,
)

from conftest import Connect, OpenGateway
from penstock.runs.run import Money
from support.client import Header, request
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import Act, raw, whole
from support.upstream import Upstream

FIRST, AGAIN, THIRD = (("x-stainless-retry-count", str(count)) for count in range(3))
OTHER = "trun_fedcba9876543210fedcba9876543210"
ONCE = ("idempotency-key", "one-of-my-own")


@pytest.fixture
async def gateway(open_gateway: OpenGateway, upstream: Upstream) -> InProcess:
    return await open_gateway(gateways(gw={}) + providers({"parallel": upstream.url}))


@pytest.mark.parametrize("marks", [(FIRST, AGAIN, THIRD), (ONCE, ONCE, ONCE)], ids=["retries", "key"])
async def test_what_is_repeated_gets_the_first_run(
    gateway: InProcess, upstream: Upstream, connect: Connect, marks: tuple[Header, ...]
) -> None:
    upstream.will(told(task_run(), 202), told(task_run(OTHER), 202))
    ann = await caller(connect, gateway)
    answers = [await ann.create(TASK, mark) for mark in marks]
    assert [(answer.status, answer.json()["run_id"]) for answer in answers] == [(202, ID)] * 3
    assert [answer.header("idempotent-replayed") for answer in answers] == [None, "true", "true"]
    assert len(upstream.requests) == 1
    rows = await gateway.rows(3)
    assert [row.cost for row in rows] == [0.3, 0, 0]


async def test_an_answer_that_was_lost_on_its_way_is_given_again(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    """The caller leaves while the provider makes the run; what it sends again gets that one."""
    gate = asyncio.Event()
    body = json.dumps(task_run()).encode()
    upstream.will(raw(Act.BODY, gate, b"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\n",
                      b"content-length: %d\r\n\r\n" % len(body), body))  # fmt: skip
    client = await connect(gateway.url)
    await client.send(
        request("POST", f"{BASE}/v1/tasks/runs", KEY, JSON, FIRST, body=json.dumps(TASK).encode())
    )
    await upstream.request(1)
    client.leave()
    again = asyncio.create_task((await caller(connect, gateway)).create(TASK, AGAIN))
    gate.set()
    answer = await again
    assert (answer.status, answer.json()["run_id"]) == (202, ID)
    assert len(upstream.requests) == 1
    assert set(runs_of(gateway)) == {ID}


@pytest.mark.parametrize("marks", [(FIRST, AGAIN), (ONCE, ONCE)], ids=["retries", "key"])
async def test_where_nobody_knows_whether_it_was_made_it_is_not_made_again(
    gateway: InProcess, upstream: Upstream, connect: Connect, marks: tuple[Header, ...]
) -> None:
    upstream.will(raw(Act.BODY, Act.RESET))
    ann = await caller(connect, gateway)
    lost = await ann.create(TASK, marks[0])
    assert lost.status == 502
    answer = await ann.create(TASK, marks[1])
    assert (answer.status, answer.header("x-should-retry")) == (504, "false")
    assert answer.json()["type"] == "error"
    assert "not known" in answer.json()["error"]["message"]
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("attempts", [(), (("cf-aig-max-attempts", "2"),)], ids=["plain", "attempts"])
@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_server_that_failed_may_have_made_it(
    gateway: InProcess, upstream: Upstream, connect: Connect, status: int, attempts: tuple[Header, ...]
) -> None:
    upstream.will(whole(b"{}", status))
    ann = await caller(connect, gateway)
    await ann.create(TASK, FIRST, *attempts)
    assert (await ann.create(TASK, AGAIN, *attempts)).status == 504
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 402, 403, 422, 429])
async def test_what_was_refused_is_sent_again(
    gateway: InProcess, upstream: Upstream, connect: Connect, status: int
) -> None:
    upstream.will(whole(b"{}", status), told(task_run(), 202))
    ann = await caller(connect, gateway)
    assert (await ann.create(TASK, FIRST)).status == status
    assert (await ann.create(TASK, AGAIN)).json()["run_id"] == ID
    assert len(upstream.requests) == 2


async def test_what_never_left_is_sent_again(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(gateways(gw={}) + providers({"parallel": "http://127.0.0.1:9"}))
    ann = await caller(connect, gateway)
    assert [(await ann.create(TASK, mark)).status for mark in (FIRST, AGAIN)] == [502, 502]


@pytest.mark.parametrize(
    "second",
    [
        (TASK, FIRST, KEY),
        (TASK, None, KEY),
        ({**TASK, "input": "Something else"}, AGAIN, KEY),
        (TASK, AGAIN, OTHER_KEY),
    ],
    ids=["no-retry", "no-mark", "another-body", "another-caller"],
)
async def test_what_is_no_repetition_is_another_run(
    gateway: InProcess, upstream: Upstream, connect: Connect, second: tuple[object, Header | None, Header]
) -> None:
    upstream.will(told(task_run(), 202), told(task_run(OTHER), 202))
    await (await caller(connect, gateway)).create(TASK, FIRST)
    body, mark, key = second
    answer = await (await caller(connect, gateway, key)).create(body, *([mark] if mark else []))
    assert answer.json()["run_id"] == OTHER
    assert set(runs_of(gateway)) == {ID, OTHER}


async def test_a_retry_long_after_is_another_run(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(told(task_run(), 202), told(task_run(OTHER), 202))
    ann = await caller(connect, gateway)
    await ann.create(TASK, FIRST)
    gateway.clock.ahead += 3600
    assert (await (await caller(connect, gateway)).create(TASK, AGAIN)).json()["run_id"] == OTHER


async def test_two_at_once_under_one_key_make_one_run(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    body = json.dumps(task_run()).encode()
    upstream.will(raw(Act.BODY, gate, b"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\n",
                      b"content-length: %d\r\n\r\n" % len(body), body))  # fmt: skip
    callers = [await caller(connect, gateway) for _ in range(5)]
    asking = [asyncio.create_task(one.create(TASK, ONCE)) for one in callers]
    await upstream.request(1)
    gate.set()
    answers = [await one for one in asking]
    assert {(answer.status, answer.json()["run_id"]) for answer in answers} == {(202, ID)}
    assert len(upstream.requests) == 1
    assert sum(run.estimate or 0 for run in runs_of(gateway).values()) == 300_000_000


async def test_runs_that_are_added_to_a_group_again_are_not(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    status = {"num_task_runs": 1, "task_run_status_counts": {"queued": 1}, "is_active": True}
    upstream.will(told({"status": status, "run_ids": [ID], "run_cursor": None, "event_cursor": None}))
    ann, path, body = await caller(connect, gateway), f"/v1/tasks/groups/{GROUP}/runs", {"inputs": [TASK]}
    first = await ann.post(path, body, FIRST)
    again = await ann.post(path, body, AGAIN)
    assert (again.status, again.body) == (first.status, first.body)
    assert len(upstream.requests) == 1


async def test_a_run_of_a_worker_that_was_killed_is_of_unknown_outcome(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    """An intent that nobody answers any more does not hold up its repetition for ever, nor is it sent again."""
    gate = asyncio.Event()
    upstream.will(raw(Act.BODY, gate))
    asking = asyncio.create_task((await caller(connect, gateway)).create(TASK, FIRST))
    await upstream.request(1)
    lost = gateway.clock.now_us() + 1
    assert await gateway.parts.runs.ask(lambda ledger: ledger.lost(lost)) == 1
    waited = list(gateway.clock.slept)
    assert (await (await caller(connect, gateway)).create(TASK, AGAIN)).status == 504
    assert gateway.clock.slept == waited
    assert len(upstream.requests) == 1
    asking.cancel()
    gate.set()


async def test_a_price_of_the_callers_own_is_no_card_s(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(told(task_run(), 202))
    ann = await caller(connect, gateway)
    await ann.create(TASK, ("cf-aig-custom-cost", '{"total_cost":0.01}'))
    assert runs_of(gateway)[ID].money is Money.ESTIMATED
    assert (await gateway.row()).cost == 0.01


# -- what is re-used because its caller wants it

KEPT = ("cf-aig-cache-ttl", "3600")


async def finished(gateway: InProcess, upstream: Upstream, connect: Connect, body: object = TASK) -> Caller:
    ann = await caller(connect, gateway)
    upstream.will(told(task_run(), 202))
    await ann.create(body)
    upstream.will(told(task_run(ID, "completed", minute=5)))
    await ann.get(f"/v1/tasks/runs/{ID}")
    await comes_to_be(gateway, "completed")
    upstream.will(told(task_run(OTHER), 202))
    return ann


async def test_a_run_that_has_completed_is_given_again_for_nothing(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    ann = await finished(gateway, upstream, connect)
    answer = await ann.create(TASK, KEPT)
    run = answer.json()
    assert (answer.status, answer.header("cf-aig-cache-status")) == (202, "HIT")
    assert (run["run_id"], run["status"], run["is_active"], run["processor"]) == (
        ID,
        "completed",
        False,
        "ultra",
    )
    assert len(upstream.requests) == 2
    assert [row.cost for row in await gateway.rows(3)] == [0.3, 0, 0]


async def test_one_that_is_under_way_or_failed_is_not(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    ann = await caller(connect, gateway)
    upstream.will(told(task_run(), 202), told(task_run(OTHER), 202))
    await ann.create(TASK, KEPT)
    assert (await ann.create(TASK, KEPT)).json()["run_id"] == OTHER
    for name in (ID, OTHER):
        upstream.will(told(task_run(name, "failed", minute=5)))
        await ann.get(f"/v1/tasks/runs/{name}")
        await comes_to_be(gateway, "failed", name)
    upstream.will(told(task_run("trun_ffffffffffffffffffffffffffffffff"), 202))
    assert (await ann.create(TASK, KEPT)).json()["run_id"] == "trun_ffffffffffffffffffffffffffffffff"


@pytest.mark.parametrize(
    ("body", "headers", "key"),
    [
        (TASK, (), KEY),
        (TASK, (("cf-aig-cache-ttl", "0"),), KEY),
        (TASK, (("cf-aig-skip-cache", "true"), KEPT), KEY),
        (TASK, (KEPT,), OTHER_KEY),
        ({**TASK, "input": "Another question"}, (KEPT,), KEY),
    ],
    ids=["unasked", "off", "skipped", "another-caller", "another-question"],
)
async def test_what_else_is_ordered_anew(
    gateway: InProcess,
    upstream: Upstream,
    connect: Connect,
    body: object,
    headers: tuple[Header, ...],
    key: Header,
) -> None:
    await finished(gateway, upstream, connect)
    answer = await (await caller(connect, gateway, key)).create(body, *headers)
    assert answer.json()["run_id"] == OTHER


@pytest.mark.parametrize(
    "more",
    [
        {"previous_interaction_id": ID},
        {"memory_scope_key": "mine"},
        {"webhook": {"url": "https://a.example"}},
    ],
)
async def test_what_goes_on_from_something_is_ordered_anew(
    gateway: InProcess, upstream: Upstream, connect: Connect, more: dict[str, object]
) -> None:
    ann = await finished(gateway, upstream, connect, {**TASK, **more})
    assert (await ann.create({**TASK, **more}, KEPT)).json()["run_id"] == OTHER


async def test_what_is_too_old_is_ordered_anew(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    await finished(gateway, upstream, connect)
    gateway.clock.ahead += 3601
    assert (await (await caller(connect, gateway)).create(TASK, KEPT)).json()["run_id"] == OTHER
