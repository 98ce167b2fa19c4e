"""Webhooks through the gateway on real sockets: creates that name one, and events of Parallel's that come for it."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections import Counter
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from runs_kit import BASE, FINDALL, GROUP, ID, JSON, KEY, caller, comes_to_be, runs_of, task_run, told

from conftest import Connect, OpenGateway
from penstock.pages.hooks import MOST_BODY
from penstock.runs.hooks import HookEvent, HookState
from penstock.runs.run import Money
from penstock.stores.hooks import ANY_EVENT
from penstock.stores.opening import Stores
from penstock.stores.opening.runs import run_reader
from penstock.stores.runs import RunsUnavailable
from penstock.stores.sqlite.runs.ledger import SqliteRunLedger
from support.client import Answer, Client
from support.configuration import providers
from support.inprocess import InProcess
from support.replies import Act, raw, whole
from support.upstream import Upstream
from support.webhooks import (
    BODY,
    BODY_6,
    EVENT,
    SECRET_A,
    SECRET_B,
    SIGNATURES,
    SIGNING,
    TIME,
    event,
    headers,
)

PUBLIC = "https://gateway.example"
OURS = f"{PUBLIC}/hooks/parallel/acct/gw/"
THEIRS = "https://hooks.example/mine?token=t-0123456789"
TASK = {"input": "What is a penstock?", "processor": "core"}
HOOKED = {**TASK, "webhook": {"url": THEIRS, "event_types": ["task_run.status"]}}
CORE = 25_000_000


def text(upstream: Upstream, *, secrets: tuple[str, ...] = (SECRET_A,), observe: bool = False) -> str:
    return f"""
[accounts.acct.gateways.plain]
[accounts.acct.gateways.gw.parallel.webhook]
url = "{PUBLIC}/"
secrets = {json.dumps(secrets)}
signing_secret = "{SIGNING}"
observe = {json.dumps(observe)}
[accounts.acct.gateways.other.parallel.webhook]
url = "{PUBLIC}"
secrets = ["{SECRET_B}"]
signing_secret = "{SIGNING}"
""" + providers({"parallel": upstream.url})


async def sent(upstream: Upstream, number: int = 1) -> dict[str, object]:
    """The body that the provider got."""
    found = json.loads(await (await upstream.request(number)).whole_body())
    assert isinstance(found, dict)
    return found


def address(webhook: object) -> str:
    """The path of the gateway's own address in a body."""
    assert isinstance(webhook, dict)
    url = webhook["url"]
    assert url.startswith(OURS)
    return urlsplit(url).path


async def hit(client: Client, path: str, body: bytes, *given: tuple[str, str]) -> Answer:
    return await client.ask("POST", path, *given, body=body)


def events_of(gateway: InProcess) -> list[HookEvent]:
    try:
        with closing(run_reader(Stores(gateway.data))) as reader:
            return reader.hook_events(ANY_EVENT, 1000)
    except RunsUnavailable:
        return []


def ended(run_id: str = ID, status: str = "completed", processor: str = "core", **more: object) -> bytes:
    return event("task_run.status", task_run(run_id, status, processor, minute=9, **more))


# -- creates


async def test_a_create_names_our_address_and_the_event_settles_and_waits_for_the_callers(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(text(upstream))
    ann = await caller(connect, gateway)
    upstream.will(told(task_run(processor="core"), 202))
    assert (await ann.create(HOOKED)).status == 202
    body = await sent(upstream)
    path = address(body["webhook"])
    assert body == {**HOOKED, "webhook": {"url": f"{PUBLIC}{path}", "event_types": ["task_run.status"]}}
    client = await connect(gateway.url)
    signed = headers(ended(), gateway.clock.now_us())
    assert (await hit(client, path, ended(), *signed)).status == 204
    run = runs_of(gateway)[ID]
    assert (run.state, run.money, run.cost) == ("completed", Money.SETTLED, CORE)
    (waiting,) = events_of(gateway)
    assert (waiting.url, waiting.id, waiting.run_id, waiting.state) == (THEIRS, EVENT, ID, HookState.WAITING)


async def test_without_the_setting_nothing_changes_and_nobody_receives(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    plain = text(upstream).replace(
        "[accounts.acct.gateways.gw.parallel.webhook]", "[accounts.acct.gateways.gw]"
    )
    gateway = await open_gateway("[accounts.acct.gateways.gw]\n" + providers({"parallel": upstream.url}))
    assert plain
    ann = await caller(connect, gateway)
    upstream.will(told(task_run(processor="core"), 202))
    assert (await ann.create(HOOKED)).status == 202
    assert await sent(upstream) == HOOKED
    client = await connect(gateway.url)
    for path in ("/hooks/parallel/acct/gw", "/hooks/parallel/acct/gw/x"):
        answer = await hit(client, path, BODY, *headers(BODY, gateway.clock.now_us()))
        assert answer.status == 404


@pytest.mark.parametrize("observe", [False, True])
async def test_who_observes_asks_for_events_that_go_on_to_nobody(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, observe: bool
) -> None:
    gateway = await open_gateway(text(upstream, observe=observe))
    ann = await caller(connect, gateway)
    upstream.will(told(task_run(processor="core"), 202))
    assert (await ann.create(TASK)).status == 202
    body = await sent(upstream)
    assert ("webhook" in body) is observe
    if observe:
        client = await connect(gateway.url)
        path = address(body["webhook"])
        assert (await hit(client, path, ended(), *headers(ended(), gateway.clock.now_us()))).status == 204
        assert runs_of(gateway)[ID].money is Money.SETTLED
        assert events_of(gateway) == []


async def test_each_run_of_a_group_is_told_where_it_wants(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(text(upstream))
    ann = await caller(connect, gateway)
    ids = [f"trun_{number}" for number in range(3)]
    upstream.will(told({"status": {}, "run_ids": ids}))
    inputs = [
        {**TASK, "webhook": {"url": "https://a.example/x", "event_types": []}},
        TASK,
        {**TASK, "webhook": {"url": "https://b.example/y", "event_types": []}},
    ]
    assert (await ann.create({"inputs": inputs}, path=f"/v1/tasks/groups/{GROUP}/runs")).status == 200
    runs = (await sent(upstream))["inputs"]
    assert isinstance(runs, list)
    assert "webhook" not in runs[1]
    client = await connect(gateway.url)
    for number, run in ((0, runs[0]), (2, runs[2])):
        body = ended(ids[number])
        given = headers(body, gateway.clock.now_us(), f"whevent_{number}")
        assert (await hit(client, address(run["webhook"]), body, *given)).status == 204
    assert {(one.run_id, one.url) for one in events_of(gateway)} == {
        ("trun_0", "https://a.example/x"),
        ("trun_2", "https://b.example/y"),
    }
    assert [runs_of(gateway)[name].money for name in ids] == [Money.SETTLED, Money.ESTIMATED, Money.SETTLED]


async def test_a_thousand_runs_with_addresses_of_their_own(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(text(upstream))
    ann, count = await caller(connect, gateway), 1000
    upstream.will(told({"status": {}, "run_ids": [f"trun_{number}" for number in range(count)]}))
    padding = "x" * 500
    inputs = [
        {"input": padding, "processor": "core", "webhook": {"url": f"https://hooks.example/{number}"}}
        for number in range(count)
    ]
    assert (await ann.create({"inputs": inputs}, path=f"/v1/tasks/groups/{GROUP}/runs")).status == 200
    runs = (await sent(upstream))["inputs"]
    assert isinstance(runs, list)
    paths = [address(run["webhook"]) for run in runs]
    assert len(set(paths)) == count
    client, body = await connect(gateway.url), ended("trun_777")
    assert (await hit(client, paths[777], body, *headers(body, gateway.clock.now_us()))).status == 204
    assert [one.url for one in events_of(gateway)] == ["https://hooks.example/777"]


async def test_findall_runs_and_monitors_are_told_of_too(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(text(upstream))
    ann = await caller(connect, gateway)
    webhook = {"url": THEIRS, "event_types": ["findall.candidate.matched"]}
    status = {"status": "queued", "is_active": True, "metrics": {}}
    upstream.will(told({"findall_id": FINDALL, "status": status, "generator": "base"}))
    asked = {
        "objective": "o",
        "entity_type": "e",
        "match_conditions": [],
        "generator": "base",
        "match_limit": 5,
    }
    assert (await ann.create({**asked, "webhook": webhook}, path="/v1beta/findall/runs")).status == 200
    found = await sent(upstream, 1)
    assert found == {**asked, "webhook": {**webhook, "url": f"{PUBLIC}{address(found['webhook'])}"}}
    monitor = {"type": "event_stream", "frequency": "1d", "settings": {"query": "q"}}
    upstream.will(told({"monitor_id": "monitor_1", "status": "active", "processor": "lite"}, 201))
    assert (await ann.create({**monitor, "webhook": webhook}, path="/v1/monitors")).status == 201
    first = address((await sent(upstream, 2))["webhook"])
    upstream.will(told({"monitor_id": "monitor_1", "status": "active", "processor": "lite"}))
    changed = {"webhook": {"url": "https://new.example/", "event_types": ["monitor.event.detected"]}}
    assert (await ann.create(changed, path="/v1/monitors/monitor_1/update")).status == 200
    second = address((await sent(upstream, 3))["webhook"])
    client = await connect(gateway.url)
    for number, path in enumerate((first, second)):
        body = event(
            "monitor.event.detected", {"monitor_id": "monitor_1", "event": {"event_group_id": f"g{number}"}}
        )
        given = headers(body, gateway.clock.now_us(), f"whevent_{number}")
        assert (await hit(client, path, body, *given)).status == 204
    assert [one.url for one in events_of(gateway)] == ["https://new.example/", THEIRS]
    assert runs_of(gateway)["monitor_1"].executions == 2


@pytest.mark.parametrize(
    "url",
    [
        "https://localhost/x",
        "https://127.0.0.1/x",
        "https://[::1]/",
        "https://169.254.169.254/latest",
        "https://2130706433/",
        "https://metadata.internal/",
        "http://hooks.example/",
        "ftp://hooks.example/",
        "https://me:secret@hooks.example/",
        "mine",
        "",
        "https://hooks.example/" + "x" * 3000,
    ],
)
async def test_an_address_that_is_never_sent_anything_is_refused_in_parallels_shape(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, url: str
) -> None:
    gateway = await open_gateway(text(upstream))
    ann = await caller(connect, gateway)
    answer = await ann.create({**TASK, "webhook": {"url": url, "event_types": []}})
    assert answer.status == 422
    error = answer.json()["error"]
    assert error["detail"]["loc"] == ["body", "webhook", "url"]
    assert error["message"].startswith("webhook.url: ")
    assert "secret" not in error["message"]
    assert upstream.requests == []
    assert (await ann.create({"inputs": [{**TASK, "webhook": {"url": url}}]}, path=f"/v1/tasks/groups/{GROUP}/runs")
            ).status == 422  # fmt: skip
    assert upstream.requests == []


async def test_where_the_operator_lets_them_events_go_inside(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway("[server]\nallow_private_providers = true\n" + text(upstream))
    ann = await caller(connect, gateway)
    upstream.will(told(task_run(processor="core"), 202))
    inside = {**TASK, "webhook": {"url": "http://10.0.0.1:8080/x", "event_types": []}}
    assert (await ann.create(inside)).status == 202
    for url in ("http://me:secret@10.0.0.1/", "ftp://x", "http://", "http://[", "http://x:0/"):
        assert (await ann.create({**TASK, "webhook": {"url": url}})).status == 422


async def test_a_packed_request_is_looked_through(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(text(upstream))
    client = await connect(gateway.url)
    upstream.will(told(task_run(processor="core"), 202))
    packed = gzip.compress(json.dumps(HOOKED).encode())
    answer = await client.ask(
        "POST", f"{BASE}/v1/tasks/runs", KEY, JSON, ("content-encoding", "gzip"), body=packed
    )
    assert answer.status == 202
    assert address((await sent(upstream))["webhook"])
    assert (await upstream.only()).header("content-encoding") is None


async def test_a_monitor_is_told_with_its_callers_address(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(text(upstream))
    ann = await caller(connect, gateway)
    webhook = {"url": THEIRS, "event_types": ["monitor.event.detected"]}
    monitor = {"type": "event_stream", "frequency": "1d", "settings": {"query": "q"}, "webhook": webhook}
    upstream.will(told({"monitor_id": "monitor_1", "status": "active"}, 201))
    await ann.create(monitor, path="/v1/monitors")
    ours = (await sent(upstream))["webhook"]
    plain = {"monitor_id": "monitor_1", "status": "active", "webhook": webhook}
    for document in (
        json.dumps({**plain, "webhook": ours}),
        json.dumps({**plain, "webhook": ours}).replace("/", "\\/"),
    ):
        upstream.will(whole(document.encode(), headers=(JSON,)))
        assert (await ann.get("/v1/monitors/monitor_1")).json() == plain
    upstream.will(told({"monitors": [{**plain, "webhook": ours}]}))
    assert (await ann.get("/v1/monitors")).json() == {"monitors": [plain]}
    upstream.will(told({"input": "x", "webhook": ours}))
    assert (await ann.get(f"/v1/tasks/runs/{ID}/input")).json() == {"input": "x", "webhook": webhook}
    unknown = {**plain, "webhook": {"url": f"{OURS}nobodys", "event_types": []}}
    upstream.will(told(unknown))
    assert (await ann.get("/v1/monitors/monitor_1")).json() == unknown


async def test_a_monitor_that_is_only_observed_is_told_without_a_webhook(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(text(upstream, observe=True))
    ann = await caller(connect, gateway)
    upstream.will(told({"monitor_id": "monitor_1", "status": "active"}, 201))
    await ann.create(
        {"type": "event_stream", "frequency": "1d", "settings": {"query": "q"}}, path="/v1/monitors"
    )
    ours = (await sent(upstream))["webhook"]
    upstream.will(told({"monitor_id": "monitor_1", "webhook": ours, "metadata": {"a": "{}"}}))
    answer = await ann.get("/v1/monitors/monitor_1")
    assert answer.json() == {"monitor_id": "monitor_1", "webhook": None, "metadata": {"a": "{}"}}


async def test_our_own_address_sent_back_stays_what_it_is(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(text(upstream))
    ann = await caller(connect, gateway)
    upstream.will(told({"monitor_id": "monitor_1", "status": "active"}))
    again = {"webhook": {"url": f"{OURS}019-abc", "event_types": []}}
    assert (await ann.create(again, path="/v1/monitors/monitor_1/update")).status == 200
    assert await sent(upstream) == again


async def test_a_repeated_create_is_one_request_to_parallel(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(text(upstream))
    ann = await caller(connect, gateway)
    upstream.will(told(task_run(processor="core"), 202))
    answers = [await ann.create(HOOKED, ("x-stainless-retry-count", str(count))) for count in range(2)]
    assert [answer.status for answer in answers] == [202, 202]
    assert len(upstream.requests) == 1


# -- events


async def test_the_vectors_of_the_contract_over_http(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(text(upstream))
    gateway.clock.ahead = TIME - gateway.clock.now_us() / 1e6 + gateway.clock.ahead
    client = await connect(gateway.url)

    async def look(path: str, signature: str, body: bytes = BODY, event_id: str = EVENT) -> int:
        given = [("webhook-id", event_id), ("webhook-timestamp", str(TIME)), ("webhook-signature", signature)]
        return (await hit(client, path, body, JSON, *given)).status

    ours, others = "/hooks/parallel/acct/gw", "/hooks/parallel/acct/other"
    assert await look(ours, f"v1,{SIGNATURES['3']}") == 401
    assert await look(ours, f"v1,{SIGNATURES['4']}") == 401
    assert await look(ours, f"v1a,{SIGNATURES['1']}") == 401
    assert await look(ours, SIGNATURES["1"]) == 401
    assert runs_of(gateway) == {}
    assert await look(ours, f"v1,{SIGNATURES['2']}") == 204
    assert await look(ours, f"v1,{SIGNATURES['1']}") == 204, "a duplicate"
    assert await look(others, f"v1,{SIGNATURES['4']}") == 204
    assert await look(ours, f"v1,{SIGNATURES['4']} v1,{SIGNATURES['1']}") == 204
    assert await look(ours, f"v1,{SIGNATURES['6']}", BODY_6, "whevent_x") == 204
    assert await look(ours, f"v1,{SIGNATURES['6 older']}", BODY_6, "whevent_x") == 204
    assert await look(ours, f"v1,{SIGNATURES['6']}", BODY_6.strip(), "whevent_x") == 401
    gateway.clock.ahead += 301
    assert await look(ours, f"v1,{SIGNATURES['1']}") == 400
    gateway.clock.ahead -= 602
    assert await look(ours, f"v1,{SIGNATURES['1']}") == 400
    assert await look(ours, f"v1,{SIGNATURES['3']}") == 401


async def test_what_is_not_signed_changes_nothing(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(text(upstream))
    ann = await caller(connect, gateway)
    upstream.will(told(task_run(processor="core"), 202))
    await ann.create(HOOKED)
    path = address((await sent(upstream))["webhook"])
    client, body, now = await connect(gateway.url), ended(status="failed"), gateway.clock.now_us()
    good = headers(body, now)
    wrong = [
        [],
        good[:-1],
        [good[0], *good[2:]],
        [*good, good[-1]],
        [*good[:1], ("webhook-id", "other"), *good[2:]],
        [*good[:2], ("webhook-timestamp", "soon"), good[3]],
        headers(body, now, secret=SECRET_B),
        headers(body + b" ", now),
    ]
    statuses = [(await hit(client, path, body, *given)).status for given in wrong]
    assert statuses == [401] * len(wrong)
    elsewhere = [
        path.replace("/gw/", "/other/"), path.replace("/gw/", "/plain/"), path.replace("/gw/", "/nobody/"),
        "/hooks/parallel/%2e%2e/gw", "/hooks/parallel/acct/%ff",
    ]  # fmt: skip
    assert [(await hit(client, one, body, *good)).status for one in elsewhere] == [401] * len(elsewhere)
    assert (await hit(client, path, body, *good, ("content-encoding", "gzip"))).status == 415
    assert (await client.ask("GET", path)).status == 405
    assert (await hit(client, path + "/more", body, *good)).status == 404
    run = runs_of(gateway)[ID]
    assert (run.state, run.money) == ("queued", Money.ESTIMATED)
    assert events_of(gateway) == []


async def test_another_gateways_secret_does_not_end_a_run(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(text(upstream))
    ann = await caller(connect, gateway)
    upstream.will(told(task_run(processor="core"), 202))
    await ann.create(HOOKED)
    client, body = await connect(gateway.url), ended(status="failed")
    given = headers(body, gateway.clock.now_us(), secret=SECRET_B)
    assert (await hit(client, "/hooks/parallel/acct/other", body, *given)).status == 204
    assert runs_of(gateway)[ID].state == "queued"


async def test_from_outside_it_is_reached_under_any_name(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(text(upstream))
    client, body = await connect(gateway.url), ended()
    given = headers(body, gateway.clock.now_us())
    lines = "".join(f"{name}: {value}\r\n" for name, value in [("Host", "gateway.example"), *given])
    head = f"POST /hooks/parallel/acct/gw HTTP/1.1\r\n{lines}content-length: {len(body)}\r\n\r\n"
    await client.send(head.encode() + body)
    assert (await client.answer("POST")).status == 204


async def test_an_event_that_is_too_large_is_refused(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(text(upstream))
    client = await connect(gateway.url)
    body = b" " * MOST_BODY
    assert (
        await hit(client, "/hooks/parallel/acct/gw", body, *headers(body, gateway.clock.now_us()))
    ).status == 204
    body += b" "
    client = await connect(gateway.url)
    answer = await hit(
        client, "/hooks/parallel/acct/gw", body, *headers(body, gateway.clock.now_us(), "whevent_2")
    )
    assert answer.status == 413


async def test_a_slow_event_is_refused(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.pages.hooks._SECONDS", 0.05)
    gateway = await open_gateway(text(upstream))
    client = await connect(gateway.url)
    await client.send(b"POST /hooks/parallel/acct/gw HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
    assert (await client.answer("POST")).status == 408


async def test_what_cannot_be_written_down_is_to_be_sent_again(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = await open_gateway(text(upstream))
    client, given = await connect(gateway.url), headers(BODY, gateway.clock.now_us())

    def full(_ledger: object, _arrived: object) -> object:
        raise RunsUnavailable("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(SqliteRunLedger, "received", full)
        answer = await hit(client, "/hooks/parallel/acct/gw", BODY, *given)
    assert answer.status == 503
    assert (await hit(client, "/hooks/parallel/acct/gw", BODY, *given)).status == 204


async def test_where_webhooks_cannot_be_remembered_nothing_is_sent(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = await open_gateway(text(upstream))
    ann = await caller(connect, gateway)

    def full(_ledger: object, _hooks: object) -> None:
        raise RunsUnavailable("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(SqliteRunLedger, "hooked", full)
        assert (await ann.create(HOOKED, ("idempotency-key", "k"))).status == 503
    assert upstream.requests == []
    upstream.will(told(task_run(processor="core"), 202))
    assert (await ann.create(HOOKED, ("idempotency-key", "k"))).status == 202


async def test_too_many_events_are_said_to_be_given_up(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("penstock.stores.sqlite.runs.hooks.MOST_WAITING", 2)
    gateway = await open_gateway(text(upstream))
    ann = await caller(connect, gateway)
    upstream.will(told(task_run(processor="core"), 202))
    await ann.create(HOOKED)
    path, client = address((await sent(upstream))["webhook"]), await connect(gateway.url)
    for number in range(3):
        given = headers(ended(), gateway.clock.now_us(), f"whevent_{number}")
        assert (await hit(client, path, ended(), *given)).status == 204
    assert (
        await hit(client, path + "x", ended(), *headers(ended(), gateway.clock.now_us(), "lost"))
    ).status == 204
    said = [record.getMessage() for record in caplog.records if record.name == "penstock.hooks"]
    assert [line for line in said if "acct/gw" in line and "the oldest were given up (1)" in line]
    assert [line for line in said if "event lost for acct/gw" in line]
    assert Counter(one.state for one in events_of(gateway)) == {HookState.WAITING: 2, HookState.GIVEN_UP: 1}


async def test_an_event_before_the_creates_answer_is_the_runs(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(text(upstream))
    ann, gate = await caller(connect, gateway), asyncio.Event()
    answer = json.dumps(task_run(processor="core")).encode()
    upstream.will(raw(Act.BODY, gate, b"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\n",
                      b"content-length: %d\r\n\r\n" % len(answer), answer))  # fmt: skip
    creating = asyncio.create_task(ann.create(HOOKED))
    path = address((await sent(upstream))["webhook"])
    client = await connect(gateway.url)
    assert (await hit(client, path, ended(), *headers(ended(), gateway.clock.now_us()))).status == 204
    assert [one.url for one in events_of(gateway)] == [THEIRS]
    gate.set()
    assert (await creating).status == 202
    run = await comes_to_be(gateway, "completed")
    assert (run.money, run.cost) == (Money.SETTLED, CORE)
    assert run.owner is not None


async def test_a_run_whose_creates_answer_was_lost_is_found_by_its_event(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(text(upstream))
    ann = await caller(connect, gateway)
    upstream.will(told({"oh": "dear"}, 500))
    assert (await ann.create(HOOKED, ("x-stainless-retry-count", "0"))).status == 500
    path = address((await sent(upstream))["webhook"])
    client = await connect(gateway.url)
    assert (await hit(client, path, ended(), *headers(ended(), gateway.clock.now_us()))).status == 204
    run = await comes_to_be(gateway, "completed")
    assert (run.money, run.cost) == (Money.SETTLED, CORE)
    again = await ann.create(HOOKED, ("x-stainless-retry-count", "1"))
    assert (again.status, again.json()["run_id"]) == (202, ID)
    assert len(upstream.requests) == 1


async def test_whoever_sees_the_end_first_a_run_is_paid_once(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(text(upstream))
    ann = await caller(connect, gateway)
    upstream.will(told(task_run(processor="core"), 202))
    await ann.create(HOOKED)
    path = address((await sent(upstream))["webhook"])
    clients = [await connect(gateway.url) for _ in range(4)]
    readers = [await caller(connect, gateway) for _ in range(4)]
    upstream.otherwise = lambda seen: told(task_run(ID, "completed", "core", minute=9))
    given = headers(ended(), gateway.clock.now_us())
    asked = [hit(client, path, ended(), *given) for client in clients]
    asked += [reader.get(f"/v1/tasks/runs/{ID}") for reader in readers]
    assert {answer.status for answer in await asyncio.gather(*asked)} == {200, 204}
    run = await comes_to_be(gateway, "completed")
    assert (run.money, run.cost, len(run.charges), run.revision) == (Money.SETTLED, CORE, 1, 0)
    assert len(events_of(gateway)) == 1


async def test_secrets_and_callers_addresses_are_in_no_log(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(text(upstream))
    ann = await caller(connect, gateway)
    upstream.will(told(task_run(processor="core"), 202))
    await ann.create(HOOKED)
    bodies = await gateway.bodies()
    assert bodies is not None
    kept = repr(bodies)
    for secret in ("t-0123456789", SECRET_A, SIGNING):
        assert secret not in kept
