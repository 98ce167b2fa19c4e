"""Which models there are: the gateway's own list, and providers' lists as a limited token sees them."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from pathlib import Path

import brotli
import httpx
import openai
import pytest
import zstandard

from conftest import Connect, OpenGateway, Serve
from support.access import ACCOUNT, UNIVERSAL, Access, bearer, steps, take_up
from support.checks import check_error
from support.client import Answer, Header
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import chunked, whole
from support.upstream import Upstream

BASE = f"/v1/{ACCOUNT}/gw"
LIST = f"{BASE}/compat/models"
KEY: Header = ("Authorization", "Bearer sk-vendor-0123456789abcdef")
JSON = (("content-type", "application/json"),)
SLUGS = (
    "openai",
    "anthropic",
    "cohere",
    "deepgram",
    "elevenlabs",
    "google-ai-studio",
    "google-vertex-ai",
    "grok",
    "groq",
    "huggingface",
    "mistral",
    "openrouter",
    "replicate",
    "workers-ai",
    "custom-box",
)


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "gateway-0" / "data")


@pytest.fixture
async def gateway(access: Access, open_gateway: OpenGateway, upstream: Upstream) -> InProcess:
    text = gateways(gw={"authentication": True}) + providers(dict.fromkeys(SLUGS, upstream.url))
    return await open_gateway(text)


class Asking:
    """Somebody with a token of the gateway."""

    def __init__(self, gateway: InProcess, connect: Connect, token: str) -> None:
        self._gateway = gateway
        self._connect = connect
        self._token = token
        take_up(gateway)

    async def ask(self, target: str, *headers: Header, method: str = "GET") -> Answer:
        client = await self._connect(self._gateway.url)
        return await client.ask(method, target, bearer(self._token), *headers)

    async def ids(self, *headers: Header, target: str = LIST) -> list[str]:
        answer = await self.ask(target, *headers)
        assert answer.status == 200, answer.body
        told = answer.json()
        assert told["object"] == "list"
        assert all(one["object"] == "model" and one["created"] == 0 for one in told["data"])
        return [one["id"] for one in told["data"]]


# -- the gateway's own


async def test_the_list_has_what_the_caller_may_use(
    access: Access, gateway: InProcess, connect: Connect, upstream: Upstream
) -> None:
    """Nobody stored a key, and who calls shows none: one of any provider can be sent with a call."""
    asking = Asking(gateway, connect, access.token())
    found = await asking.ids()
    assert len(set(found)) == len(found) > 100
    assert {"openai/gpt-4o-mini", "parallel/speed", "groq/llama-3.3-70b-versatile"} <= set(found)
    owners = {name.partition("/")[0] for name in found}
    assert not owners & {"fal", "elevenlabs"}  # the unified endpoint does not lead there
    assert upstream.requests == []
    row = await gateway.row()
    assert (row.status_code, row.success, row.cost, row.provider) == (200, True, 0, "")
    assert (row.operation, row.request_type, row.compatibilityMode) == ("compat.models.list", "models", True)


@pytest.mark.parametrize("tail", ["models/", "v1/models", "v1//models", "models?limit=3", "%6dodels"])
async def test_the_list_under_its_other_names(
    access: Access, gateway: InProcess, connect: Connect, tail: str
) -> None:
    asking = Asking(gateway, connect, access.token(models=("openai/gpt-4o", "parallel/*")))
    expected = ["openai/gpt-4o", "parallel/speed", "parallel/lite", "parallel/base", "parallel/core"]
    assert await asking.ids(target=f"{BASE}/compat/{tail}") == expected


async def test_stored_keys_say_which_providers(access: Access, gateway: InProcess, connect: Connect) -> None:
    access.key("openai", "sk-stored-0123456789")
    access.key("groq", "gsk-stored-0123456789", alias="other")
    asking = Asking(gateway, connect, access.token())
    assert {name.partition("/")[0] for name in await asking.ids()} == {"openai"}
    assert {name.partition("/")[0] for name in await asking.ids(("cf-aig-byok-alias", "other"))} == {"groq"}
    shown = {name.partition("/")[0] for name in await asking.ids(KEY)}
    assert {"openai", "groq", "mistral", "google-ai-studio"} <= shown
    assert {name.partition("/")[0] for name in await asking.ids(("x-goog-api-key", "AIza-0123456789"))} == {
        "openai",
        "google-ai-studio",
    }


async def test_a_token_where_a_key_would_stand_is_no_key(
    access: Access, gateway: InProcess, connect: Connect
) -> None:
    access.key("openai", "sk-stored-0123456789")
    token = access.token()
    take_up(gateway)
    answer = await (await connect(gateway.url)).ask("GET", LIST, ("Authorization", f"Bearer {token}"))
    assert {one["owned_by"] for one in answer.json()["data"]} == {"openai"}


async def test_a_limited_token_sees_its_own(access: Access, gateway: InProcess, connect: Connect) -> None:
    """Also models that no list has, where it names them."""
    access.key("custom-box", "box-0123456789abcdef")
    models = ("openai/gpt-4o-*", "openai/ft:gpt-4o:acme::abc", "custom-box/llama", "anthropic/claude-x")
    asking = Asking(gateway, connect, access.token(models=models))
    assert set(await asking.ids()) == {"custom-box/llama"}
    found = set(await asking.ids(KEY))
    assert {"openai/gpt-4o-mini", "openai/ft:gpt-4o:acme::abc", "custom-box/llama"} <= found
    assert all(
        name.startswith(("openai/gpt-4o-", "openai/ft:", "custom-box/", "anthropic/claude-x"))
        for name in found
    )
    providers_only = Asking(gateway, connect, access.token(providers=("mistral",)))
    assert {name.partition("/")[0] for name in await providers_only.ids(KEY)} == {"mistral"}


async def test_prices_of_ones_own_name_models(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text('["custom-box/llama"]\ninput = 1.0\n["custom-box/*"]\nrequest = 0.1\n')
    text = gateways(gw={"authentication": True}) + providers({"custom-box": upstream.url})
    gateway = await open_gateway(f"{text}[pricing]\nfile = {json.dumps(str(prices))}\n")
    asking = Asking(gateway, connect, access.token(providers=("custom-box",)))
    assert await asking.ids() == ["custom-box/llama"]
    (one,) = (await asking.ask(LIST)).json()["data"]
    assert one["pricing"] == {"prompt": "0.000001"}
    assert one.keys() == {"id", "object", "created", "owned_by", "pricing"}


async def test_sizes_and_prices_are_shown_where_they_are_known(
    access: Access, gateway: InProcess, connect: Connect
) -> None:
    """Of a model that only a token names there is nothing to say."""
    models = (
        "parallel/core",
        "anthropic/claude-sonnet-4-5",
        "aws-bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "openai/nobody-knows",
    )
    asking = Asking(gateway, connect, access.token(models=models))
    found = {one["id"]: one for one in (await asking.ask(LIST)).json()["data"]}
    assert found["parallel/core"]["pricing"] == {"request": "0.025"}
    claude = found["anthropic/claude-sonnet-4-5"]
    assert (claude["context_length"] >= 200_000, claude["max_output_tokens"]) == (True, 64_000)
    assert (claude["pricing"]["prompt"], claude["pricing"]["completion"]) == ("0.000003", "0.000015")
    assert found["openai/nobody-knows"].keys() == {"id", "object", "created", "owned_by"}


@pytest.mark.parametrize("spelling", ["openai/gpt-4o", "openai%2Fgpt-4o", "openai%2fgpt-4o/"])
async def test_one_model(access: Access, gateway: InProcess, connect: Connect, spelling: str) -> None:
    asking = Asking(gateway, connect, access.token(models=("openai/gpt-4o",)))
    answer = await asking.ask(f"{LIST}/{spelling}")
    expected = {"id": "openai/gpt-4o", "object": "model", "created": 0, "owned_by": "openai"}
    sizes = {"context_length": 128_000, "max_output_tokens": 16_384}
    prices = {"prompt": "0.0000025", "completion": "0.00001", "input_cache_read": "0.00000125"}
    assert (answer.status, answer.json()) == (200, {**expected, **sizes, "pricing": prices})
    head = await asking.ask(f"{LIST}/{spelling}", method="HEAD")
    assert (head.status, head.body) == (200, b"")
    check_error(await asking.ask(f"{LIST}/openai/gpt-5"), 403, 9403, "Not allowed for this key")
    everything = Asking(gateway, connect, access.token())
    for name in ("openai/nope", "nope", "nope/gpt-4o"):
        check_error(await everything.ask(f"{LIST}/{name}"), 404, 9404, "Not found")


async def test_the_list_has_a_door_and_a_method(
    access: Access, gateway: InProcess, connect: Connect, upstream: Upstream
) -> None:
    client = await connect(gateway.url)
    check_error(await client.ask("GET", LIST, KEY), 401, 2009, "Unauthorized")
    asking = Asking(gateway, connect, access.token())
    answer = await asking.ask(LIST, method="POST")
    check_error(answer, 405, 9405, "Method not allowed")
    assert answer.header("allow") == "GET, HEAD"
    check_error(await asking.ask(f"{BASE}/compat/modelsx"), 404, 9404, "Not found")
    asked = await client.ask("POST", UNIVERSAL, bearer(access.token()), body=steps(("compat", "models", {})))
    assert asked.status in (401, 405)
    assert upstream.requests == []


@pytest.mark.parametrize("path", ["compat", "compat/v1"])
async def test_the_openai_library_lists(access: Access, gateway: InProcess, path: str) -> None:
    token = access.token(models=("openai/gpt-4o", "openai/gpt-4o-mini"))
    take_up(gateway)
    client = openai.AsyncOpenAI(api_key=token, base_url=f"{gateway.url}{BASE}/{path}", max_retries=0)
    async with client:
        found = [model async for model in client.models.list()]
        assert [model.id for model in found] == ["openai/gpt-4o", "openai/gpt-4o-mini"]
        assert found[0].owned_by == "openai"
        assert (await client.models.retrieve("openai/gpt-4o")).id == "openai/gpt-4o"
        with pytest.raises(openai.PermissionDeniedError):
            await client.models.retrieve("openai/gpt-5")


async def test_a_served_gateway_lists(serve: Serve) -> None:
    gateway = await serve()
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        answer = await http.get(f"{gateway.url}/v1/local/default/compat/models")
    assert answer.status_code == 200
    assert "openai/gpt-4o-mini" in {one["id"] for one in answer.json()["data"]}


# -- providers' lists

Coding = Callable[[bytes], bytes]
CODINGS: dict[str, Coding] = {
    "": lambda data: data,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "br, gzip": lambda data: gzip.compress(brotli.compress(data)),
}
OPENAI_LIST = {"object": "list", "data": [{"id": name, "object": "model"} for name in ("gpt-4o", "gpt-5")]}


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("in_pieces", [False, True])
async def test_a_limited_token_sees_its_own_in_a_providers_list(
    access: Access,
    gateway: InProcess,
    upstream: Upstream,
    connect: Connect,
    coding: str,
    in_pieces: bool,
) -> None:
    """In any content coding; what was kept of it is as the provider sent it."""
    body = CODINGS[coding](json.dumps(OPENAI_LIST).encode())
    headers = (*JSON, ("etag", '"1"'), *((("content-encoding", coding),) if coding else ()))
    upstream.will(chunked(body[:9], body[9:], headers=headers) if in_pieces else whole(body, headers=headers))
    asking = Asking(gateway, connect, access.token(models=("openai/gpt-4o",)))
    answer = await asking.ask(f"{BASE}/openai/v1/models", KEY)
    assert answer.status == 200
    assert answer.json() == {**OPENAI_LIST, "data": OPENAI_LIST["data"][:1]}
    assert answer.header("content-encoding") is None
    assert answer.header("etag") is None


@pytest.mark.parametrize("coding", CODINGS)
async def test_others_get_the_bytes_untouched(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect, coding: str
) -> None:
    body = CODINGS[coding](json.dumps(OPENAI_LIST, indent=2).encode())
    headers = (*JSON, ("etag", '"1"'), *((("content-encoding", coding),) if coding else ()))
    upstream.will(whole(body, headers=headers), whole(body, headers=headers))
    for token in (access.token(), access.token(providers=("openai",))):
        answer = await Asking(gateway, connect, token).ask(f"{BASE}/openai/v1/models", KEY)
        assert (answer.status, answer.body, answer.header("etag")) == (200, body, '"1"')


async def test_a_kept_list_is_each_ones_own(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    """What is kept is the provider's answer, asked for once."""
    upstream.will(whole(json.dumps(OPENAI_LIST).encode(), headers=JSON))
    kept: Header = ("cf-aig-cache-ttl", "60")
    seen: list[list[str]] = []
    for models in (("openai/gpt-4o",), (), ("openai/gpt-5",)):
        asking = Asking(gateway, connect, access.token(models=models))
        answer = await asking.ask(f"{BASE}/openai/v1/models", KEY, kept)
        seen.append([one["id"] for one in answer.json()["data"]])
    assert seen == [["gpt-4o"], ["gpt-4o", "gpt-5"], ["gpt-5"]]
    assert len(upstream.requests) == 1


LISTS: dict[str, tuple[str, object, str, object]] = {
    "openai": ("v1/models", OPENAI_LIST, "gpt-4o", {**OPENAI_LIST, "data": OPENAI_LIST["data"][:1]}),
    "anthropic": (
        "v1/models?limit=2",
        {"data": [{"id": "a", "x": [1]}, {"id": "b"}], "has_more": False, "first_id": "a", "last_id": "b"},
        "b",
        {"data": [{"id": "b"}], "has_more": False, "first_id": "b", "last_id": "b"},
    ),
    "google-ai-studio": (
        "v1beta/models",
        {"models": [{"name": "models/g-1"}, {"name": "models/g-2"}], "nextPageToken": "t"},
        "g-2",
        {"models": [{"name": "models/g-2"}], "nextPageToken": "t"},
    ),
    "google-vertex-ai": (
        "v1beta1/publishers/google/models",
        {
            "publisherModels": [
                {"name": "publishers/google/models/g-1"},
                {"name": "publishers/google/models/g-2"},
            ]
        },
        "g-1",
        {"publisherModels": [{"name": "publishers/google/models/g-1"}]},
    ),
    "cohere": ("v1/models", {"models": [{"name": "c"}, {"name": "d"}]}, "d", {"models": [{"name": "d"}]}),
    "elevenlabs": ("v1/models", [{"model_id": "e"}, {"model_id": "f"}], "f", [{"model_id": "f"}]),
    "deepgram": (
        "v1/models",
        {"stt": [{"name": "n", "canonical_name": "nova-3"}, {"name": "o"}], "tts": [{"name": "p"}]},
        "nova-3",
        {"stt": [{"name": "n", "canonical_name": "nova-3"}], "tts": []},
    ),
    "replicate": (
        "v1/models",
        {"next": "u", "results": [{"owner": "a", "name": "x"}, {"owner": "b", "name": "x"}]},
        "b/x",
        {"next": "u", "results": [{"owner": "b", "name": "x"}]},
    ),
    "workers-ai": (
        "ai/models/search",
        {
            "result": [{"id": "1", "name": "@cf/a/b"}, {"id": "2", "name": "@cf/c"}],
            "result_info": {"count": 2},
        },
        "@cf/a/b",
        {"result": [{"id": "1", "name": "@cf/a/b"}], "result_info": {"count": 1}},
    ),
    "mistral": (
        "v1/models",
        {"data": [{"id": "m-1", "aliases": ["m-latest"]}, {"id": "m-2", "aliases": []}]},
        "m-latest",
        {"data": [{"id": "m-1", "aliases": ["m-latest"]}]},
    ),
    "custom-box": (
        "v1/models",
        {"models": [{"name": "a"}, {"name": "b"}], "data": [{"id": "a"}, {"id": "b"}]},
        "a",
        {"models": [{"name": "a"}], "data": [{"id": "a"}]},
    ),
}


@pytest.mark.parametrize("slug", LISTS)
async def test_lists_of_each_shape(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect, slug: str
) -> None:
    tail, told, model, expected = LISTS[slug]
    upstream.will(whole(json.dumps(told).encode(), headers=JSON))
    asking = Asking(gateway, connect, access.token(models=(f"{slug}/{model}",)))
    answer = await asking.ask(f"{BASE}/{slug}/{tail}", KEY)
    assert (answer.status, answer.json()) == (200, expected)
    assert (await upstream.only()).method == b"GET"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"items":[{"id":"gpt-5"}]}',
        b'{"data":{}}',
        b'{"data":[{"id":"gpt-5"}',
        b"gpt-5",
        b'{"data":[{"id":"gpt-5"}]}x',
    ],
)
async def test_a_list_that_cannot_be_read_is_not_shown(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect, body: bytes
) -> None:
    upstream.will(whole(body, headers=JSON))
    asking = Asking(gateway, connect, access.token(models=("openai/gpt-4o",)))
    answer = await asking.ask(f"{BASE}/openai/v1/models", KEY)
    if body:
        description = check_error(answer, 403, 9403, "Not allowed for this key")
        assert "certain models only" in description
    else:
        assert (answer.status, answer.body) == (200, b"")
    assert b"gpt-5" not in answer.body


async def test_a_list_that_is_too_long_is_not_shown(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    body = b'{"data":[%b]}' % b",".join([b'{"id":"gpt-5","about":"%b"}' % (b"x" * 100_000)] * 100)
    upstream.will(whole(body, headers=JSON))
    asking = Asking(gateway, connect, access.token(models=("openai/gpt-4o",)))
    check_error(await asking.ask(f"{BASE}/openai/v1/models", KEY), 403, 9403, "Not allowed for this key")


async def test_a_providers_error_is_its_own(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(whole(b'{"error":"no"}', 401, JSON))
    asking = Asking(gateway, connect, access.token(models=("openai/gpt-4o",)))
    answer = await asking.ask(f"{BASE}/openai/v1/models", KEY)
    assert (answer.status, answer.body) == (401, b'{"error":"no"}')


async def test_head_of_a_list(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(whole(json.dumps(OPENAI_LIST).encode(), headers=JSON))
    asking = Asking(gateway, connect, access.token(models=("openai/gpt-4o",)))
    answer = await asking.ask(f"{BASE}/openai/v1/models", KEY, method="HEAD")
    assert (answer.status, answer.body, answer.header("content-length")) == (200, b"", None)


@pytest.mark.parametrize(
    ("slug", "tail", "model"),
    [
        ("openai", "v1/models/{}", "gpt-4o"),
        ("openai", "models/{}", "ft:gpt-4o:acme::abc"),
        ("anthropic", "v1/models/{}", "claude-x"),
        ("google-ai-studio", "v1beta/models/{}", "g-1"),
        ("google-ai-studio", "v1beta/openai/models/{}", "g-1"),
        ("google-vertex-ai", "v1/publishers/google/models/{}", "g-1"),
        ("cohere", "v1/models/{}", "command-r"),
        ("grok", "v1/language-models/{}", "grok-4"),
        ("groq", "openai/v1/models/{}", "openai/gpt-oss-120b"),
        ("huggingface", "v1/models/{}", "org/m"),
        ("openrouter", "v1/models/{}/endpoints", "openai/gpt-4o"),
        ("replicate", "v1/models/{}/versions", "a/x"),
        ("workers-ai", "ai/models/schema?model={}", "@cf/a/b"),
        ("custom-box", "v1/models/{}", "llama"),
    ],
)
async def test_a_look_at_one_model(
    access: Access,
    gateway: InProcess,
    upstream: Upstream,
    connect: Connect,
    slug: str,
    tail: str,
    model: str,
) -> None:
    """As a call to it would be: allowed, or refused."""
    target = f"{BASE}/{slug}/{tail}"
    if slug == "groq":
        model = model.replace("/", "%2F")
    own = Asking(gateway, connect, access.token(models=(f"{slug}/{model.replace('%2F', '/')}",)))
    answer = await own.ask(target.format(model), KEY)
    assert answer.status == 200, answer.body
    other = Asking(gateway, connect, access.token(models=(f"{slug}/another",)))
    check_error(await other.ask(target.format(model), KEY), 403, 9403, "Not allowed for this key")
    assert len(upstream.requests) == 1
