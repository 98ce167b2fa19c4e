"""A token for certain operations: each way in, and paths that are made to look allowed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from operations_kit import BASE, OPENAI, PARALLEL, Caller, configuration, refused
from runs_kit import told

from conftest import Connect, OpenGateway
from penstock.access.tokens import id_of
from penstock.stores.control_store import Replace
from support.access import CHAT, COMPAT, UNIVERSAL, Access, steps, take_up
from support.client import Header
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import whole
from support.upstream import Upstream

GENERATED = {"id": "c", "object": "chat.completion", "choices": [], "model": "m"}
SAID = {"model": "openai/gpt-5", "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "gateway-0" / "data")


@pytest.fixture
async def gateway(access: Access, open_gateway: OpenGateway, upstream: Upstream) -> InProcess:
    return await open_gateway(configuration(upstream.url))


# -- native paths


@pytest.mark.parametrize(
    ("words", "good", "bad"),
    [
        (("chat",), [f"{OPENAI}/chat/completions", f"{PARALLEL}/v1beta/chat/completions"], "embeddings"),
        (("embeddings",), [f"{OPENAI}/embeddings"], "chat/completions"),
        (("openai.embeddings.create",), [f"{OPENAI}/embeddings"], "chat/completions"),
        (
            ("openai.chat.*", "image"),
            [f"{OPENAI}/chat/completions", f"{OPENAI}/images/generations"],
            "embeddings",
        ),
        (("*.embeddings.create",), [f"{OPENAI}/v1/embeddings"], "moderations"),
        (
            ("search",),
            [f"{PARALLEL}/v1/search", f"{PARALLEL}/v1beta/search", f"{BASE}/exa/search"],
            "responses",
        ),
        (("extract",), [f"{PARALLEL}/v1/extract"], "files"),
    ],
)
async def test_native_calls(
    access: Access,
    gateway: InProcess,
    upstream: Upstream,
    connect: Connect,
    words: Sequence[str],
    good: Sequence[str],
    bad: str,
) -> None:
    caller = Caller(gateway, connect, access, *words)
    for target in good:
        assert (await caller.post(target)).status == 200, target
    why = refused(await caller.post(f"{OPENAI}/{bad}"))
    assert words[0] in why
    assert len(upstream.requests) == len(good)
    row = (await gateway.rows(len(good) + 1))[-1]
    assert (row.status_code, row.error_code, row.outcome, row.token) == (
        403,
        9403,
        "refused",
        id_of(caller.token),
    )
    assert str(row.operation) in why
    assert row.error_detail == why


async def test_a_token_for_all_operations_does_whatever_there_is(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    caller = Caller(gateway, connect, access)
    for target in (CHAT, f"{OPENAI}/whatever/is/new", f"{OPENAI}/files/..%252fbatches"):
        assert (await caller.post(target)).status == 200
    assert len(upstream.requests) == 3


async def test_what_no_table_knows_is_refused(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    caller = Caller(gateway, connect, access, "*")
    assert "no table knows" in refused(await caller.post(f"{OPENAI}/whatever/is/new"))
    refused(await caller.get(f"{OPENAI}/whatever/is/new"))
    refused(await caller.ask("PROPFIND", f"{OPENAI}/files"))
    refused(await caller.ask("OPTIONS", f"{OPENAI}/files"))
    refused(await caller.ask("DELETE", f"{OPENAI}/chat/completions"))
    assert (await caller.post(CHAT)).status == 200
    assert len(upstream.requests) == 1


async def test_an_upgrade_goes_no_other_way(access: Access, gateway: InProcess, connect: Connect) -> None:
    """Whatever is said of WebSockets, nothing is opened for who may not."""
    upgrade = (("connection", "Upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13"))
    key = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    caller = Caller(gateway, connect, access, "chat")
    answer = await caller.get(f"{OPENAI}/realtime?model=gpt-realtime", *upgrade, key)
    assert answer.status in (400, 403)


async def test_a_custom_provider_is_limited_by_the_table_of_all_such(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    access.provider("acme", f"{upstream.url}/v1")
    caller = Caller(gateway, connect, access, "custom.chat.completions.create")
    assert (await caller.post(f"{BASE}/custom-acme/chat/completions")).status == 200
    refused(await caller.post(f"{BASE}/custom-acme/embeddings"))
    refused(await caller.post(CHAT))
    assert len(upstream.requests) == 1


# -- paths made to look like others


@pytest.mark.parametrize(
    "tail",
    [
        "files/..%2Fbatches",
        "files/%2e%2e/batches",
        "files/%252e%252e%252fbatches",
        "files/file-1%2Fcontent",
        "files/file-1%2fcontent",
        "files/file-1%252Fcontent",
        "files/file-1%25252525252Fcontent",
        "files/file-1%5Ccontent",
        "files/file-1\\content",
        "files//file-1//content",
        "FILES/file-1",
        "Files/file-1",
        "files/file-1/%63ontent",
        "files/file-1;/content",
        "files",
        "files?id=file-1",
        "files/",
        "files%2Ffile-1/content",
    ],
)
async def test_a_path_cannot_be_taken_for_an_allowed_one(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect, tail: str
) -> None:
    caller = Caller(gateway, connect, access, "openai.files.get")
    answer = await caller.get(f"{OPENAI}/{tail}")
    assert answer.status in (400, 403)
    assert upstream.requests == []


@pytest.mark.parametrize(
    "tail",
    [
        "files/file-1",
        "v1/files/file-1",
        "/files/file-1",
        "files//file-1",
        "%66iles/file-1",
        "files/file-1/?x=1",
    ],
)
async def test_an_allowed_path_in_other_spellings(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect, tail: str
) -> None:
    caller = Caller(gateway, connect, access, "openai.files.get")
    assert (await caller.get(f"{OPENAI}/{tail}")).status == 200


@pytest.mark.parametrize(
    ("query", "header"),
    [
        ("", ("x-http-method-override", "DELETE")),
        ("", ("X-HTTP-Method", "GET")),
        ("", ("x-method-override", "GET")),
        ("", ("x_http_method_override", "GET")),
        ("?_method=delete", None),
        ("?a=1&%5Fmethod=delete", None),
        ("?X-HTTP-Method-Override=DELETE", None),
        ("?$httpMethod=GET", None),
    ],
)
@pytest.mark.parametrize("way", ["native", "unified", "universal"])
async def test_another_method_is_not_asked_for(
    access: Access,
    gateway: InProcess,
    upstream: Upstream,
    connect: Connect,
    query: str,
    header: Header | None,
    way: str,
) -> None:
    caller = Caller(gateway, connect, access, "chat")
    headers = [] if header is None else [header]
    if way == "native":
        answer = await caller.post(CHAT + query, SAID, *headers)
    elif way == "unified":
        answer = await caller.post(COMPAT + query, SAID, *headers)
    else:
        step = {
            "provider": "openai",
            "endpoint": f"chat/completions{query}",
            "headers": dict(headers),
            "query": {},
        }
        answer = await caller.post(UNIVERSAL, [step])
    assert "another method" in refused(answer)
    assert upstream.requests == []


# -- universal, unified, cached


async def test_each_step_of_a_universal_request_obeys(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    caller = Caller(gateway, connect, access, "chat")
    refused(await caller.post(UNIVERSAL, steps(("openai", "embeddings", {}), ("parallel", "v1/search", {}))))
    answer = await caller.post(
        UNIVERSAL, steps(("openai", "embeddings", {}), ("openai", "chat/completions", {"b": 2}))
    )
    assert (answer.status, answer.header("cf-aig-step")) == (200, "1")
    assert bytes((await upstream.only()).body) == b'{"b": 2}'
    upstream.will(whole(b"{}", 500))
    refused(
        await caller.post(UNIVERSAL, steps(("openai", "chat/completions", {}), ("openai", "embeddings", {})))
    )
    assert len(upstream.requests) == 2
    rows = await gateway.rows(6)
    assert [(row.status_code, row.step) for row in rows] == [
        (403, 0), (403, 1), (403, 0), (200, 1), (500, 0), (403, 1),
    ]  # fmt: skip


async def test_a_step_with_a_path_made_to_look_allowed(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    caller = Caller(
        gateway, connect, access, "openai.responses.input_items.list", "openai.chat.completions.create"
    )
    for endpoint in (
        "chat%2Fcompletions/..%2f..%2fbatches",
        "/chat/completions%2f..",
        "chat/completions/../../files",
    ):
        answer = await caller.post(UNIVERSAL, steps(("openai", endpoint, {})))
        assert answer.status in (400, 403), endpoint
    assert upstream.requests == []


async def test_unified_questions_are_what_their_caller_asks(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    """A chat is a chat, in whichever dialect its model is asked; a name is one provider's."""
    claude = {**SAID, "model": "anthropic/claude-sonnet-4-5"}
    anybody = Caller(gateway, connect, access, "chat")
    assert (await anybody.post(COMPAT, SAID)).status == 200
    await anybody.post(COMPAT, claude)
    assert len(upstream.requests) == 2
    refused(await anybody.post(f"{BASE}/compat/responses", {"model": "openai/gpt-5", "input": "hi"}))
    refused(
        await anybody.post(
            f"{BASE}/compat/embeddings", {"model": "openai/text-embedding-3-small", "input": "x"}
        )
    )
    told_so = await anybody.post(f"{BASE}/compat/messages", {**claude, "max_tokens": 5})
    assert (told_so.status, told_so.json()["error"]["type"]) == (403, "permission_error")
    search = await anybody.post(f"{BASE}/compat/search", {"search_queries": ["x"], "model": "exa"})
    assert (search.status, b"exa.search.create" in search.body) == (403, True)
    refused(await anybody.post(f"{BASE}/anthropic/v1/messages", claude))
    assert len(upstream.requests) == 2

    one = Caller(gateway, connect, access, "openai.chat.completions.create")
    assert (await one.post(COMPAT, SAID)).status == 200
    assert "anthropic.messages.create" in refused(await one.post(COMPAT, claude))
    assert len(upstream.requests) == 3


async def test_what_a_unified_request_falls_back_to_obeys(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    caller = Caller(gateway, connect, access, "openai.chat.completions.create")
    fallback = ("cf-aig-fallback", "anthropic/claude-sonnet-4-5, openai/gpt-5-mini")
    upstream.will(whole(b"{}", 500))
    answer = await caller.post(COMPAT, SAID, fallback)
    assert (answer.status, answer.header("cf-aig-step")) == (200, "2")
    assert [row.status_code for row in await gateway.rows(3)] == [500, 403, 200]
    assert [json.loads(seen.body)["model"] for seen in upstream.requests] == ["gpt-5", "gpt-5-mini"]


async def test_unified_search_and_run(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    caller = Caller(gateway, connect, access, "search")
    upstream.will(told({"results": []}))
    assert (
        await caller.post(f"{BASE}/compat/search", {"search_queries": ["x"], "model": "exa"})
    ).status == 200
    run = await caller.post(f"{BASE}/compat/run", {"model": "openai/gpt-5", "input": {"messages": []}})
    assert (run.status, b"openai.chat.completions.create" in run.body) == (403, True)
    image = "@cf/black-forest-labs/flux-1-schnell"
    asked = {"model": f"workers-ai/{image}", "input": {"prompt": "a dam"}}
    chat = Caller(gateway, connect, access, "chat", "embeddings")
    assert (await chat.post(f"{BASE}/compat/run", asked)).status == 403
    assert (await chat.post(f"{BASE}/compat/run/{image}", {"prompt": "a dam"})).status == 403
    assert len(upstream.requests) == 1


async def test_the_gateways_own_list_of_models(access: Access, gateway: InProcess, connect: Connect) -> None:
    caller = Caller(gateway, connect, access, "chat")
    assert "compat.models.list" in refused(await caller.get(f"{BASE}/compat/models"))
    refused(await caller.get(f"{BASE}/compat/models/openai/gpt-5"))
    assert (await gateway.rows(2))[0].operation == "compat.models.list"
    other = Caller(gateway, connect, access, "models")
    assert (await other.get(f"{BASE}/compat/models")).status == 200


async def test_an_answer_that_is_kept_is_for_who_may_ask(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    text = gateways(gw={"authentication": True, "cache_ttl": 60}) + providers({"openai": upstream.url})
    gateway = await open_gateway(text)
    first = Caller(gateway, connect, access, "chat")
    upstream.will(told(GENERATED))
    assert (await first.post(CHAT, SAID)).header("cf-aig-cache-status") == "MISS"
    assert (await first.post(CHAT, SAID)).header("cf-aig-cache-status") == "HIT"
    refused(await Caller(gateway, connect, access, "embeddings").post(CHAT, SAID))


async def test_an_answer_to_a_key_of_the_callers_is_for_who_may_ask(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    token = Caller(gateway, connect, access, "chat")
    key = ("idempotency-key", "k-1")
    assert (await token.post(CHAT, SAID, key)).status == 200
    (old,) = access.control_store.snapshot().tokens
    access.control_store.apply([Replace(old, msgspec.structs.replace(old, operations=("search",)))])
    take_up(gateway)
    refused(await token.post(CHAT, SAID, key))
    assert len(upstream.requests) == 1
