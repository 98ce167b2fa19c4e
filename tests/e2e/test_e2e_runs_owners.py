"""A run answers only to who made it: reads, streams, cancels and what goes on from it, in every spelling."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from runs_kit import (
    BASE,
    FINDALL,
    GROUP,
    ID,
    JSON,
    KEY,
    OTHER_KEY,
    TASK,
    Caller,
    caller,
    comes_to_be,
    result,
    runs_of,
    task_run,
    told,
)

from conftest import Connect, OpenGateway
from support.access import Access, take_up
from support.client import Header
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import chunked
from support.upstream import Upstream

MONITOR = "monitor_0123456789abcdef0123456789abcdef"
RESPONSE = "resp_0123456789abcdef0123456789abcdef"
NAMES = [
    ("GET", f"/v1/tasks/runs/{ID}"),
    ("HEAD", f"/v1/tasks/runs/{ID}"),
    ("GET", f"/v1/tasks/runs/{ID}/result?timeout=1"),
    ("GET", f"/v1/tasks/runs/{ID}/input"),
    ("GET", f"/v1/tasks/runs/{ID}/events"),
    ("GET", f"/v1beta/tasks/runs/{ID}/events"),
    ("GET", f"/v1//tasks/runs/{ID}"),
    ("GET", f"/v1/tasks/runs/%74{ID[1:]}"),
    ("GET", f"/v1/tasks/groups/{GROUP}"),
    ("GET", f"/v1beta/tasks/groups/{GROUP}/runs"),
    ("GET", f"/v1/tasks/groups/{GROUP}/runs/{ID}"),
    ("GET", f"/v1/tasks/groups/{GROUP}/events?last_event_id=1"),
    ("POST", f"/v1/tasks/groups/{GROUP}/runs"),
    ("GET", f"/v1beta/findall/runs/{FINDALL}"),
    ("GET", f"/v1beta/findall/runs/{FINDALL}/result"),
    ("GET", f"/v1beta/findall/runs/{FINDALL}/schema"),
    ("POST", f"/v1beta/findall/runs/{FINDALL}/cancel"),
    ("POST", f"/v1beta/findall/runs/{FINDALL}/extend"),
    ("POST", f"/v1beta/findall/runs/{FINDALL}/enrich"),
    ("GET", f"/v1/monitors/{MONITOR}"),
    ("GET", f"/v1/monitors/{MONITOR}/events"),
    ("POST", f"/v1/monitors/{MONITOR}/trigger"),
    ("POST", f"/v1/monitors/{MONITOR}/cancel"),
    ("DELETE", f"/v1alpha/monitors/{MONITOR}"),
]
REFERENCES = [
    ("/v1/tasks/runs", {**TASK, "previous_interaction_id": ID}),
    (f"/v1/tasks/groups/{GROUP}/runs", {"inputs": [TASK, {**TASK, "previous_interaction_id": ID}]}),
    ("/v1/monitors", {"type": "snapshot", "frequency": "1d", "settings": {"task_run_id": ID}}),
    ("/v1beta/chat/completions", {"model": "base", "messages": [], "previous_interaction_id": ID}),
    ("/v1/responses", {"model": "parallel", "input": "x", "previous_response_id": RESPONSE}),
    ("/v1beta/memory/evict", {"kind": "task", "id": ID}),
]


async def all_made(gateway: InProcess, upstream: Upstream, connect: Connect) -> Caller:
    """Ann makes one of everything."""
    ann = await caller(connect, gateway)
    upstream.will(told({"taskgroup_id": GROUP, "status": {"is_active": False}}))
    await ann.post("/v1/tasks/groups", {})
    upstream.will(told(task_run(), 202))
    await ann.create()
    status = {"status": "queued", "is_active": True, "metrics": {}}
    upstream.will(told({"findall_id": FINDALL, "status": status, "generator": "base"}))
    await ann.post("/v1beta/findall/runs", {"objective": "x", "generator": "base", "match_limit": 5})
    upstream.will(told({"monitor_id": MONITOR, "status": "active", "processor": "lite"}, 201))
    await ann.post("/v1/monitors", {"type": "event_stream", "frequency": "1d", "settings": {"query": "x"}})
    upstream.will(told({"id": RESPONSE, "object": "response", "status": "completed", "output": []}))
    await ann.post("/v1/responses", {"model": "parallel", "input": "x"})
    assert set(runs_of(gateway)) == {GROUP, ID, FINDALL, MONITOR, RESPONSE}
    return ann


def text(upstream: Upstream, **fields: object) -> str:
    table = "".join(f"{name} = {json.dumps(value)}\n" for name, value in fields.items())
    own = f"[accounts.acct.gateways.gw.parallel]\n{table}" if fields else ""
    return gateways(gw={}, other={}) + own + providers({"parallel": upstream.url})


@pytest.mark.parametrize(("method", "path"), NAMES)
async def test_another_key_of_the_organisation_finds_nothing(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, method: str, path: str
) -> None:
    gateway = await open_gateway(text(upstream))
    await all_made(gateway, upstream, connect)
    asked = len(upstream.requests)
    client = await connect(gateway.url)
    body = b'{"inputs":[{"input":"x","processor":"lite"}]}' if method == "POST" else b""
    answer = await client.ask(method, BASE + path, OTHER_KEY, JSON, body=body)
    assert answer.status == 404
    assert len(upstream.requests) == asked
    if method != "HEAD":
        said = answer.json()
        assert said["type"] == "error"
        assert said["error"].keys() >= {"ref_id", "message"}


@pytest.mark.parametrize(("path", "body"), REFERENCES)
async def test_nobody_goes_on_from_what_another_has_made(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, path: str, body: dict[str, object]
) -> None:
    gateway = await open_gateway(text(upstream))
    ann = await all_made(gateway, upstream, connect)
    asked = len(upstream.requests)
    answer = await (await caller(connect, gateway, OTHER_KEY)).post(path, body)
    assert 400 <= answer.status < 500
    assert len(upstream.requests) == asked
    await ann.post(path, body)
    assert len(upstream.requests) == asked + 1


async def test_who_made_it_has_all_of_it(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(text(upstream))
    await all_made(gateway, upstream, connect)
    client = await connect(gateway.url)
    bearer = ("authorization", f"Bearer {KEY[1]}")  # the same key in another header
    answer = await client.ask("GET", f"{BASE}/v1/tasks/runs/{ID}", bearer)
    assert answer.status == 200


async def test_no_other_gateway_of_the_account_reads_it(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(text(upstream))
    await all_made(gateway, upstream, connect)
    client = await connect(gateway.url)
    answer = await client.ask("GET", f"/v1/acct/other/parallel/v1/tasks/runs/{ID}", KEY)
    assert answer.status == 404


async def test_a_kept_result_is_not_for_others(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(text(upstream))
    ann = await all_made(gateway, upstream, connect)
    upstream.will(told(result()))
    await ann.get(f"/v1/tasks/runs/{ID}/result")
    await comes_to_be(gateway, "completed")
    assert (await ann.get(f"/v1/tasks/runs/{ID}/result")).status == 200
    bob = await caller(connect, gateway, OTHER_KEY)
    assert (await bob.get(f"/v1/tasks/runs/{ID}/result")).status == 404


@pytest.mark.parametrize(("owners", "status"), [("own", 200), ("strict", 404), ("all", 200)])
async def test_what_was_made_elsewhere_passes_unless_the_gateway_is_strict(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, owners: str, status: int
) -> None:
    gateway = await open_gateway(text(upstream, run_owners=owners))
    elsewhere = "trun_ffffffffffffffffffffffffffffffff"
    upstream.will(told(task_run(elsewhere, "running")))
    answer = await (await caller(connect, gateway)).get(f"/v1/tasks/runs/{elsewhere}")
    assert answer.status == status
    assert runs_of(gateway) == {}


async def test_where_all_may_see_all_they_do(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(text(upstream, run_owners="all"))
    await all_made(gateway, upstream, connect)
    upstream.will(told(task_run(ID, "completed", minute=5)))
    bob = await caller(connect, gateway, OTHER_KEY)
    assert (await bob.get(f"/v1/tasks/runs/{ID}")).status == 200
    run = await comes_to_be(gateway, "completed")
    assert run.cost == 300_000_000  # and whose it is has not changed


async def test_with_tokens_it_is_the_user_who_sees_it_or_who_reads_the_log(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    access = Access(tmp_path / "gateway-0" / "data")
    admin = "an-admin-token-of-some-length"
    gateway = await open_gateway(
        gateways(gw={"authentication": True}) + providers({"parallel": upstream.url}),
        {"PENSTOCK_ADMIN_TOKEN": admin},
    )
    access.key("parallel", "pk-stored-0123456789")
    ann, ann_too = (access.token(name, user="ann") for name in ("one", "two"))
    bob = access.token("bobs", user="bob")
    reader = access.token("reads", permissions=("run", "read"))
    take_up(gateway)
    client = await connect(gateway.url)

    def shown(token: str) -> Header:
        return ("cf-aig-authorization", f"Bearer {token}")

    upstream.will(told(task_run(), 202))
    created = await client.ask(
        "POST", f"{BASE}/v1/tasks/runs", shown(ann), JSON, body=json.dumps(TASK).encode()
    )
    assert created.status == 202
    assert runs_of(gateway)[ID].stored_key
    found = {}
    for name, token in {"ann": ann, "ann too": ann_too, "bob": bob, "reader": reader, "admin": admin}.items():
        upstream.will(told(task_run(ID, "running", minute=1)))
        found[name] = (await client.ask("GET", f"{BASE}/v1/tasks/runs/{ID}", shown(token))).status
    assert found == {"ann": 200, "ann too": 200, "bob": 404, "reader": 200, "admin": 200}


@pytest.mark.parametrize("pieces", [1, 3])
@pytest.mark.parametrize(
    ("method", "path", "list_name", "id_name"),
    [
        ("GET", "/v1/monitors?status=active", "monitors", "monitor_id"),
        ("GET", "/v1alpha/monitors/list", "data", "monitor_id"),
        ("GET", "/v1alpha/monitors", "", "monitor_id"),
        ("POST", "/v1beta/memory/retrieve", "results", "id"),
    ],
)
async def test_lists_leave_out_what_others_have_made(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    method: str,
    path: str,
    list_name: str,
    id_name: str,
    pieces: int,
) -> None:
    gateway = await open_gateway(text(upstream))
    await all_made(gateway, upstream, connect)
    entries = [{id_name: name, "query": "secret plans"} for name in (MONITOR, "monitor_of_nobody", ID)]
    body = json.dumps({list_name: entries, "next_cursor": "c"} if list_name else entries).encode()
    size = -(-len(body) // pieces)
    steps = [body[start : start + size] for start in range(0, len(body), size)]

    async def listed(key: Header) -> list[str]:
        upstream.will(chunked(*steps, headers=(JSON,)))
        client = await connect(gateway.url)
        answer = await client.ask(method, BASE + path, key, JSON, body=b"{}" if method == "POST" else b"")
        assert answer.status == 200
        found = answer.json()
        assert not list_name or found["next_cursor"] == "c"
        return [entry[id_name] for entry in (found[list_name] if list_name else found)]

    assert await listed(KEY) == [MONITOR, "monitor_of_nobody", ID]
    assert await listed(OTHER_KEY) == ["monitor_of_nobody"]


async def test_a_list_that_cannot_be_read_is_not_shown(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(text(upstream))
    await all_made(gateway, upstream, connect)
    upstream.will(chunked(b'{"monitors":[{"monitor_id":"%b' % MONITOR.encode(), headers=(JSON,)))
    answer = await (await caller(connect, gateway, OTHER_KEY)).get("/v1/monitors")
    assert answer.status == 500
    assert MONITOR.encode() not in answer.body


@pytest.mark.parametrize("owners", ["own", "all"])
async def test_a_kept_result_stays_on_its_gateway(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, owners: str
) -> None:
    """Elsewhere the provider is asked, which knows whose key it is."""
    gateway = await open_gateway(
        gateways(gw={}, other={})
        + f'[accounts.acct.gateways.other.parallel]\nrun_owners = "{owners}"\n'
        + providers({"parallel": upstream.url})
    )
    ann = await all_made(gateway, upstream, connect)
    upstream.will(told(result()))
    await ann.get(f"/v1/tasks/runs/{ID}/result")
    await comes_to_be(gateway, "completed")
    asked = len(upstream.requests)
    upstream.will(told({"detail": "not yours"}, 403))
    client = await connect(gateway.url)
    answer = await client.ask("GET", f"/v1/acct/other/parallel/v1/tasks/runs/{ID}/result", OTHER_KEY)
    assert answer.status == (403 if owners == "all" else 404)
    assert len(upstream.requests) == asked + (owners == "all")


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ((("content-encoding", "br"),), b'{"previous_interaction_id":"x"}', 400),
        ((("content-encoding", "gzip"),), b'{"previous_interaction_id":"x"}', 400),
        ((), b" " * 40_000_000, 413),
    ],
    ids=["br", "gzip", "large"],
)
async def test_what_cannot_be_read_may_go_on_from_anything_and_is_not_sent(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    headers: tuple[Header, ...],
    body: bytes,
    status: int,
) -> None:
    gateway = await open_gateway(text(upstream))
    client = await connect(gateway.url)
    answer = await client.ask("POST", f"{BASE}/v1beta/chat/completions", OTHER_KEY, JSON, *headers, body=body)
    assert answer.status == status
    assert upstream.requests == []
