"""Runs that nobody looks at are looked at, gently and for nothing; whatever goes wrong, none is taken for failed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace

from penstock.following.follower import AT_ONCE, LEASE_US
from penstock.following.plan import FollowPlan
from penstock.runs.run import Money, RunKind, SeenBy
from support.follow_kit import ALIAS, JSON, KEY, OTHER_KEY, Desk, Documents, Provider, Then, plan
from support.parallel_documents import (
    Document,
    body,
    ended,
    findall_run,
    group_status,
    monitor,
    output,
    task_group,
    task_run,
)
from support.replies import Act, Reply, raw, silence, whole
from support.run_ledgers import CORE, NOW, SECOND, make, run, seen
from support.upstream import Upstream

ONE = "/v1/tasks/runs/trun_1"
RESULT = "/v1/tasks/runs/trun_1/result"
MINUTE = 60.0
SOCKET = "http+unix://%2Ftmp%2Fx"


@pytest.fixture
def clock() -> Then:
    return Then(MINUTE)


@pytest.fixture
def provider(upstream: Upstream) -> Provider:
    return Provider(upstream)


@pytest.fixture
async def desk(tmp_path: Path, upstream: Upstream, clock: Then) -> AsyncIterator[Desk]:
    desk = Desk(tmp_path, upstream.url, clock)
    yield desk
    await desk.close()


# -- an end


async def test_an_end_is_seen_settled_and_its_result_kept(desk: Desk, provider: Provider) -> None:
    make(desk.ledger, desk.made("trun_1"))
    document: Document = {"run": ended(run_id="trun_1"), "output": output()}
    provider.documents = {ONE: ended(run_id="trun_1"), RESULT: document}
    follower = desk.follower()
    await desk.look(follower)
    found = desk.run("trun_1")
    assert (found.state, found.cost, found.money, found.seen_by) == (
        "completed",
        CORE,
        Money.SETTLED,
        SeenBy.POLL,
    )
    await desk.look(follower, 1)
    kept = desk.ledger.result("trun_1")
    assert kept is not None
    assert (kept.body, kept.content_type) == (body(document), "application/json")
    await desk.look(follower, 3600)
    assert provider.asked == [ONE, RESULT]


@pytest.mark.parametrize(
    "answer", [whole(b"{}", 500), whole(b"{", 200, JSON), whole(body({"run": ended()}), 200, JSON)]
)
async def test_without_its_result_an_end_is_an_end(desk: Desk, provider: Provider, answer: Reply) -> None:
    make(desk.ledger, desk.made("trun_1"))
    provider.documents = {ONE: ended(run_id="trun_1"), RESULT: answer}
    follower = desk.follower()
    for _ in range(4):
        await desk.look(follower, MINUTE)
    assert (desk.run("trun_1").cost, desk.ledger.result("trun_1")) == (CORE, None)
    assert provider.asked == [ONE, RESULT]


async def test_a_run_that_has_failed_costs_nothing_and_has_no_result(desk: Desk, provider: Provider) -> None:
    make(desk.ledger, desk.made("trun_1"))
    provider.documents = {ONE: ended("failed", run_id="trun_1", error={"message": "no"})}
    follower = desk.follower()
    for _ in range(3):
        await desk.look(follower, MINUTE)
    assert (desk.run("trun_1").money, desk.run("trun_1").cost) == (Money.VOID, 0)
    assert provider.asked == [ONE]


async def test_the_key_goes_where_keys_go(desk: Desk, provider: Provider) -> None:
    make(desk.ledger, desk.made("trun_1"))
    await desk.look(desk.follower())
    (request,) = provider.upstream.requests
    assert request.header("x-api-key") == b"secret-1"
    assert b"authorization" not in request.names


async def test_an_id_is_one_part_of_a_path(desk: Desk, provider: Provider) -> None:
    make(desk.ledger, desk.made("../groups/x?y#z"))
    await desk.look(desk.follower())
    assert provider.asked == ["/v1/tasks/runs/..%2Fgroups%2Fx%3Fy%23z"]


async def test_an_answer_about_another_run_tells_nothing(desk: Desk, provider: Provider) -> None:
    make(desk.ledger, desk.made("trun_1"))
    make(desk.ledger, run("trun_2", call_id="two"), call_id="two")
    provider.documents = {ONE: ended(run_id="trun_2")}
    await desk.look(desk.follower())
    assert desk.run("trun_2").is_active
    assert desk.run("trun_1").is_active


# -- when


async def test_one_that_was_just_made_has_time(desk: Desk, provider: Provider, clock: Then) -> None:
    clock.ahead -= MINUTE
    make(desk.ledger, desk.made("trun_1"))
    provider.documents = {ONE: task_run(run_id="trun_1")}
    follower = desk.follower()
    await desk.look(follower, 2)
    await desk.look(follower, 20)
    assert provider.asked == []
    await desk.look(follower, 10)
    assert provider.asked == [ONE]
    for _ in range(29):
        await desk.look(follower, 1)
    assert provider.asked == [ONE]
    await desk.look(follower, 1)
    assert provider.asked == [ONE, ONE]


async def test_who_looks_himself_is_left_to_it(desk: Desk, provider: Provider) -> None:
    make(desk.ledger, desk.made("trun_1"))
    follower = desk.follower()
    for _ in range(10):
        desk.ledger.saw(
            [seen("trun_1", "running", at=int((desk.clock.now_us() - NOW) / SECOND), by=SeenBy.READ)]
        )
        await desk.look(follower, 10)
    assert provider.asked == []
    await desk.look(follower, 31)
    assert provider.asked == [ONE]


async def test_a_caller_who_looks_now_and_then_is_helped(desk: Desk, provider: Provider) -> None:
    make(desk.ledger, desk.made("trun_1"))
    desk.ledger.saw([seen("trun_1", "running", at=1, by=SeenBy.READ)])
    await desk.look(desk.follower())
    assert provider.asked == [ONE]


async def test_those_of_a_gateway_that_wants_none_followed_are_not(desk: Desk, provider: Provider) -> None:
    make(desk.ledger, desk.made("trun_1"))
    follower = desk.follower(unfollowed=frozenset({("acct", "gw")}))
    await desk.look(follower)
    await desk.look(follower, 4000)
    assert provider.asked == []
    follower.plan = desk.follower().plan
    await desk.look(follower, 4000)
    assert provider.asked == [ONE]


async def test_a_few_at_once_and_no_more(desk: Desk, provider: Provider) -> None:
    names = [f"trun_{number}" for number in range(30)]
    make(desk.ledger, *(desk.made(name) for name in names))
    gate = asyncio.Event()
    held = body(task_run())
    answer = Reply((b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(held), gate, held))
    provider.documents = {f"/v1/tasks/runs/{name}": answer for name in names}
    follower = desk.follower()
    follower.step(desk.ledger)
    await provider.upstream.request(AT_ONCE)
    follower.step(desk.ledger)
    await asyncio.sleep(0)
    assert len(provider.asked) == AT_ONCE
    gate.set()
    await follower.idle()
    await desk.look(follower)
    assert len(set(provider.asked)) == 2 * AT_ONCE


# -- what goes wrong


async def test_another_key_of_the_alias_is_tried(desk: Desk, provider: Provider) -> None:
    make(desk.ledger, desk.made("trun_1"))
    provider.secrets = ("secret-2",)
    provider.documents = {ONE: ended(run_id="trun_1")}
    await desk.look(desk.follower("a", KEY, OTHER_KEY))
    assert provider.asked == [ONE, ONE]
    assert desk.run("trun_1").cost == CORE


async def test_without_a_key_that_is_let_in_it_is_unreachable(desk: Desk, provider: Provider) -> None:
    make(desk.ledger, desk.made("trun_1"))
    provider.secrets, follower = (), desk.follower("a", KEY, OTHER_KEY)
    await desk.look(follower)
    found = desk.run("trun_1")
    assert (found.flags, found.is_active, found.money) == (("unreachable",), True, Money.ESTIMATED)
    provider.secrets, provider.documents = ("secret-1",), {ONE: task_run(run_id="trun_1")}
    await desk.look(follower, 3 * MINUTE)
    assert desk.run("trun_1").flags == ()


async def test_one_that_is_not_found_is_gone_and_not_failed(desk: Desk, provider: Provider) -> None:
    make(desk.ledger, desk.made("trun_1"))
    follower = desk.follower("a", KEY, OTHER_KEY)
    await desk.look(follower)
    assert provider.asked == [ONE, ONE], "the other key may be of another organisation"
    for _ in range(100):
        await desk.look(follower, 24 * 3600)
    found = desk.run("trun_1")
    assert (set(found.flags), found.is_active, found.money) == ({"gone", "stale"}, True, Money.ESTIMATED)


@pytest.mark.parametrize("where", ["another place", "no key", "a key for another alias", "a socket"])
async def test_a_key_goes_nowhere_else(desk: Desk, provider: Provider, where: str) -> None:
    made = desk.made("trun_1")
    follower = desk.follower()
    match where:
        case "another place":
            follower.plan = plan("https://api.parallel.ai")
        case "no key":
            follower.plan = FollowPlan(follower.plan.registry)
        case "a key for another alias":
            follower.plan = FollowPlan(follower.plan.registry, {("acct", "gw", "other"): (KEY,)})
        case _:
            made, follower.plan = replace(made, origin=SOCKET), plan(SOCKET)
    make(desk.ledger, made)
    await desk.look(follower)
    assert provider.asked == []
    assert desk.run("trun_1").flags == ("unreachable",)


@pytest.mark.parametrize(
    "answer",
    [
        whole(b"{}", 500, JSON),
        whole(b"<html>", 502),
        whole(b"", 302, (("location", "http://127.0.0.1:1/"),)),
        whole(b"{}", 402, JSON),
        whole(b"", 200, JSON),
        whole(b"[" * 10_000, 200, JSON),
        whole(b'{"run_id":"trun_1","status":7}', 200, JSON),
        raw(Act.RESET),
        raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", Act.CLOSE),
    ],
)
async def test_trouble_is_tried_again_more_and_more_rarely(
    desk: Desk, provider: Provider, answer: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    make(desk.ledger, desk.made("trun_1"))
    provider.documents, follower = {ONE: answer}, desk.follower()
    at = []
    for second in range(40):
        before = len(provider.asked)
        await desk.look(follower, 15)
        at += [second] * (len(provider.asked) > before)
    gaps = [after - before for before, after in pairwise(at)]
    assert gaps == sorted(gaps)
    assert 3 <= len(at) <= 6
    found = desk.run("trun_1")
    assert (found.is_active, found.money, found.state) == (True, Money.ESTIMATED, "queued")
    assert [record.levelno for record in caplog.records if "cannot be looked at" in record.message] == [
        logging.WARNING
    ]
    provider.documents = {ONE: ended(run_id="trun_1")}
    await desk.look(follower, 4000)
    assert desk.run("trun_1").cost == CORE


async def test_a_key_that_is_to_rest_rests_for_all_its_runs(desk: Desk, provider: Provider) -> None:
    make(desk.ledger, *(desk.made(f"trun_{number}") for number in range(40)))
    names = [f"/v1/tasks/runs/trun_{number}" for number in range(40)]
    provider.documents = dict.fromkeys(names, whole(b"{}", 429, (*JSON, ("retry-after", "300"))))
    follower = desk.follower()
    await desk.look(follower)
    assert 1 <= len(provider.asked) <= AT_ONCE
    before = len(provider.asked)
    for _ in range(29):
        await desk.look(follower, 10)
    assert len(provider.asked) == before
    provider.documents = dict.fromkeys(names, task_run())
    for _ in range(30):
        await desk.look(follower, 10)
    assert set(provider.asked) == set(names)


@pytest.mark.parametrize("asked", ["", "0", "-5", "1e9", "9" * 400, "²", "Wed, 21 Oct 2026 07:28:00 GMT"])
async def test_whatever_the_provider_asks_for_a_key_rests_for_an_hour_at_most(
    desk: Desk, provider: Provider, asked: str
) -> None:
    make(desk.ledger, desk.made("trun_1"))
    provider.documents = {ONE: whole(b"{}", 429, (*JSON, ("retry-after", asked)))}
    follower = desk.follower()
    await desk.look(follower)
    provider.documents = {ONE: ended(run_id="trun_1")}
    await desk.look(follower, 3600)
    assert desk.run("trun_1").cost == CORE


async def test_while_one_key_rests_another_goes(desk: Desk, provider: Provider) -> None:
    make(desk.ledger, desk.made("trun_1"))
    provider.documents = {ONE: whole(b"{}", 429, JSON)}
    follower = desk.follower("a", KEY, OTHER_KEY)
    await desk.look(follower)
    provider.documents = {ONE: task_run(run_id="trun_1")}
    await desk.look(follower, 90)
    await desk.look(follower, 90)
    assert {seen.header("x-api-key") for seen in provider.upstream.requests} >= {b"secret-1"}
    assert desk.run("trun_1").state == "running"


# -- one at a time


async def test_two_who_follow_never_look_at_the_same(desk: Desk, provider: Provider) -> None:
    names = [f"trun_{number}" for number in range(24)]
    make(desk.ledger, *(desk.made(name) for name in names))
    provider.documents = {f"/v1/tasks/runs/{name}": ended("failed", run_id=name) for name in names}
    other = desk.open()
    one, two = desk.follower("a"), desk.follower("b")
    for _ in range(4):
        one.step(desk.ledger)
        two.step(other)
        await one.idle()
        await two.idle()
    assert sorted(provider.asked) == sorted(f"/v1/tasks/runs/{name}" for name in names)
    other.close()


async def test_whoever_dies_while_looking_is_taken_over(desk: Desk, provider: Provider) -> None:
    make(desk.ledger, desk.made("trun_1"))
    provider.documents = {ONE: silence()}
    one, two = desk.follower("a"), desk.follower("b")
    one.step(desk.ledger)
    await provider.upstream.request(1)
    await one.stop()
    provider.documents = {ONE: ended(run_id="trun_1")}
    await desk.look(two, LEASE_US / SECOND - 1)
    assert len(provider.asked) == 1
    await desk.look(two, 1)
    assert desk.run("trun_1").cost == CORE


# -- what takes too long


async def test_one_that_takes_too_long_is_said_once(
    desk: Desk, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    make(desk.ledger, desk.made("trun_1"))
    provider.documents, follower = {ONE: task_run(run_id="trun_1")}, desk.follower()
    for _ in range(9):
        await desk.look(follower, MINUTE)
    assert desk.run("trun_1").flags == ()
    for _ in range(60):
        await desk.look(follower, MINUTE)
    found = desk.run("trun_1")
    assert (found.flags, found.is_active, found.money) == (("stale",), True, Money.ESTIMATED)
    (said,) = [record.message for record in caplog.records if "twice as long" in record.message]
    assert "trun_1" in said
    before = len(provider.asked)
    for _ in range(10):
        await desk.look(follower, MINUTE)
    assert len(provider.asked) - before >= 5, "it is followed, a little more rarely"


# -- groups

GROUP = "/v1/tasks/groups/tgrp_1"
STREAM = f"{GROUP}/runs"


def states(count: int, state: str = "completed") -> list[dict[str, object]]:
    return [
        {"type": "task_run.state", "event_id": str(number), "run": ended(state, run_id=f"trun_{number}")}
        for number in range(count)
    ]


def counted(active: int, *, is_active: bool = True, completed: int = 0) -> dict[str, object]:
    counts = {"running": active, "completed": completed}
    return task_group(
        taskgroup_id="tgrp_1", status=group_status(task_run_status_counts=counts, is_active=is_active)
    )


def a_group(desk: Desk, runs: int, *, at: int = 0) -> None:
    make(desk.ledger, desk.made("tgrp_1", RunKind.GROUP, ""), call_id="group")
    names = [f"trun_{number}" for number in range(runs)]
    make(desk.ledger, *(desk.made(name, parent="tgrp_1", at=at) for name in names), call_id="runs", at=at)


async def test_one_look_at_a_group_tells_of_all_its_runs(desk: Desk, provider: Provider) -> None:
    a_group(desk, 50)
    provider.documents, follower = {GROUP: counted(50), STREAM: states(0)}, desk.follower()
    for _ in range(5):
        await desk.look(follower, 10)
    assert set(provider.asked) == {GROUP, STREAM}, "at first nothing is known of its counts"
    provider.forget()
    for _ in range(6):
        await desk.look(follower, 15)
    assert set(provider.asked) == {GROUP}
    provider.documents = {GROUP: counted(10, completed=40), STREAM: states(40)}
    for _ in range(3):
        await desk.look(follower, 15)
    assert sum(run.cost == CORE for run in map(desk.run, (f"trun_{number}" for number in range(50)))) == 40


@pytest.mark.parametrize(
    "answer",
    [
        whole(b"data: {\n\n" * 1000, 200, (("content-type", "text/event-stream"),)),
        whole(b'data: {"type":"task_run.state","run":{"run_id":"tgrp_1","status":"completed"}}\n\n', 200),
        whole(b"\r" * 100_000, 200),
        whole(b"{}", 404, JSON),
        raw(Act.RESET),
    ],
)
async def test_runs_of_a_group_that_make_no_sense_end_nothing(
    desk: Desk, provider: Provider, answer: Reply
) -> None:
    a_group(desk, 20)
    provider.documents = {GROUP: counted(1, completed=19), STREAM: answer}
    follower = desk.follower()
    for _ in range(3):
        await desk.look(follower, 15)
    assert desk.run("tgrp_1").is_active
    assert all(desk.run(f"trun_{number}").is_active for number in range(20))
    provider.documents = {GROUP: counted(1, completed=19), STREAM: states(19)}
    for _ in range(3):
        await desk.look(follower, MINUTE)
    assert desk.run("trun_18").cost == CORE, "it is asked again: the ledger knows less than the group"


async def test_few_runs_of_a_group_are_looked_at_one_by_one(desk: Desk, provider: Provider) -> None:
    a_group(desk, 3)
    provider.documents = {GROUP: counted(2, completed=1), "/v1/tasks/runs/trun_2": ended(run_id="trun_2")}
    follower = desk.follower()
    await desk.look(follower)
    assert sorted(provider.asked) == [GROUP, *(f"/v1/tasks/runs/trun_{number}" for number in range(3))]
    assert [desk.run(f"trun_{number}").is_active for number in range(3)] == [True, True, False]
    assert desk.run("tgrp_1").flags == (), "that a run of it is gone says nothing of the group"


async def test_a_group_that_is_over_does_not_end_its_runs(desk: Desk, provider: Provider) -> None:
    a_group(desk, 1)
    provider.documents = {
        GROUP: counted(0, is_active=False),
        "/v1/tasks/runs/trun_0": task_run(run_id="trun_0"),
    }
    follower = desk.follower()
    await desk.look(follower)
    found = desk.run("trun_0")
    assert (found.is_active, found.money, desk.run("tgrp_1").is_active) == (True, Money.ESTIMATED, False)
    provider.documents["/v1/tasks/runs/trun_0"] = ended(run_id="trun_0")
    for _ in range(4):
        await desk.look(follower, 5 * MINUTE)
    assert desk.run("trun_0").cost == CORE


async def test_a_group_to_which_runs_were_added_is_looked_at_again(desk: Desk, provider: Provider) -> None:
    make(desk.ledger, desk.made("tgrp_1", RunKind.GROUP, ""), call_id="group")
    provider.documents, follower = {GROUP: counted(0, is_active=False)}, desk.follower()
    await desk.look(follower)
    assert not desk.run("tgrp_1").is_active
    names = [f"trun_{number}" for number in range(20)]
    make(desk.ledger, *(desk.made(name, parent="tgrp_1", at=100) for name in names), call_id="runs", at=100)
    provider.documents = {GROUP: counted(0, completed=20), STREAM: states(20)}
    provider.forget()
    for _ in range(3):
        await desk.look(follower, 60)
    assert provider.asked[:2] == [GROUP, STREAM]
    assert all(desk.run(name).cost == CORE for name in names)
    assert desk.run("tgrp_1").is_active


async def test_a_group_that_cannot_be_read_does_not_hide_its_runs(desk: Desk, provider: Provider) -> None:
    a_group(desk, 1)
    provider.documents, follower = {"/v1/tasks/runs/trun_0": ended(run_id="trun_0")}, desk.follower()
    for _ in range(10):
        await desk.look(follower, 2 * MINUTE)
    assert desk.run("tgrp_1").flags == ("gone",)
    assert desk.run("trun_0").cost == CORE


# -- FindAll, monitors


async def test_a_findall_run_is_looked_at_a_second_time(desk: Desk, provider: Provider) -> None:
    make(desk.ledger, desk.made("findall_1", RunKind.FINDALL, "base"))
    target = "/v1beta/findall/runs/findall_1"
    provider.documents = {
        target: findall_run("completed", matched=3) | {"findall_id": "findall_1", "generator": "base"}
    }
    follower = desk.follower()
    await desk.look(follower)
    assert desk.run("findall_1").cost is None
    for _ in range(6):
        await desk.look(follower, 10)
    assert desk.run("findall_1").cost == 250_000_000 + 3 * 30_000_000
    await desk.look(follower, 3600)
    assert provider.asked == [target, target]


def completion(number: int) -> dict[str, object]:
    return {"event_type": "completion", "timestamp": f"2026-05-{number + 1:02}T00:00:00Z"}


async def test_a_monitors_executions_are_read_back_to_the_last_known(desk: Desk, provider: Provider) -> None:
    make(desk.ledger, desk.made("monitor_1", RunKind.MONITOR, "lite"))
    events = "/v1/monitors/monitor_1/events?include_completions=true&limit=100"
    known: Documents = {
        "/v1/monitors/monitor_1": monitor(monitor_id="monitor_1", processor="lite", frequency="1h")
    }
    provider.documents = known | {
        events: {"events": [completion(3), completion(2)], "next_cursor": "a&b"},
        f"{events}&cursor=a%26b": {"events": [completion(1)], "next_cursor": "c"},
        f"{events}&cursor=c": {"events": []},
    }
    follower = desk.follower()
    await desk.look(follower, 3600)
    assert desk.run("monitor_1").executions == 3
    assert len(provider.asked) == 4
    provider.forget()
    provider.documents[events] = {"events": [completion(4), completion(3)], "next_cursor": "more"}
    await desk.look(follower, 5 * MINUTE)
    assert provider.asked == []
    await desk.look(follower, 6 * MINUTE)
    assert provider.asked == ["/v1/monitors/monitor_1", events], "what was there before is known"
    assert desk.run("monitor_1").executions == 4


async def test_a_monitor_without_end_of_pages_is_read_for_so_long(desk: Desk, provider: Provider) -> None:
    make(desk.ledger, desk.made("monitor_1", RunKind.MONITOR, "lite"))
    provider.documents = {"/v1/monitors/monitor_1": monitor(monitor_id="monitor_1")}
    numbers = iter(range(1000))

    def answer(seen: object) -> Reply:
        found = {
            "events": [{"event_group_id": f"g{next(numbers)}", "event_type": "event_stream"}],
            "next_cursor": "x",
        }
        return whole(body(found), 200, JSON)

    provider.upstream.otherwise = lambda seen: (
        answer(seen) if b"events" in seen.target else provider.answer(seen)
    )
    await desk.look(desk.follower(), 3600)
    assert len(provider.asked) == 6


async def test_a_run_without_a_stored_key_is_never_looked_at(desk: Desk, provider: Provider) -> None:
    make(desk.ledger, run("trun_1"))
    await desk.look(desk.follower(), 3600)
    assert provider.asked == []
    assert desk.run("trun_1").stored_key != ALIAS
