"""The REST API for models (Cloudflare 1.5, A17, A18): a token of the gateway alone, and stored keys."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conftest import Connect, OpenGateway
from support.access import Access, take_up
from support.checks import check_ids
from support.client import Answer, Header
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import whole
from support.upstream import Upstream

AI = "/client/v4/accounts/acct/ai"
JSON = ("Content-Type", "application/json")
GW = ("cf-aig-gateway-id", "gw")
CHAT = {"model": "openai/gpt-4o", "messages": [{"role": "user", "content": "hi"}]}
MESSAGES = {**CHAT, "model": "anthropic/claude-sonnet-4-5", "max_tokens": 5}
ANSWER = b'{"id":"x","choices":[]}'


class Asking:
    """Somebody with a token of the gateway, or without."""

    def __init__(self, gateway: InProcess, connect: Connect, token: str) -> None:
        self.gateway = gateway
        self._connect = connect
        self._token = token
        take_up(gateway)

    async def ok(
        self, upstream: Upstream, tail: str, body: object, *headers: Header, answer: object = None
    ) -> Answer:
        """With the provider's answer."""
        told = ANSWER if answer is None else json.dumps(answer).encode()
        upstream.will(whole(told, headers=(JSON,)))
        return await self.post(tail, body, *headers)

    async def post(self, tail: str, body: object, *headers: Header, token: str | None = None) -> Answer:
        shown = self._token if token is None else token
        given = (*((("Authorization", f"Bearer {shown}"),) if shown else ()), JSON, *headers)
        client = await self._connect(self.gateway.url)
        return await client.ask("POST", f"{AI}/{tail}", *given, body=json.dumps(body).encode())


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "gateway-0" / "data")


@pytest.fixture
async def asking(access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> Asking:
    gateway = await open_gateway(
        gateways(gw={"authentication": True}, default={"authentication": True})
        + providers({"openai": f"{upstream.url}/v1", "anthropic": upstream.url, "workers-ai": upstream.url})
        + '[models]\nsmart = "openai/gpt-4o"\n',
    )
    access.key("openai", "sk-stored-0123456789")
    access.key("anthropic", "sk-ant-stored-0123456789")
    return Asking(gateway, connect, access.token())


@pytest.mark.parametrize(
    ("tail", "body", "path", "key"),
    [
        (
            "v1/chat/completions",
            CHAT,
            b"/v1/chat/completions",
            ("authorization", b"Bearer sk-stored-0123456789"),
        ),
        ("v1/messages", MESSAGES, b"/v1/messages", ("x-api-key", b"sk-ant-stored-0123456789")),
        (
            "v1/responses",
            {"model": "openai/gpt-4o", "input": "hi"},
            b"/v1/responses",
            ("authorization", b"Bearer sk-stored-0123456789"),
        ),
        (
            "v1/v1/embeddings",
            {"model": "openai/e", "input": "hi"},
            b"/v1/embeddings",
            ("authorization", b"Bearer sk-stored-0123456789"),
        ),
    ],
)
@pytest.mark.parametrize(("header", "name"), [((GW,), "gw"), ((), "default")])
async def test_a_token_and_stored_keys_are_enough(
    asking: Asking,
    upstream: Upstream,
    tail: str,
    body: object,
    path: bytes,
    key: tuple[str, bytes],
    header: tuple[Header, ...],
    name: str,
) -> None:
    """It is a call like all others: with a row, in the gateway that was named."""
    answer = await asking.ok(upstream, tail, body, *header)
    assert (answer.status, answer.body) == (200, ANSWER)
    seen = await upstream.only()
    assert seen.target == path
    assert seen.header(key[0]) == key[1]
    assert not [one for one in seen.names if one.startswith(b"cf-")]
    row = await asking.gateway.row()
    assert (row.id, row.account, row.gateway) == (check_ids(answer), "acct", name)
    assert (row.compatibilityMode, row.byok) == (True, True)


@pytest.mark.parametrize(
    "header",
    [
        ("x-api-key", "sk-vendor-0123456789"),
        ("api-key", "sk-vendor-0123456789"),
        ("x-goog-api-key", "sk-vendor-0123456789"),
        ("xi-api-key", "sk-vendor-0123456789"),
        ("cookie", "a=sk-vendor-0123456789"),
        ("x-my-secret", "sk-vendor-0123456789"),
    ],
)
async def test_no_key_of_the_caller_goes_on(asking: Asking, upstream: Upstream, header: Header) -> None:
    answer = await asking.ok(upstream, "v1/chat/completions?key=sk-vendor-0123456789", CHAT, header)
    assert answer.status == 200
    seen = await upstream.only()
    assert seen.header("authorization") == b"Bearer sk-stored-0123456789"
    assert b"vendor" not in seen.head
    assert seen.target == b"/v1/chat/completions"


@pytest.mark.parametrize("token", ["", "sk-wrong", "pst_0123456789abcdef_" + "x" * 43])
@pytest.mark.parametrize("tail", ["v1/chat/completions", "v1/messages", "run", "v1/nothing", "nothing"])
async def test_a_wrong_token(asking: Asking, upstream: Upstream, token: str, tail: str) -> None:
    answer = await asking.post(tail, CHAT, token=token)
    assert answer.status == 401
    told = answer.json()
    assert (told["success"], told["result"], told["messages"]) == (False, None, [])
    assert told["errors"][0]["code"] == 10000
    assert upstream.requests == []


async def test_a_token_may_stand_where_anthropics_sdk_has_it(
    asking: Asking, upstream: Upstream, access: Access
) -> None:
    token = access.token("other")
    take_up(asking.gateway)
    upstream.will(whole(ANSWER, headers=(JSON,)))
    answer = await asking.post("v1/messages", MESSAGES, ("x-api-key", token), token="")
    assert answer.status == 200
    assert (await upstream.only()).header("x-api-key") == b"sk-ant-stored-0123456789"


@pytest.mark.parametrize(
    ("tail", "body", "status", "code"),
    [
        ("v1/chat/completions", {**CHAT, "model": "nosuch/x"}, 404, 7003),
        ("v1/chat/completions", {**CHAT, "model": "gpt-4o"}, 400, 7003),
        ("v1/chat/completions", {**CHAT, "model": 5}, 400, 7003),
        ("v1/nothing", CHAT, 404, 9404),
        ("nothing", CHAT, 404, 9404),
    ],
)
async def test_what_is_wrong(
    asking: Asking, upstream: Upstream, tail: str, body: object, status: int, code: int
) -> None:
    answer = await asking.post(tail, body, GW)
    assert (answer.status, answer.json()["errors"][0]["code"]) == (status, code)
    assert answer.json()["error"]["message"] == answer.json()["errors"][0]["message"]
    assert upstream.requests == []


# -- run


def run(model: str, given: object, **options: object) -> dict[str, object]:
    return {"model": model, "input": given, **({"options": options} if options else {})}


HELLO = {"messages": [{"role": "user", "content": "hi"}]}


async def test_a_model_is_run(asking: Asking, upstream: Upstream) -> None:
    answer = await asking.ok(upstream, "run", run("openai/gpt-4o", HELLO), GW)
    assert answer.status == 200
    assert answer.json() == {
        "success": True,
        "errors": [],
        "messages": [],
        "result": {
            "state": "Completed",
            "result": json.loads(ANSWER),
            "usedBYOKKey": True,
            "provider": "openai",
            "model": "openai/gpt-4o",
            "gatewayMetadata": {"keySource": "BYOK"},
        },
    }
    seen = await upstream.only()
    assert seen.target == b"/v1/chat/completions"
    assert json.loads(seen.body) == {**HELLO, "model": "gpt-4o"}
    row = await asking.gateway.row()
    assert (row.gateway, row.model) == ("gw", "openai/gpt-4o")


async def test_a_model_of_another_dialect_is_run(
    asking: Asking, upstream: Upstream, connect: Connect, access: Access
) -> None:
    told = {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": [{"type": "text", "text": "Hello"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    upstream.will(whole(json.dumps(told).encode(), headers=(JSON,)))
    token = access.token("gateway")
    take_up(asking.gateway)
    client = await connect(asking.gateway.url)
    asked = json.dumps(run("anthropic/claude-sonnet-4-5", HELLO)).encode()
    answer = await client.ask("POST", "/v1/acct/gw/run", JSON, ("cf-aig-authorization", token), body=asked)
    assert answer.status == 200
    told = answer.json()
    assert {name: told[name] for name in told if name != "result"} == {
        "state": "Completed",
        "usedBYOKKey": True,
        "provider": "anthropic",
        "model": "anthropic/claude-sonnet-4-5",
    }
    assert told["result"]["choices"][0]["message"]["content"] == "Hello"
    wrong = await client.ask("POST", "/v1/acct/gw/run", ("cf-aig-authorization", token), body=b"{}")
    assert wrong.status == 400
    assert (wrong.json()["state"], wrong.json()["error"]["code"]) == ("Failed", "2019")
    wrong = await client.ask("GET", "/v1/acct/gw/run", ("cf-aig-authorization", token))
    assert (wrong.status, wrong.header("allow")) == (405, "POST")
    wrong = await client.ask("GET", "/v1/acct/gw/run/some-id", ("cf-aig-authorization", token))
    assert wrong.status == 404


async def test_embeddings_are_run(asking: Asking, upstream: Upstream) -> None:
    answer = await asking.ok(upstream, "run", run("openai/text-embedding-3-small", {"text": "hi"}))
    assert answer.status == 200
    seen = await upstream.only()
    assert seen.target == b"/v1/embeddings"
    assert json.loads(seen.body) == {"model": "text-embedding-3-small", "input": "hi"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (run("openai/gpt-4o", HELLO, webhookUrl="https://hook.example/x"), 400),
        (run("openai/gpt-4o", HELLO, webhookFormat="raw"), 400),
        (run("openai/gpt-4o", HELLO, background=True), 501),
        (run("openai/gpt-4o", HELLO, background=True, webhookFormat="xml", webhookUrl="https://x"), 400),
        (run("openai/gpt-4o", HELLO, background="yes"), 400),
        ({**run("openai/gpt-4o", HELLO), "background": True}, 501),
        (run("openai/gpt-4o", {"prompt": "hi"}), 400),
        (run("openai/gpt-4o", {"input": "hi"}), 400),
        (run("openai/gpt-4o", "hi"), 400),
        ({"model": "openai/gpt-4o"}, 400),
        ({"input": HELLO}, 400),
        ([], 400),
        (run("nosuch/x", HELLO), 404),
        (run("gpt-4o", HELLO), 400),
    ],
)
async def test_what_is_not_run(asking: Asking, upstream: Upstream, body: object, status: int) -> None:
    answer = await asking.post("run", body)
    assert answer.status == status, answer.body
    told = answer.json()
    assert (told["success"], told["result"]) == (False, None)
    assert told["errors"][0]["message"]
    assert upstream.requests == []


async def test_a_provider_refuses(asking: Asking, upstream: Upstream) -> None:
    upstream.will(whole(b'{"error":{"message":"bad key","type":"x"}}', 401, headers=(JSON,)))
    answer = await asking.post("run", run("openai/gpt-4o", HELLO))
    assert answer.status == 401
    assert answer.json()["errors"] == [{"code": 2009, "message": "bad key"}]


async def test_workers_ai_gets_its_input(asking: Asking, upstream: Upstream, access: Access) -> None:
    told = {"result": {"response": "Hello"}, "success": True, "errors": [], "messages": []}
    access.key("workers-ai", "cf-stored-0123456789")
    take_up(asking.gateway)
    upstream.will(whole(json.dumps(told).encode(), headers=(JSON,)))
    answer = await asking.post("run", run("@cf/meta/llama-3.1-8b-instruct", {"prompt": "hi"}))
    assert answer.json()["result"]["result"] == {"response": "Hello"}
    seen = await upstream.only()
    assert seen.target.endswith(b"/ai/run/@cf/meta/llama-3.1-8b-instruct")
    assert json.loads(seen.body) == {"prompt": "hi"}


async def test_workers_ai_at_its_own_address(asking: Asking, upstream: Upstream, access: Access) -> None:
    told = {"result": {"response": "Hello"}, "success": True, "errors": [], "messages": []}
    access.key("workers-ai", "cf-stored-0123456789")
    take_up(asking.gateway)
    upstream.will(whole(json.dumps(told).encode(), headers=(JSON,)))
    answer = await asking.post("run/@cf/meta/llama-3.1-8b-instruct", {"prompt": "hi"}, GW)
    assert answer.json() == told
    assert (await asking.gateway.row()).model == "workers-ai/@cf/meta/llama-3.1-8b-instruct"


# -- names


async def test_gateways_that_there_are_not(asking: Asking) -> None:
    for header in (
        ("cf-aig-gateway-id", "nosuch"),
        ("cf-aig-gateway-id", "../gw"),
        ("cf-aig-gateway-id", "a" * 5000),
    ):
        answer = await asking.post("v1/chat/completions", CHAT, header)
        assert (answer.status, answer.json()["errors"][0]["code"]) == (400, 2001)


async def test_names_of_models(asking: Asking, upstream: Upstream) -> None:
    answer = await asking.ok(upstream, "v1/chat/completions", {**CHAT, "model": "smart"})
    assert answer.status == 200
    assert json.loads((await upstream.only()).body)["model"] == "gpt-4o"


async def test_versions_with_dots(asking: Asking, upstream: Upstream) -> None:
    """As Cloudflare's catalog writes them."""
    answer = await asking.ok(upstream, "v1/messages", {**MESSAGES, "model": "anthropic/claude-haiku-4.5"})
    assert answer.status == 200
    assert json.loads((await upstream.only()).body)["model"] == "claude-haiku-4-5"


async def test_a_token_is_held_to_its_models(
    asking: Asking, upstream: Upstream, access: Access, connect: Connect
) -> None:
    """Also under another name of a model, and where it names the gateway itself."""
    limited = Asking(
        asking.gateway, connect, access.token("limited", models=("anthropic/*",), gateways=("gw",))
    )
    for model in ("smart", "openai/gpt-4o"):
        answer = await limited.post("v1/chat/completions", {**CHAT, "model": model}, GW)
        assert answer.status == 403
    answer = await limited.post("v1/messages", MESSAGES)  # the default gateway
    assert answer.status == 401
    assert upstream.requests == []


async def test_the_management_api_is_where_it_was(asking: Asking, connect: Connect) -> None:
    client = await connect(asking.gateway.url)
    for path in ("/client/v4/accounts/acct/ai-gateway/gateways", f"{AI}x/run", AI, f"{AI}-gateway"):
        answer = await client.ask("GET", path)
        assert answer.status in (401, 404)
        assert answer.header("cf-aig-request-id") is None
