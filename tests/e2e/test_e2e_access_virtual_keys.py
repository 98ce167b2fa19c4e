"""What a token restricts beyond who may call: providers, models; and what it says of its owner in the log."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from conftest import Connect, OpenGateway
from penstock.access.tokens import id_of
from support.access import ACCOUNT, CHAT, COMPAT, UNIVERSAL, Access, bearer, steps, take_up
from support.checks import check_error
from support.client import Answer, Header, request
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import whole
from support.upstream import Upstream

KEY = ("Authorization", "Bearer sk-vendor-0123456789abcdef")
BASE = f"/v1/{ACCOUNT}/gw"
GEMINI = f"{BASE}/google-ai-studio/v1beta/models"
BEDROCK = f"{BASE}/aws-bedrock/bedrock-runtime/us-east-1/model"
AZURE = f"{BASE}/azure-openai/res"
SLUGS = (
    "openai",
    "anthropic",
    "grok",
    "perplexity-ai",
    "google-ai-studio",
    "azure-openai",
    "aws-bedrock",
    "huggingface",
)


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "gateway-0" / "data")


@pytest.fixture
async def gateway(access: Access, open_gateway: OpenGateway, upstream: Upstream) -> InProcess:
    """Asks for a token; there are none yet."""
    text = gateways(gw={"authentication": True}) + providers(dict.fromkeys(SLUGS, upstream.url))
    return await open_gateway(text)


def body(model: str) -> bytes:
    return json.dumps({"model": model, "messages": []}).encode()


def refused(answer: Answer) -> str:
    return check_error(answer, 403, 9403, "Not allowed for this key")


class Caller:
    """Somebody with a new token."""

    def __init__(self, gateway: InProcess, connect: Connect, token: str) -> None:
        take_up(gateway)
        self._url = gateway.url
        self._connect = connect
        self.token = token

    async def ask(self, target: str, data: bytes, *headers: Header, method: str = "POST") -> Answer:
        client = await self._connect(self._url)
        sent = None if method == "GET" else data
        return await client.ask(method, target, bearer(self.token), KEY, *headers, body=sent)


# -- providers


async def test_providers_on_native_calls(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    caller = Caller(gateway, connect, access.token(providers=("openai", "anthropic")))
    assert (await caller.ask(CHAT, body("gpt-5"))).status == 200
    assert (await caller.ask(f"{BASE}/anthropic/v1/messages", b"{}")).status == 200
    why = refused(await caller.ask(f"{BASE}/grok/v1/chat/completions", body("grok-4")))
    assert "grok" in why
    refused(await caller.ask(f"{BASE}/grok/v1/models", b"", method="GET"))
    refused(await caller.ask(f"{BASE}/xai/v1/chat/completions", b"not JSON"))  # an alias of it
    assert len(upstream.requests) == 2
    rows = await gateway.rows(5)
    assert [(row.status_code, row.error_code, row.outcome) for row in rows[2:]] == [
        (403, 9403, "refused")
    ] * 3
    assert {row.token for row in rows} == {id_of(caller.token)}


async def test_providers_on_unified_calls(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    caller = Caller(gateway, connect, access.token(providers=("grok",)))
    for model in ("grok/grok-4", "xai/grok-4"):
        assert (await caller.ask(COMPAT, body(model))).status == 200
    refused(await caller.ask(COMPAT, body("openai/gpt-5")))
    assert [json.loads(seen.body)["model"] for seen in upstream.requests] == ["grok-4", "grok-4"]


async def test_providers_on_universal_calls(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    """A step that is not allowed is a step that failed: the next one may answer."""
    caller = Caller(gateway, connect, access.token(providers=("openai",)))
    other, own = ("grok", "chat/completions", {"a": 1}), ("openai", "chat/completions", {"b": 2})
    refused(await caller.ask(UNIVERSAL, steps(other)))
    answer = await caller.ask(
        UNIVERSAL, steps(other, ("compat", "chat/completions", {"model": "grok/g"}), own)
    )
    assert (answer.status, answer.header("cf-aig-step")) == (200, "2")
    assert bytes((await upstream.only()).body) == b'{"b": 2}'
    rows = await gateway.rows(4)
    assert [(row.status_code, row.step) for row in rows] == [(403, 0), (403, 0), (403, 1), (200, 2)]


# -- models


@pytest.mark.parametrize(
    ("patterns", "model", "status"),
    [
        (("openai/gpt-5",), "gpt-5", 200),
        (("openai/gpt-5",), "gpt-5-mini", 403),
        (("openai/gpt-5",), "xgpt-5", 403),
        (("gpt-5",), "gpt-5", 200),
        (("gpt-5",), "GPT-5", 403),
        (("openai/gpt-*",), "gpt-5-mini", 200),
        (("openai/gpt-*",), "o3", 403),
        (("openai/*",), "o3", 200),
        (("openai/*",), "org/o3", 403),
        (("*",), "o3", 200),
        (("anthropic/*",), "o3", 403),
        (("anthropic/*", "o3"), "o3", 200),
        (("gpt.5",), "gpt-5", 403),
        (("gpt-5",), "gpt-5\n", 403),
        (("gpt-5",), "", 403),
    ],
)
@pytest.mark.parametrize("way", ["native", "chunked", "compat", "universal", "universal compat"])
async def test_models(
    access: Access,
    gateway: InProcess,
    upstream: Upstream,
    connect: Connect,
    patterns: tuple[str, ...],
    model: str,
    status: int,
    way: str,
) -> None:
    caller = Caller(gateway, connect, access.token(models=patterns))
    if way == "chunked":
        client, data = await connect(gateway.url), body(model)
        await client.send(request("POST", CHAT, bearer(caller.token), KEY, ("Transfer-Encoding", "chunked")))
        for start in range(0, len(data), 5):
            await client.send_chunk(data[start : start + 5])
        await client.send(b"0\r\n\r\n")
        answer = await client.answer()
    elif way == "native":
        answer = await caller.ask(CHAT, body(model))
    elif way == "compat":
        answer = await caller.ask(COMPAT, body(f"openai/{model}"))
    elif way == "universal":
        answer = await caller.ask(UNIVERSAL, steps(("openai", "chat/completions", {"model": model})))
    else:
        step = ("compat", "chat/completions", {"model": f"openai/{model}"})
        answer = await caller.ask(UNIVERSAL, steps(step))
    if status == 403 and not model and "compat" in way:
        assert answer.status == 400  # no chat request at all
    elif status == 403:
        refused(answer)
    assert len(upstream.requests) == (status == 200)
    if status == 200:
        assert answer.status == 200
        sent = await upstream.requests[0].whole_body()
        assert json.loads(sent)["model"] == model


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        (b"", ()),
        (b"{}", ()),
        (b"[]", ()),
        (b'{"model":null}', ()),
        (b'{"model":["gpt-5"]}', ()),
        (b'{"model":"gpt-5"', ()),
        (b'{"input":{"model":"gpt-5"}}', ()),
        (gzip.compress(b'{"model":"o3"}', mtime=0), (("Content-Encoding", "gzip"),)),
        (b'{"model":"gpt-5","model":"o3"}', ()),
        ('{"model":"gpt-5"}'.encode("utf-16"), ()),
        (b'--x\r\ncontent-disposition: form-data; name="model"\r\n\r\no3\r\n--x--\r\n', ()),
    ],
)
async def test_a_model_that_cannot_be_told_is_none_of_those_allowed(
    access: Access,
    gateway: InProcess,
    upstream: Upstream,
    connect: Connect,
    data: bytes,
    headers: tuple[Header, ...],
) -> None:
    caller = Caller(gateway, connect, access.token(models=("gpt-5",)))
    refused(await caller.ask(CHAT, data, *headers))
    assert upstream.requests == []


@pytest.mark.parametrize(
    ("allowed", "other"),
    [
        (f"{GEMINI}/cheap:generateContent", f"{GEMINI}/dear:generateContent"),
        (f"{BEDROCK}/cheap/invoke", f"{BEDROCK}/dear/invoke"),
        (f"{AZURE}/cheap/chat/completions", f"{AZURE}/dear/chat/completions"),
        (f"{BASE}/huggingface/cheap", f"{BASE}/huggingface/dear"),
    ],
)
async def test_models_of_providers_that_have_them_in_the_path(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect, allowed: str, other: str
) -> None:
    """What the body then says of a model is not what the provider goes by."""
    caller = Caller(gateway, connect, access.token(models=("cheap",)))
    if "huggingface" not in allowed:
        assert (await caller.ask(allowed, b'{"contents":[]}')).status == 200
    served = len(upstream.requests)
    refused(await caller.ask(other, b'{"contents":[]}'))
    refused(await caller.ask(other, body("cheap")))
    assert len(upstream.requests) == served


@pytest.mark.parametrize("model", ["xai/grok-4", "grok/grok-4"])
@pytest.mark.parametrize("pattern", ["grok/grok-4", "grok-4", "grok/*"])
async def test_model_by_an_alias_of_its_provider(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect, model: str, pattern: str
) -> None:
    caller = Caller(gateway, connect, access.token(models=(pattern,)))
    assert (await caller.ask(COMPAT, body(model))).status == 200
    refused(await caller.ask(COMPAT, body(f"{model}-heavy" if "*" not in pattern else "openai/o3")))


async def test_models_of_perplexity_whose_prefix_is_another_than_its_slug(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    caller = Caller(gateway, connect, access.token(models=("perplexity-ai/sonar",)))
    assert (await caller.ask(COMPAT, body("perplexity/sonar"))).status == 200
    assert (await caller.ask(f"{BASE}/perplexity-ai/chat/completions", body("sonar"))).status == 200
    refused(await caller.ask(COMPAT, body("perplexity/sonar-pro")))


async def test_a_large_upload_of_an_allowed_model_arrives_whole(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    caller = Caller(gateway, connect, access.token(models=("gpt-5",)))
    data = json.dumps({"model": "gpt-5", "input": "x" * 3_000_000}).encode()
    assert (await caller.ask(CHAT, data)).status == 200
    assert bytes((await upstream.only()).body) == data


async def test_an_upload_too_large_to_be_looked_at(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """The model cannot be told, so it is refused, and nothing of it gets through."""
    token = access.token(models=("gpt-5",))
    limits = "[server.limits]\nmax_buffered_body_bytes = 65536\n"
    gateway = await open_gateway(gateways() + providers({"openai": upstream.url}) + limits)
    caller = Caller(gateway, connect, token)
    refused(await caller.ask(CHAT, json.dumps({"model": "gpt-5", "input": "x" * 100_000}).encode()))
    assert upstream.requests == []


# -- metadata, and the owner


async def test_metadata_is_stamped_and_wins(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    token = access.token(user="ada", team="research", metadata={"team": "a", "paid": True, "n": 7})
    caller = Caller(gateway, connect, token)
    own = ("cf-aig-metadata", '{"team":"forged","mine":1.5}')
    stamped = {"team": "a", "paid": True, "n": 7}
    await caller.ask(CHAT, b"{}", own)
    await caller.ask(COMPAT, body("openai/gpt-5"), own)
    await caller.ask(UNIVERSAL, steps(("openai", "x", {})), own)
    forged = [
        {
            "provider": "openai",
            "endpoint": "x",
            "headers": {"cf-aig-metadata": '{"team":"forged","step":1}'},
            "query": {},
        }
    ]
    await caller.ask(UNIVERSAL, json.dumps(forged).encode(), own)
    await caller.ask(CHAT, b"{}")
    rows = await gateway.rows(5)
    assert [row.metadata for row in rows] == [
        {**stamped, "mine": 1.5},
        {**stamped, "mine": 1.5},
        {**stamped, "mine": 1.5},
        {**stamped, "step": 1},
        stamped,
    ]
    owners = {(row.token, row.user, row.team, row.authentication) for row in rows}
    assert owners == {(id_of(token), "ada", "research", True)}
    assert all(b"forged" not in seen.head for seen in upstream.requests)


async def test_owner_of_a_refused_call(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    token = access.token(user="ada", providers=("grok",), metadata={"team": "a"})
    refused(await Caller(gateway, connect, token).ask(CHAT, b"{}"))
    row = await gateway.row()
    assert (row.user, row.team, row.metadata, row.attempts) == ("ada", None, {"team": "a"}, 0)


async def test_steps_cannot_show_another_token(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    """The caller is known before the steps are; a token inside a step changes nothing and goes nowhere."""
    rich = access.token("rich")
    caller = Caller(gateway, connect, access.token("poor", providers=("grok",)))
    headers = {"cf-aig-authorization": f"Bearer {rich}", "authorization": f"Bearer {rich}"}
    step = {"provider": "openai", "endpoint": "x", "headers": headers, "query": {}}
    refused(await caller.ask(UNIVERSAL, json.dumps([step]).encode()))
    answer = await caller.ask(UNIVERSAL, json.dumps([{**step, "provider": "grok"}]).encode())
    assert answer.status == 200
    assert rich.encode() not in (await upstream.only()).head
    rows = await gateway.rows(2)
    assert [row.token for row in rows] == [id_of(caller.token)] * 2
    assert rich not in repr(rows)


async def test_errors_do_not_show_the_token(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(whole(b"{}"))
    caller = Caller(gateway, connect, access.token(providers=("grok",), models=("m",)))
    answers = [
        await caller.ask(CHAT, b"{}"),
        await caller.ask(f"{BASE}/grok/x", body("n")),
        await caller.ask(f"{BASE}/nobody/x", b"{}"),
        await caller.ask(UNIVERSAL, b"{"),
        await caller.ask(COMPAT, b"{"),
    ]
    assert [answer.status for answer in answers] == [403, 403, 400, 400, 400]
    assert all(caller.token.encode() not in answer.raw + answer.body for answer in answers)
    assert caller.token not in repr(await gateway.calls(5))
