"""Where unified calls come in: base URLs as programs are given them, and what is said of those that lead nowhere."""

from __future__ import annotations

import json

import msgspec
import pytest
from openai import AsyncOpenAI, BadRequestError

from conftest import Connect, OpenGateway
from support.checks import check_ids
from support.client import Answer
from support.configuration import gateways, openai, providers
from support.inprocess import InProcess
from support.replies import whole
from support.upstream import Upstream

KEY = ("Authorization", "Bearer sk-1")
CHAT = b'{"model":"openai/gpt-4o","messages":[]}'
JSON = (("Content-Type", "application/json"),)
HOME = "[accounts.local.gateways.default]\n[accounts.acct.gateways.gw]\n[accounts.acct.gateways.default]\n"

FORMS = (
    "/v1/",
    "/v1//",
    "/v1/v1/",
    "/v1/v1/v1/",
    "/v1/local/default/compat/",
    "/v1/local/default/compat//",
    "/v1/local/default/compat/v1/",
    "/v1/local/default/compat/v1/v1/",
    "/v1/local/default/v1/",
    "/v1/local/default/v1/v1/",
    "/v1/local/default/",
    "/v1/local/compat/",
    "/v1/local/compat/v1/",
    "/v1/local/v1/",
    "/v1/local/",
    "/v1/v1/local/default/compat/",
)
"""Base URLs, with the slash behind them, of one gateway."""


async def at_home(open_gateway: OpenGateway, url: str, extra: str = "") -> InProcess:
    return await open_gateway(HOME + providers({"openai": f"{url}/v1", "anthropic": url}) + extra)


async def post(connect: Connect, gateway: InProcess, target: str, body: bytes = CHAT) -> Answer:
    return await (await connect(gateway.url)).ask("POST", target, KEY, *JSON, body=body)


@pytest.mark.parametrize("form", FORMS)
async def test_every_base_url_leads_there(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, form: str
) -> None:
    upstream.will(whole(b'{"id":"x"}', headers=JSON))
    gateway = await at_home(open_gateway, upstream.url)
    answer = await post(connect, gateway, f"{form}chat/completions")
    assert (answer.status, answer.body) == (200, b'{"id":"x"}')
    seen = await upstream.only()
    assert seen.target == b"/v1/chat/completions"
    assert json.loads(seen.body)["model"] == "gpt-4o"
    assert seen.header("authorization") == b"Bearer sk-1"
    row = await gateway.row()
    assert (row.id, row.account, row.gateway) == (check_ids(answer), "local", "default")
    assert (row.provider, row.model, row.compatibilityMode) == ("openai", "openai/gpt-4o", True)


@pytest.mark.parametrize(
    ("tail", "model", "upstream_path"),
    [
        ("responses", "openai/gpt-4o", b"/v1/responses"),
        ("embeddings", "openai/text-embedding-3-small", b"/v1/embeddings"),
        ("messages", "anthropic/claude-sonnet-4-5", b"/v1/messages"),
        ("messages/count_tokens", "anthropic/claude-sonnet-4-5", b"/v1/messages/count_tokens"),
    ],
)
@pytest.mark.parametrize(
    "form", ["/v1/", "/v1/v1/", "/v1/acct/gw/v1/", "/v1/acct/gw/compat/v1/", "/v1/acct/gw/"]
)
async def test_all_questions_have_all_forms(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    form: str,
    tail: str,
    model: str,
    upstream_path: bytes,
) -> None:
    upstream.will(whole(b"{}", headers=JSON))
    gateway = await at_home(open_gateway, upstream.url)
    asked = {"model": model, "input": "x", "messages": [{"role": "user", "content": "x"}], "max_tokens": 5}
    answer = await post(connect, gateway, form + tail, json.dumps(asked).encode())
    assert answer.status == 200, answer.body
    assert (await upstream.only()).target == upstream_path


@pytest.mark.parametrize("form", ["/v1/", "/v1/acct/gw/", "/v1/acct/v1/", "/v1/acct/gw/compat/v1/v1/"])
async def test_models_have_them_too(open_gateway: OpenGateway, connect: Connect, form: str) -> None:
    gateway = await at_home(open_gateway, "http://127.0.0.1:9")
    client = await connect(gateway.url)
    answer = await client.ask("GET", f"{form}models")
    assert answer.status == 200
    assert any(one["id"] == "openai/gpt-4o" for one in answer.json()["data"])
    one = await client.ask("GET", f"{form}models/openai/gpt-4o")
    assert one.json()["id"] == "openai/gpt-4o"
    wrong = await client.ask("POST", f"{form}models", body=b"{}")
    assert (wrong.status, wrong.header("allow")) == (405, "GET, HEAD")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("target", ["/v1/chat/completions", "/v1/acct/gw/v1/messages", "/v1/acct/embeddings"])
async def test_questions_are_posted(
    open_gateway: OpenGateway, connect: Connect, method: str, target: str
) -> None:
    gateway = await at_home(open_gateway, "http://127.0.0.1:9")
    answer = await (await connect(gateway.url)).ask(method, target)
    assert (answer.status, answer.header("allow")) == (405, "POST")


@pytest.mark.parametrize(
    ("accounts", "expected"),
    [
        ("", "local/default"),
        (
            "[accounts.a.gateways.x]\n[accounts.a.gateways.default]\n[accounts.b.gateways.default]\n",
            "a/default",
        ),
        ("[accounts.b.gateways.default]\n[accounts.local.gateways.default]\n", "local/default"),
    ],
)
async def test_whose_calls_are_that_name_no_account(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, accounts: str, expected: str
) -> None:
    upstream.will(whole(b"{}", headers=JSON))
    gateway = await open_gateway(accounts + providers({"openai": upstream.url}))
    assert (await post(connect, gateway, "/v1/chat/completions")).status == 200
    row = await gateway.row()
    assert f"{row.account}/{row.gateway}" == expected


async def test_no_default_gateway(open_gateway: OpenGateway, connect: Connect) -> None:
    """Only who shows a token has one that nobody has set up."""
    gateway = await open_gateway(gateways(gw={}) + providers({"openai": "http://127.0.0.1:9"}))
    answer = await post(connect, gateway, "/v1/chat/completions")
    assert answer.status == 400
    assert answer.json()["internalCode"] == 2001


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("/v1/openai/chat/completions", "/v1/local/default/openai/chat/completions?"),
        ("/v1/openai/v1/embeddings", "/v1/local/default/openai/v1/embeddings?"),
        ("/v1/openai/chat/completions", "Models of all providers are at /v1/chat/completions."),
        ("/v1/compat/chat/completions", "did you mean /v1/local/default/compat/chat/completions?"),
        ("/v1/loca/default/openai/x", "did you mean /v1/local/default/openai/x?"),
        ("/v1/loca/openai/x", "did you mean /v1/local/openai/x?"),
        ("/v1/local/defalt/openai/x", "did you mean /v1/local/default/openai/x?"),
        ("/v1/acct/gww/compat/chat/completions", "did you mean /v1/acct/gw/compat/chat/completions?"),
        ("/v1/acct/gw/opnai/chat/completions", "did you mean /v1/acct/gw/openai/chat/completions?"),
        ("/v1/acct/gw/OpenAI/x", "did you mean /v1/acct/gw/openai/x?"),
        ("/v1/acct/gw/compatt/chat/completions", "did you mean /v1/acct/gw/compat/chat/completions?"),
        ("/v1/acct/opnai/chat/completions", "did you mean /v1/acct/gw/openai/chat/completions?"),
        ("/v1/acct/gw/opnai/sk-SECRET0123456789012345", "did you mean /v1/acct/gw/openai/…?"),
        ("/v1/chat/completion", "did you mean /v1/local/default/compat/chat/completions?"),
        ("/v1/acct/gw/compat/response", "did you mean /v1/acct/gw/compat/responses?"),
    ],
)
async def test_what_was_meant(open_gateway: OpenGateway, connect: Connect, target: str, said: str) -> None:
    gateway = await at_home(open_gateway, "http://127.0.0.1:9")
    answer = await post(connect, gateway, target)
    assert answer.status in (400, 404)
    assert said in answer.json()["description"]


@pytest.mark.parametrize(
    "target", ["/v1/qqqq/wwww/openai/x", "/v1/local/zzzz/x", "/v1/acct/gw/zzzz/x", "/v1/acct/gw/compat/zzzz"]
)
async def test_nothing_is_guessed_where_nothing_is_near(
    open_gateway: OpenGateway, connect: Connect, target: str
) -> None:
    gateway = await at_home(open_gateway, "http://127.0.0.1:9")
    answer = await post(connect, gateway, target)
    assert answer.status in (400, 404)
    assert "did you mean" not in answer.json()["description"]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("/chat/completions", "did you mean /v1/chat/completions?"),
        ("/models", "did you mean /v1/models?"),
        ("/openai/v1/chat/completions", "did you mean /v1/{account}/{gateway}/openai/v1/chat/completions?"),
        ("/compat/chat/completions", "did you mean /v1/{account}/{gateway}/compat/chat/completions?"),
        ("/v1", "calls have paths that begin with /v1/"),
        ("/", "calls have paths that begin with /v1/"),
        ("/%ff%00/" + "x/" * 9000, "calls have paths that begin with /v1/"),
    ],
)
async def test_half_a_base_url(open_gateway: OpenGateway, connect: Connect, target: str, said: str) -> None:
    gateway = await at_home(open_gateway, "http://127.0.0.1:9")
    answer = await post(connect, gateway, target)
    assert answer.status == 404
    assert said in answer.json()["description"]


async def test_closed_gateways_are_not_told(open_gateway: OpenGateway, connect: Connect) -> None:
    """Neither to who shows no token, nor where others are open to anybody."""
    closed = "[accounts.hidden.gateways.secret]\nauthentication = true\n"
    for text in (closed, closed + "[accounts.acct.gateways.gw]\n"):
        gateway = await open_gateway(text + providers({"openai": "http://127.0.0.1:9"}))
        for target in (
            "/v1/hiden/secret/openai/x",
            "/v1/hidden/secrt/openai/x",
            "/v1/openai/chat/completions",
        ):
            answer = await post(connect, gateway, target)
            assert answer.status == 400
            assert b"/v1/hidden" not in answer.body
            assert b"/secret/" not in answer.body


async def test_pages_of_others_hear_of_no_gateway(open_gateway: OpenGateway, connect: Connect) -> None:
    gateway = await at_home(open_gateway, "http://127.0.0.1:9")
    client = await connect(gateway.url)
    for target in ("/v1/chat/completions", "/v1/openai/chat/completions", "/v1/loca/x/y"):
        answer = await client.ask("POST", target, ("Origin", "https://evil.example"), body=CHAT)
        assert answer.status == 401
        assert b"did you mean" not in answer.body


@pytest.mark.parametrize(
    "target",
    [
        "/v1/%2e%2e/chat/completions",
        "/v1/../chat/completions",
        "/v1/chat/../completions",
        "/v1/%63hat/completions",
        "/v1/chat%2Fcompletions",
        "/v1/acct%2Fgw/chat/completions",
        "/v1//openai/chat/completions",
        "/v1/acct//chat",
        "/v1/" + "v1/" * 2000 + "x",
        "/v1/" + "a" * 60_000,
        "/v1/acct/gw/" + "b/" * 20_000,
        "/v1/chat/completions/",
        "/v1/chat",
        "/v1/chat/completions/x",
        "/v1/v1",
        "/v1/CHAT/completions",
    ],
)
async def test_hostile_names_lead_nowhere(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, target: str
) -> None:
    gateway = await at_home(open_gateway, upstream.url)
    answer = await post(connect, gateway, target)
    assert answer.status in (400, 404)
    assert len(answer.body) < 3000
    assert upstream.requests == []


async def test_a_token_opens_the_first_guess(open_gateway: OpenGateway, connect: Connect) -> None:
    gateway = await open_gateway(
        "[accounts.local.gateways.default]\nauthentication = true\n"
        + providers({"openai": "http://127.0.0.1:9"})
    )
    client = await connect(gateway.url)
    for target in ("/v1/chat/completions", "/v1/models", "/v1/messages"):
        answer = await client.ask("POST", target, body=CHAT)
        assert (answer.status, answer.json()["internalCode"]) == (401, 2009)


# -- names of models

NAMES = """
[models]
fast = "openai/gpt-4o-mini"
"openai/gpt-4o" = "openai/gpt-4.1"
smart = ["anthropic/claude-sonnet-4-5", "openai/gpt-5"]
"*" = "custom-rest"
"""


def asked(model: str) -> bytes:
    return json.dumps({"model": model, "messages": [{"role": "user", "content": "hi"}]}).encode()


@pytest.mark.parametrize(
    ("model", "sent", "logged"),
    [
        ("fast", "gpt-4o-mini", "openai/gpt-4o-mini"),
        ("openai/gpt-4o", "gpt-4.1", "openai/gpt-4.1"),
        ("openai/gpt-4o-2024-11-20", "gpt-4o-2024-11-20", "openai/gpt-4o-2024-11-20"),
        ("llama3.2:3b", "llama3.2:3b", "custom-rest/llama3.2:3b"),
        ("meta-llama/llama-3@x:free", "meta-llama/llama-3@x:free", "custom-rest/meta-llama/llama-3@x:free"),
    ],
)
async def test_names_of_the_operator(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, model: str, sent: str, logged: str
) -> None:
    upstream.will(whole(b"{}", headers=JSON))
    gateway = await open_gateway(openai(upstream.url, providers({"custom-rest": upstream.url}) + NAMES))
    answer = await post(connect, gateway, "/v1/chat/completions", asked(model))
    assert answer.status == 200
    assert json.loads((await upstream.only()).body)["model"] == sent
    assert (await gateway.row()).model == logged


async def test_models_that_are_tried_in_turn(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(whole(b"{}", 500, headers=JSON), whole(b'{"id":"2"}', headers=JSON))
    more = providers({"custom-rest": upstream.url, "anthropic": upstream.url})
    gateway = await open_gateway(openai(upstream.url, more + NAMES))
    answer = await post(connect, gateway, "/v1/chat/completions", asked("smart"))
    assert (answer.status, answer.body) == (200, b'{"id":"2"}')
    assert [seen.target for seen in upstream.requests] == [b"/v1/messages", b"/v1/chat/completions"]


async def test_names_are_listed(open_gateway: OpenGateway, connect: Connect) -> None:
    more = providers({"custom-rest": "http://127.0.0.1:9"})
    gateway = await open_gateway(openai("http://127.0.0.1:9", more + NAMES))
    client = await connect(gateway.url)
    found = (await client.ask("GET", "/v1/models")).json()["data"]
    assert [one["id"] for one in found[:3]] == ["fast", "openai/gpt-4o", "smart"]
    assert [one["owned_by"] for one in found[:3]] == ["openai", "openai", "anthropic"]
    assert len({one["id"] for one in found}) == len(found)
    assert (await client.ask("GET", "/v1/models/fast")).json() == found[0]


async def test_names_are_read_again(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    """With the rest of the configuration, in the place of what was there."""
    upstream.will(whole(b"{}", headers=JSON), whole(b"{}", headers=JSON))
    gateway = await open_gateway(openai(upstream.url, '[models]\na = "openai/one"\n'))
    assert (await post(connect, gateway, "/v1/chat/completions", asked("a"))).status == 200
    changed = msgspec.structs.replace(gateway.settings, models={"a": "openai/two"})
    gateway.parts.pipeline.world = gateway.parts.world(changed)
    assert (await post(connect, gateway, "/v1/chat/completions", asked("a"))).status == 200
    assert [json.loads(seen.body)["model"] for seen in upstream.requests] == ["one", "two"]


# -- official SDKs, with a base URL and nothing else


@pytest.mark.parametrize(
    "base", ["/v1", "/v1/", "/v1/v1", "/v1/acct", "/v1/acct/gw/compat", "/v1/acct/gw/compat/v1"]
)
async def test_openais_sdk(open_gateway: OpenGateway, upstream: Upstream, base: str) -> None:
    chat = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": []}
    upstream.will(whole(json.dumps(chat).encode(), headers=JSON))
    gateway = await at_home(open_gateway, upstream.url)
    async with AsyncOpenAI(base_url=f"{gateway.url}{base}", api_key="sk-1", max_retries=0) as client:
        done = await client.chat.completions.create(
            model="openai/gpt-4o", messages=[{"role": "user", "content": "hi"}]
        )
        assert done.id == "x"
        assert (await client.models.retrieve("openai/gpt-4o")).id == "openai/gpt-4o"


async def test_openais_sdk_shows_what_was_meant(open_gateway: OpenGateway) -> None:
    gateway = await at_home(open_gateway, "http://127.0.0.1:9")
    async with AsyncOpenAI(base_url=f"{gateway.url}/v1/openai", api_key="sk-1", max_retries=0) as client:
        with pytest.raises(BadRequestError, match="stands after account and gateway; did you mean"):
            await client.chat.completions.create(model="openai/gpt-4o", messages=[])
