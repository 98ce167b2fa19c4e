"""Keys for certain models, and requests that one reader takes for an allowed model and another for a dear one."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path

import pytest
import zstandard

from conftest import Connect, OpenGateway
from support.access import ACCOUNT, CHAT, COMPAT, UNIVERSAL, Access, bearer, steps, take_up
from support.checks import check_error
from support.client import Answer, Header
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.upstream import Upstream

BASE = f"/v1/{ACCOUNT}/gw"
JSON: Header = ("Content-Type", "application/json")
BUILT_IN = (
    "openai",
    "anthropic",
    "openrouter",
    "fireworks",
    "google-ai-studio",
    "google-vertex-ai",
    "azure-openai",
    "aws-bedrock",
    "huggingface",
    "workers-ai",
    "replicate",
    "fal",
    "baseten",
    "ideogram",
    "elevenlabs",
    "cartesia",
    "deepgram",
    "adobe-firefly",
    "parallel",
    "custom-mine",
)
CHEAP = b'{"model":"cheap","messages":[]}'


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "gateway-0" / "data")


@pytest.fixture
async def gateway(access: Access, open_gateway: OpenGateway, upstream: Upstream) -> InProcess:
    return await open_gateway(gateways(gw={}) + providers(dict.fromkeys(BUILT_IN, upstream.url)))


async def ask(
    gateway: InProcess,
    connect: Connect,
    token: str | None,
    target: str,
    data: bytes,
    *headers: Header,
    kind: Header = JSON,
) -> Answer:
    take_up(gateway)
    shown = () if token is None else (bearer(token),)
    return await (await connect(gateway.url)).ask("POST", target, *shown, kind, *headers, body=data)


def refused(answer: Answer) -> str:
    return check_error(answer, 403, 9403, "Not allowed for this key")


TWICE = {
    "first dear": b'{"model":"dear","model":"cheap"}',
    "last dear": b'{"model":"cheap","model":"dear"}',
    "the same": b'{"model":"cheap","model":"cheap"}',
    "another case behind": b'{"model":"cheap","Model":"dear"}',
    "another case in front": b'{"MODEL":"dear","model":"cheap"}',
    "another case alone": b'{"Model":"cheap"}',
    "escaped behind": b'{"model":"cheap","mod\\u0065l":"dear"}',
    "escaped in front": b'{"\\u006dodel":"dear","model":"cheap"}',
    "escaped in capitals": b'{"model":"cheap","\\u004DODEL":"dear"}',
    "escaped alone": b'{"mod\\u0065l":"dear"}',
    "a list": b'{"model":["cheap","dear"]}',
    "an object": b'{"model":{"name":"cheap"}}',
    "a number": b'{"model":7}',
    "nothing": b'{"model":null}',
    "empty": b'{"model":""}',
    "a space behind": b'{"model":"cheap "}',
    "another letter that looks alike": '{"model":"ch\u0435ap"}'.encode(),
    "a suffix": b'{"model":"cheap:online"}',
    "a date": b'{"model":"cheap@2026"}',
    "fallbacks": b'{"model":"cheap","models":["cheap","dear"]}',
    "fallbacks of another name": b'{"model":"cheap","fallbacks":["dear"]}',
    "fallbacks in objects": b'{"model":"cheap","fallbacks":[{"model":"dear"}]}',
    "a preset": b'{"model":"cheap","preset":"dear"}',
    "by another name": b'{"model":"cheap","model_id":"dear"}',
    "in camel case": b'{"model":"cheap","modelId":"dear"}',
    "a long s": '{"model":"cheap","model\u017f":["dear"]}'.encode(),
    "in a batch": b'{"model":"cheap","requests":[{"params":{"model":"dear"}}]}',
    "in a tool": b'{"model":"cheap","tools":[{"type":"image_generation","model":"dear"}]}',
    "in a session, spaced": b'{"model":"cheap","session":{ "model"\n:\t"dear"}}',
    "in a session, in capitals": b'{"model":"cheap","session":{"MODEL":"dear"}}',
    "two documents": b'{"model":"cheap"}{"model":"dear"}',
    "two lines": b'{"model":"cheap"}\n{"model":"dear"}\n',
    "something behind": b'{"model":"cheap"} x',
    "two marks in front": b'\xef\xbb\xbf\xef\xbb\xbf{"model":"cheap"}',
    "a mark behind a space": b' \xef\xbb\xbf{"model":"cheap"}',
    "not UTF-8": b'{"model":"cheap","x":"\xff"}',
    "not UTF-8 in a name": b'{"model":"cheap","mod\xffel":"dear"}',
    "UTF-16": '{"model":"cheap"}'.encode("utf-16-le"),
    "a comment": b'{"model":"cheap"/*"model":"dear"*/}',
    "a number that is none": b'{"model":"cheap","x":NaN}',
    "a comma too many": b'{"model":"cheap",}',
    "in a list": b'[{"model":"cheap"}]',
    "another member twice": b'{"model":"cheap","session":{},"session":{"model":"cheap"}}',
    "deep": b'{"model":"cheap","x":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "members without end": b'{"model":"cheap",' + b",".join(b'"%d":1' % n for n in range(2000)) + b"}",
}


@pytest.mark.parametrize("data", TWICE.values(), ids=TWICE.keys())
async def test_a_body_that_may_be_read_in_two_ways_names_no_model(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect, data: bytes
) -> None:
    """And goes on as it is where no model is forbidden."""
    refused(await ask(gateway, connect, access.token(models=("cheap",)), CHAT, data))
    assert upstream.requests == []
    assert (await ask(gateway, connect, access.token(), CHAT, data)).status == 200
    assert await (await upstream.only()).whole_body() == data


FINE = {
    "plain": CHEAP,
    "named in a text": json.dumps({"model": "cheap", "messages": [{"content": '"model": "dear"'}]}).encode(),
    "described in a tool": b'{"model":"cheap","tools":[{"parameters":{"properties":{"model":{"type":"string"}}}}]}',
    "an escape that is none": b'{"model":"cheap","x":"\\\\u0041 \\u00e9 \\u003c"}',
    "another alphabet": '{"model":"cheap","x":"\u0436"}'.encode(),
    "a mark in front": b'\xef\xbb\xbf{"model":"cheap"}',
    "no fallbacks": b'{"model":"cheap","models":null}',
    "allowed everywhere": b'{"model":"cheap","models":["cheap"],"session":{"model":"cheap"}}',
}


async def test_a_body_that_says_it_is_utf_8(access: Access, gateway: InProcess, connect: Connect) -> None:
    kind = ("Content-Type", "application/json; charset=UTF-8")
    token = access.token(models=("cheap",))
    assert (await ask(gateway, connect, token, CHAT, CHEAP, kind=kind)).status == 200


@pytest.mark.parametrize("data", FINE.values(), ids=FINE.keys())
async def test_what_names_one_model_for_all_passes(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect, data: bytes
) -> None:
    assert (await ask(gateway, connect, access.token(models=("cheap",)), CHAT, data)).status == 200
    assert await (await upstream.only()).whole_body() == data


def packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


DEAR = b'{"model":"dear"}'
CODED = {
    "gzip": (packed(CHEAP), "gzip", 200),
    "deflate": (zlib.compress(CHEAP), "deflate", 200),
    "deflate without its wrapper": (zlib.compress(CHEAP, wbits=-15), "deflate", 200),
    "zstd": (zstandard.compress(CHEAP), "zstd", 200),
    "gzip of two": (packed(CHEAP) + packed(DEAR), "gzip", 403),
    "zstd of two": (zstandard.compress(CHEAP) + zstandard.compress(DEAR), "zstd", 403),
    "dear without wrapper": (zlib.compress(DEAR, wbits=-15), "deflate", 403),
    "a label that is not true": (CHEAP, "br", 403),
    "a label nobody knows": (CHEAP, "x", 403),
    "twice": (packed(packed(CHEAP)), "gzip, gzip", 200),
    "dear, twice": (packed(packed(DEAR)), "gzip, gzip", 403),
    "very large": (packed(b" " * 40_000_000 + CHEAP), "gzip", 403),
}


@pytest.mark.parametrize(("data", "coding", "status"), CODED.values(), ids=CODED.keys())
async def test_a_coded_body(
    access: Access,
    gateway: InProcess,
    upstream: Upstream,
    connect: Connect,
    data: bytes,
    coding: str,
    status: int,
) -> None:
    token = access.token(models=("cheap",))
    answer = await ask(gateway, connect, token, CHAT, data, ("Content-Encoding", coding))
    assert (answer.status, len(upstream.requests)) == (status, status == 200)


FORM = b'--b\r\ncontent-disposition: form-data; name="model"\r\n\r\n%b\r\n'


HEARD = f"{BASE}/openai/v1/audio/transcriptions"
FILE = (
    b'--b\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n'
    b"content-type: audio/wav\r\n\r\nRI\r\nFF\r\n"
)
CODED_PART = FORM.replace(b"\r\n\r\n", b"\r\ncontent-transfer-encoding: base64\r\n\r\n")
END = b"--b--\r\n"
TYPE = "multipart/form-data; boundary=b"
MODEL = FORM % b"cheap"
UPLOADS = {
    "model first": (MODEL + FILE + END, TYPE, 200),
    "file first": (FILE + MODEL + END, TYPE, 200),
    "a quoted boundary": (FILE + MODEL + END, 'multipart/form-data; boundary="b"', 200),
    "no line end behind": (FILE + MODEL + b"--b--", TYPE, 200),
    "the same twice": (MODEL + MODEL + END, TYPE, 200),
    "another model": (FILE + FORM % b"dear" + END, TYPE, 403),
    "two models": (MODEL + FILE + FORM % b"dear" + END, TYPE, 403),
    "two models, dear first": (FORM % b"dear" + MODEL + END, TYPE, 403),
    "none": (FILE + END, TYPE, 403),
    "another case": (FORM.replace(b'"model"', b'"Model"') % b"cheap" + END, TYPE, 403),
    "another case beside": (MODEL + FORM.replace(b'"model"', b'"MODEL"') % b"dear" + END, TYPE, 403),
    "by another name": (MODEL + FORM.replace(b'"model"', b'"model_id"') % b"dear" + END, TYPE, 403),
    "without quotes": (MODEL + FORM.replace(b'"model"', b"model") % b"dear" + END, TYPE, 403),
    "percent-encoded": (MODEL + FORM.replace(b"model", b"mod%%65l") % b"dear" + END, TYPE, 403),
    "escaped": (MODEL + FORM.replace(b"model", b"mod\\el") % b"dear" + END, TYPE, 403),
    "extended": (MODEL + FORM.replace(b'name="model"', b"name*=utf-8''model") % b"dear" + END, TYPE, 403),
    "two names": (FORM.replace(b'"model"', b'"x"; name="model"') % b"dear" + MODEL + END, TYPE, 403),
    "a folded head": (MODEL + FORM.replace(b"; name", b";\r\n name") % b"dear" + END, TYPE, 403),
    "as a file": (MODEL + FORM.replace(b'"model"', b'"model"; filename="x"') % b"dear" + END, TYPE, 403),
    "encoded for transfer": (MODEL + CODED_PART % b"ZGVhcg==" + END, TYPE, 403),
    "bare line feeds": ((MODEL + FORM % b"dear" + END).replace(b"\r\n", b"\n"), TYPE, 403),
    "a part behind a bare line feed": (MODEL[:-2] + b"\n" + FORM % b"dear" + END, TYPE, 403),
    "something in front": (FORM % b"dear" + END + MODEL + END, TYPE, 403),
    "something behind the end": (MODEL + END + FORM % b"dear" + END, TYPE, 403),
    "no end": (MODEL + FORM % b"dear", TYPE, 403),
    "two boundaries": (MODEL + END, "multipart/form-data; boundary=b; boundary=c", 403),
    "another boundary": (MODEL + END, "multipart/form-data; boundary=c", 403),
    "no boundary": (MODEL + END, "multipart/form-data", 403),
    "mixed": (MODEL + END, "multipart/mixed; boundary=b", 403),
    "JSON": (b'{"model":"cheap"}', "multipart/form-data; boundary=b", 403),
}  # fmt: skip


@pytest.mark.parametrize(("data", "kind", "status"), UPLOADS.values(), ids=UPLOADS.keys())
async def test_a_form_may_name_models_that_are_allowed(
    access: Access,
    gateway: InProcess,
    upstream: Upstream,
    connect: Connect,
    data: bytes,
    kind: str,
    status: int,
) -> None:
    token = access.token(models=("cheap",))
    answer = await ask(gateway, connect, token, HEARD, data, kind=("Content-Type", kind))
    assert (answer.status, len(upstream.requests)) == (status, status == 200)


@pytest.mark.parametrize(
    ("method", "tail", "status"),
    [
        ("GET", "v1/models", 200),
        ("GET", "v1/responses/resp_1", 200),
        ("POST", "v1/responses/resp_1/cancel", 200),
        ("GET", "v1/files/f/content", 200),
        ("GET", "v1/something/nobody/knows", 403),
        ("POST", "v1/something/nobody/knows", 403),
        ("POST", "v1/assistants", 403),
        ("DELETE", "v1/models/ft:x", 403),
        ("DELETE", "v1/files/f", 403),
        ("DELETE", "v1/responses/resp_1", 200),
        ("DELETE", "v1/chat/completions/c", 200),
        ("POST", "v1/batches", 403),
    ],
)
async def test_a_key_for_certain_models_may_read(
    access: Access, gateway: InProcess, connect: Connect, method: str, tail: str, status: int
) -> None:
    take = access.token(models=("cheap",))
    take_up(gateway)
    client = await connect(gateway.url)
    answer = await client.ask(method, f"{BASE}/openai/{tail}", bearer(take))
    assert answer.status == status


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (FORM % b"cheap" + FORM % b"dear" + b"--b--\r\n", "multipart/form-data; boundary=b"),
        (FORM % b"dear" + b"--b--\r\n", "multipart/form-data; boundary=b"),
        (b"model=dear", "application/x-www-form-urlencoded"),
        (b'{"model":"cheap","x":"&model=dear&"}', "application/x-www-form-urlencoded"),
        (b'{"model":"cheap"}', "multipart/form-data; boundary=b"),
        (b'{"model":"cheap","+AG0-odel":"dear"}', "application/json; charset=utf-7"),
        (b'{"model":"cheap"}', 'application/json; Charset = "UTF-16"'),
    ],
)
async def test_forms_and_other_charsets_name_no_model(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect, data: bytes, kind: str
) -> None:
    token = access.token(models=("cheap",))
    refused(await ask(gateway, connect, token, CHAT, data, kind=("Content-Type", kind)))
    assert upstream.requests == []


VERTEX = "google-vertex-ai/v1/projects/p/locations/us-central1"
ELSEWHERE = {
    "a tail like Google's": ("openai/v1/chat/completions/models/cheap:x", b'{"model":"dear"}'),
    "a tail like Bedrock's": ("openai/model/cheap/invoke/v1/chat/completions", b'{"model":"dear"}'),
    "a tail like Workers AI's": ("openai/@cf/cheap", b'{"model":"dear"}'),
    "a query": ("openai/v1/realtime?model=dear", CHEAP),
    "a query in capitals": ("openai/v1/realtime?MODEL=dear", CHEAP),
    "a query behind a semicolon": ("openai/v1/realtime?x=1;model=dear", CHEAP),
    "a query, encoded": ("openai/v1/realtime?mod%65l=dear", CHEAP),
    "a deployment behind another": (
        "azure-openai/res/cheap/openai/deployments/dear/chat/completions",
        CHEAP,
    ),
    "a deployment in Azure's form": ("azure-openai/res/openai/deployments/dear/chat/completions", CHEAP),
    "Azure, the body another": ("azure-openai/res/cheap/chat/completions", b'{"model":"dear"}'),
    "Google, the body another": ("google-ai-studio/v1beta/models/cheap:x", b'{"model":"models/dear"}'),
    "Google, the body another behind a mark": (
        "google-ai-studio/v1beta/models/cheap:x",
        b'\xef\xbb\xbf{"model":"models/dear"}',
    ),
    "Google": ("google-ai-studio/v1beta/models/dear:generateContent", CHEAP),
    "Google, a tuned one": ("google-ai-studio/v1beta/tunedModels/cheap:generateContent", CHEAP),
    "a batch, in a file": ("openai/v1/batches", b'{"model":"cheap","input_file_id":"file-1"}'),
    "a batch, in a file spelt otherwise": ("mistral/v1/batches", b'{"model":"cheap","inputFileId":"file-1"}'),
    "Google, the colon encoded": ("google-ai-studio/v1beta/models/dear%3AgenerateContent", CHEAP),
    "Google, letters encoded": ("google-ai-studio/v1beta/m%6Fdels/dear:generateContent", CHEAP),
    "Google, the slash encoded": ("google-ai-studio/v1beta/models%2Fdear:generateContent", CHEAP),
    "Google, a slash behind": ("google-ai-studio/v1beta/models/dear:generateContent/", CHEAP),
    "Google, tuned": ("google-ai-studio/v1beta/tunedModels/dear:generateContent", CHEAP),
    "Google, a batch": (
        "google-ai-studio/v1beta/models/cheap:batchEmbedContents",
        b'{"requests":[{"model":"models/dear"}]}',
    ),
    "Vertex": (f"{VERTEX}/publishers/google/models/dear:generateContent", CHEAP),
    "Vertex, an endpoint": (f"{VERTEX}/endpoints/123:predict", CHEAP),
    "Vertex, the body another": (
        f"{VERTEX}/publishers/google/models/cheap:countTokens",
        b'{"model":"projects/p/locations/l/publishers/google/models/dear"}',
    ),
    "Bedrock": ("aws-bedrock/bedrock-runtime/us-east-1/model/dear/invoke", CHEAP),
    "Bedrock, encoded": ("aws-bedrock/bedrock-runtime/us-east-1/model/arn%3Aaws%2Fdear/converse", CHEAP),
    "Bedrock, another word": ("aws-bedrock/bedrock-runtime/us-east-1/model/dear/count-tokens", CHEAP),
    "Bedrock, asynchronous": (
        "aws-bedrock/bedrock-runtime/us-east-1/async-invoke",
        b'{"model":"cheap","modelId":"dear"}',
    ),
    "Workers AI": ("workers-ai/@cf/dear", CHEAP),
    "Workers AI, the at sign encoded": ("workers-ai/%40cf/dear", CHEAP),
    "Workers AI, run": ("workers-ai/run/@cf/dear", CHEAP),
    "Workers AI, ai/run": ("workers-ai/ai/run/dear", CHEAP),
    "Hugging Face": ("huggingface/org/dear", CHEAP),
    "Hugging Face, repeated": ("huggingface/models/org/dear", CHEAP),
    "Replicate": ("replicate/v1/models/org/dear/predictions", CHEAP),
    "Replicate, without version": ("replicate/models/org/dear/predictions", CHEAP),
    "Replicate, a deployment": ("replicate/deployments/org/dear/predictions", CHEAP),
    "Replicate, a version": ("replicate/predictions", b'{"model":"cheap","version":"org/dear:1"}'),
    "fal": ("fal/fal-ai/dear", CHEAP),
    "Baseten": ("baseten/model/dear1/production/predict", CHEAP),
    "Ideogram": ("ideogram/v1/ideogram-v3/generate", CHEAP),
    "Fireworks": ("fireworks/workflows/accounts/fireworks/models/dear/text_to_image", CHEAP),
    "ElevenLabs": ("elevenlabs/v1/text-to-speech/v", b'{"model":"cheap","model_id":"dear"}'),
    "ElevenLabs, by default": ("elevenlabs/v1/text-to-speech/v", CHEAP),
    "Cartesia": ("cartesia/tts/bytes", b'{"model":"cheap","model_id":"dear"}'),
    "Deepgram": ("deepgram/v1/listen?model=dear", CHEAP),
    "Deepgram, twice": ("deepgram/v1/listen?model=cheap&model=dear", b"{}"),
    "Deepgram, by default": ("deepgram/v1/listen", CHEAP),
    "Firefly, by default": ("adobe-firefly/v3/images/generate-async", CHEAP),
    "Parallel": ("parallel/v1/tasks/runs", b'{"model":"cheap","processor":"ultra8x","input":"x"}'),
    "custom, Google's way": ("custom-mine/v1beta/models/dear:generateContent", CHEAP),
    "custom, Bedrock's way": ("custom-mine/model/dear/invoke", CHEAP),
    "custom, Azure's way": ("custom-mine/openai/deployments/dear/chat/completions", CHEAP),
    "custom, Workers AI's way": ("custom-mine/@cf/dear", CHEAP),
    "custom, the body another": ("custom-mine/v1beta/models/cheap:x", b'{"model":"dear"}'),
}


@pytest.mark.parametrize(("tail", "data"), ELSEWHERE.values(), ids=ELSEWHERE.keys())
async def test_a_model_that_stands_elsewhere_than_where_the_provider_looks(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect, tail: str, data: bytes
) -> None:
    refused(await ask(gateway, connect, access.token(models=("cheap",)), f"{BASE}/{tail}", data))
    assert upstream.requests == []


ALLOWED = {
    "cheap": "google-ai-studio/v1beta/models/cheap:generateContent",
    "a:b/cheap": "aws-bedrock/bedrock-runtime/us-east-1/model/a%3Ab%2Fcheap/converse",
    "@cf/cheap": "workers-ai/run/@cf/cheap",
    "org/cheap": "replicate/models/org/cheap/predictions",
    "fal-ai/cheap": "fal/fal-ai/cheap",
    "nova-3": "deepgram/v1/listen?model=nova-3",
}


@pytest.mark.parametrize(("model", "tail"), ALLOWED.items())
async def test_a_model_where_the_provider_looks(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect, model: str, tail: str
) -> None:
    token = access.token(models=(model,))
    data = b"\x00audio" if "deepgram" in tail else b'{"contents":[]}'
    kind = ("Content-Type", "audio/wav") if "deepgram" in tail else JSON
    if not tail.startswith("fal/"):
        assert (await ask(gateway, connect, token, f"{BASE}/{tail}", data, kind=kind)).status == 200
    else:
        assert (await ask(gateway, connect, token, f"{BASE}/{tail}", data)).status == 200
    assert len(upstream.requests) == 1


@pytest.mark.parametrize(
    ("tail", "header"),
    [
        ("openai/v1/chat/completions", ("x-model", "dear")),
        ("custom-mine/v1/chat/completions", ("azureml-model-deployment", "dear")),
        ("adobe-firefly/v3/images/generate-async", ("x-model-version", "dear")),
    ],
)
async def test_a_header_that_names_another(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect, tail: str, header: Header
) -> None:
    token = access.token(models=("cheap",))
    refused(await ask(gateway, connect, token, f"{BASE}/{tail}", CHEAP, header))
    assert upstream.requests == []


async def test_fal_goes_by_its_header(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    token = access.token(models=("fal-ai/cheap",))
    target = ("x-fal-target-url", "https://fal.run/fal-ai/dear")
    refused(await ask(gateway, connect, token, f"{BASE}/fal/fal-ai/cheap", b"{}", target))
    assert upstream.requests == []


@pytest.mark.parametrize(
    "data",
    [
        b'{"model":"openai/cheap","Model":"dear"}',
        b'{"model":"openai/dear","model":"openai/cheap"}',
        b'{"model":"openai/cheap","mod\\u0065l":"openai/cheap"}',
        b'{"model":"openai/cheap","models":["dear"]}',
        b'{"model":"openai/cheap","session":{"model":"dear"}}',
    ],
)
@pytest.mark.parametrize("way", ["compat", "a step"])
async def test_what_the_unified_endpoint_sends_on(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect, data: bytes, way: str
) -> None:
    target = COMPAT if way == "compat" else UNIVERSAL
    sent = data
    if way == "a step":
        sent = b'[{"provider":"compat","endpoint":"chat/completions","headers":{},"query":%b}]' % data
    refused(await ask(gateway, connect, access.token(models=("openai/cheap",)), target, sent))
    assert upstream.requests == []


async def test_each_step_is_read_like_a_call(
    access: Access, gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    token = access.token(models=("cheap",))
    tail = "chat/completions/models/cheap:x"
    refused(await ask(gateway, connect, token, UNIVERSAL, steps(("openai", tail, {"model": "dear"}))))
    twice = b'[{"provider":"openai","endpoint":"x","headers":{},"query":{"model":"dear","model":"cheap"}}]'
    refused(await ask(gateway, connect, token, UNIVERSAL, twice))
    assert upstream.requests == []


async def test_the_refusal_says_why(access: Access, gateway: InProcess, connect: Connect) -> None:
    token = access.token(models=("cheap",))
    why = refused(await ask(gateway, connect, token, CHAT, TWICE["first dear"]))
    assert "a name is there twice" in why
    assert "names none" in refused(await ask(gateway, connect, token, CHAT, b"{}"))
    assert "dear" in refused(await ask(gateway, connect, token, CHAT, TWICE["in a batch"]))


GROUP = "parallel/v1/tasks/groups/g/runs"
BATCHES = "anthropic/v1/messages/batches"
ROWS: dict[str, tuple[str, str, bytes, int]] = {
    "runs of a group": ("lite", GROUP, b'{"inputs":[{"processor":"lite"},{"processor":"lite"}]}', 200),
    "one of them dear": ("lite", GROUP, b'{"inputs":[{"processor":"lite"},{"processor":"ultra8x"}]}', 403),
    "one without": ("lite", GROUP, b'{"inputs":[{"processor":"lite"},{"input":"x"}]}', 403),
    "one of them null": ("lite", GROUP, b'{"inputs":[{"processor":"lite"},{"processor":null}]}', 403),
    "one of them twice": ("lite", GROUP, b'{"inputs":[{"processor":"ultra8x","processor":"lite"}]}', 403),
    "one in capitals": ("lite", GROUP, b'{"inputs":[{"Processor":"ultra8x","processor":"lite"}]}', 403),
    "one that is no object": ("lite", GROUP, b'{"inputs":[{"processor":"lite"},7]}', 403),
    "none": ("lite", GROUP, b'{"inputs":[]}', 403),
    "no list": ("lite", GROUP, b'{"inputs":{"processor":"lite"}}', 403),
    "a model beside": ("lite", GROUP, b'{"model":"dear","inputs":[{"processor":"lite"}]}', 403),
    "a batch of messages": ("cheap", BATCHES, b'{"requests":[{"params":{"model":"cheap"}}]}', 200),
    "a dear one in it": (
        "cheap", BATCHES, b'{"requests":[{"params":{"model":"cheap"}},{"params":{"model":"dear"}}]}', 403,
    ),
    "one in it without": ("cheap", BATCHES, b'{"requests":[{"params":{"model":"cheap"}},{"params":{}}]}', 403),
    "a session": ("cheap", "openai/v1/realtime/client_secrets", b'{"session":{"model":"cheap"}}', 200),
    "a dear session": ("cheap", "openai/v1/realtime/client_secrets", b'{"session":{"model":"dear"}}', 403),
    "a search": ("search-*", "parallel/v1/search", b'{"objective":"x"}', 200),
    "a search by its name in the log": ("parallel/search-fast", "parallel/v1/search", b'{"mode":"fast"}', 200),
    "a dearer search": ("search-fast", "parallel/v1/search", b'{"mode":"advanced"}', 403),
    "the usual search": ("search-fast", "parallel/v1/search", b"{}", 403),
    "an older search": ("search-base", "parallel/v1beta/search", b'{"mode":"fast","processor":"base"}', 403),
    "another product": ("ultra", "parallel/v1/search", b"{}", 403),
    "extracts": ("extract", "parallel/v1/extract", b'{"urls":["https://x.example"]}', 200),
    "extending": ("findall-*", "parallel/v1beta/findall/runs/f/extend", b'{"additional_match_limit":5}', 200),
    "FindAll": ("findall-base", "parallel/v1beta/findall/runs", b'{"generator":"base"}', 200),
    "dearer": ("findall-base", "parallel/v1beta/findall/runs", b'{"generator":"pro"}', 403),
    "a task is no FindAll": ("core", "parallel/v1beta/findall/runs", b'{"generator":"core"}', 403),
    "what no row knows": ("cheap", "elevenlabs/v9/nobody/knows", b'{"model":"cheap"}', 403),
    "the same by its own word": ("cheap", "elevenlabs/v9/nobody/knows", b'{"model_id":"cheap"}', 200),
    "fallbacks alone": ("cheap", "openrouter/chat/completions", b'{"models":["cheap","cheap"]}', 200),
    "dear fallbacks": ("cheap", "openrouter/chat/completions", b'{"models":["cheap","dear"]}', 403),
}  # fmt: skip


@pytest.mark.parametrize(("model", "tail", "data", "status"), ROWS.values(), ids=ROWS.keys())
async def test_a_key_is_held_to_what_the_rows_of_a_provider_name(
    access: Access,
    gateway: InProcess,
    upstream: Upstream,
    connect: Connect,
    model: str,
    tail: str,
    data: bytes,
    status: int,
) -> None:
    answer = await ask(gateway, connect, access.token(models=(model,)), f"{BASE}/{tail}", data)
    assert (answer.status, len(upstream.requests)) == (status, status == 200)
