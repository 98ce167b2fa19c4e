"""Spans as a receiver gets them, in both forms, and what its answers mean."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import logging
from typing import Any

import msgspec
import pytest
from google.protobuf.json_format import MessageToDict, Parse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from penstock.exits.sender import Sender, TryAgain
from penstock.export.delivery import Parcel, Refused
from penstock.export.otlp_traces import OtlpTraces
from penstock.export.span import LONGEST_TEXT, span_of
from penstock.journal.record import Event, Outcome
from penstock.settings.gateways import OtelExporter
from penstock.stores.ledger import Bodies, CallRow
from support.export_kit import Store, a_sender, an_empty_store
from support.replies import Act, Reply, raw, silence, whole
from support.upstream import Upstream

store = pytest.fixture(an_empty_store)
sender = pytest.fixture(a_sender)

ASKED = b'{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}]}'
ANSWERED = b'{"choices":[{"message":{"content":"Hello"}}],"usage":{}}'
REQUEST = ExportTraceServiceRequest


def outlet(upstream: Upstream, sender: Sender, form: str = "json", **more: object) -> OtlpTraces:
    settings = OtelExporter(
        url=f"{upstream.url}/v1/traces",
        headers={"x-tenant": "a"},
        content_type=form,  # type: ignore[arg-type]
        **more,  # type: ignore[arg-type]
    )
    return OtlpTraces(settings, sender)


def parcel(*records: bytes) -> Parcel:
    return Parcel(1, len(records), 0, records)


async def sent(upstream: Upstream, traces: OtlpTraces, row: CallRow, bodies: Bodies | None) -> dict[str, Any]:
    """The one span of what arrived, as JSON."""
    await traces.deliver(parcel(traces.encode(row, bodies)))
    body = gzip.decompress(await (await upstream.only()).whole_body())
    (resource,) = json.loads(body)["resourceSpans"]
    assert resource["resource"]["attributes"] == [
        {"key": "service.name", "value": {"stringValue": "ai-gateway"}}
    ]
    ((span,),) = [scope["spans"] for scope in resource["scopeSpans"]]
    assert isinstance(span, dict)
    return span


def attributes(span: dict[str, Any]) -> dict[str, object]:
    return {one["key"]: next(iter(one["value"].values())) for one in span["attributes"]}


async def test_a_call_as_json(store: Store, upstream: Upstream, sender: Sender) -> None:
    row = store.row(
        metadata={"team": "x", "n": 3, "ok": True, "gen_ai.request.model": "no", "penstock.step": 9},
        trail=(Event("attempt", 1_000, "openai: 503"), Event("answer", 9_000)),
        attempts=2,
        user="ann",
    )
    traces = outlet(upstream, sender, authorization="Bearer secret")
    span = await sent(upstream, traces, row, Bodies(ASKED, ANSWERED, False, False))
    begin = row.created_us * 1000
    assert {name: value for name, value in span.items() if name not in ("attributes", "events")} == {
        "traceId": row.event_id.replace("-", ""),
        "spanId": row.id.replace("-", "")[16:],
        "name": "cf.aig.request",
        "kind": 3,
        "flags": 1,
        "startTimeUnixNano": str(begin),
        "endTimeUnixNano": str(begin + 12_345_000),
        "status": {"code": 1},
    }
    assert span["events"] == [
        {
            "name": "attempt",
            "timeUnixNano": str(begin + 1_000_000),
            "attributes": [{"key": "detail", "value": {"stringValue": "openai: 503"}}],
        },
        {"name": "answer", "timeUnixNano": str(begin + 9_000_000), "attributes": []},
    ]
    found = attributes(span)
    assert (
        found
        | {
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.model.provider": "openai",
            "gen_ai.provider.name": "openai",
            "gen_ai.operation.name": "chat",
            "gen_ai.usage.input_tokens": "11",
            "gen_ai.usage.output_tokens": "22",
            "gen_ai.usage.cost": 0.033,
            "gen_ai.prompt_json": '[{"role":"user","content":"Hi"}]',
            "gen_ai.input.messages": '[{"role":"user","content":"Hi"}]',
            "gen_ai.completion_json": '[{"message":{"content":"Hello"}}]',
            "gen_ai.output.messages": '[{"message":{"content":"Hello"}}]',
            "http.response.status_code": "200",
            "penstock.step": "0",
            "penstock.proxy.attempts": "2",
            "penstock.cached": False,
            "penstock.operation": "openai.chat.completions.create",
            "penstock.user": "ann",
            "team": "x",
            "n": "3",
            "ok": True,
        }
        == found
    )
    seen = await upstream.only()
    assert seen.header("authorization") == b"Bearer secret"
    assert seen.header("x-tenant") == b"a"
    assert seen.header("content-type") == b"application/json"
    assert seen.header("content-encoding") == b"gzip"


@pytest.mark.parametrize(
    ("provider", "operation", "method", "path", "words"),
    [
        ("openai", "openai.chat.completions.create", "POST", "chat/completions", ("openai", "chat")),
        ("openai", "openai.responses.create", "POST", "responses", ("openai", "chat")),
        ("openai", "openai.responses.create.background", "POST", "responses", ("openai", "chat")),
        ("openai", "openai.responses.get", "GET", "responses/r", ("openai", None)),
        ("openai", "openai.embeddings.create", "POST", "embeddings", ("openai", "embeddings")),
        ("openai", "openai.images.generations.create", "POST", "images/generations", ("openai", None)),
        ("openai", "openai.assistants.create", "POST", "assistants", ("openai", "create_agent")),
        ("anthropic", "anthropic.messages.create", "POST", "v1/messages", ("anthropic", "chat")),
        ("parallel", "parallel.search.create", "POST", "v1/search", ("parallel", "retrieval")),
        ("parallel", "parallel.tasks.runs.create", "POST", "v1/tasks/runs", ("parallel", "invoke_agent")),
        ("grok", "grok.chat.completions.create", "POST", "v1/chat/completions", ("x_ai", "chat")),
        ("mistral", "unknown", "POST", "v1/new", ("mistral_ai", None)),
        ("perplexity-ai", "", "POST", "chat/completions", ("perplexity", None)),
        ("azure-openai", "unknown", "POST", "r/d/new", ("azure.ai.openai", None)),
        ("aws-bedrock", "unknown", "POST", "new", ("aws.bedrock", None)),
        ("google-ai-studio", "unknown", "POST", "new", ("gcp.gemini", None)),
        ("google-vertex-ai", "unknown", "POST", "new", ("gcp.vertex_ai", None)),
        ("custom-mine", "unknown", "POST", "new", ("custom-mine", None)),
    ],
)
def test_operations_and_providers_in_the_words_of_the_registry(
    store: Store, provider: str, operation: str, method: str, path: str, words: tuple[str, str | None]
) -> None:
    row = msgspec.structs.replace(
        store.row(), provider=provider, operation=operation, method=method, path=path
    )
    found = span_of(row, None).attributes
    assert (found["gen_ai.provider.name"], found.get("gen_ai.operation.name")) == words
    assert found["gen_ai.model.provider"] == provider
    assert found.get("penstock.operation", "") == operation


async def test_a_call_that_failed(store: Store, upstream: Upstream, sender: Sender) -> None:
    row = store.row(status=429, outcome=int(Outcome.REFUSED), error_code=2003, error_detail="too fast")
    span = await sent(upstream, outlet(upstream, sender), row, None)
    assert span["status"] == {"code": 2, "message": "too fast"}
    assert attributes(span)["error.type"] == "2003"
    assert not [name for name in attributes(span) if "messages" in name]


async def test_bodies_are_unpacked_and_bounded(store: Store, upstream: Upstream, sender: Sender) -> None:
    row = store.row(request_encoding="gzip", response_encoding="br")
    long = gzip.compress(b"x" * (LONGEST_TEXT + 10))
    span = await sent(upstream, outlet(upstream, sender), row, Bodies(long, b"?", False, False))
    found = attributes(span)
    assert found["gen_ai.prompt_json"] == "x" * LONGEST_TEXT
    assert "gen_ai.completion_json" not in found


async def test_both_forms_say_the_same(store: Store, upstream: Upstream, sender: Sender) -> None:
    rows = [
        store.row(metadata={"big": 2**53, "f": 1.5, "b": False, "s": "é"}, trail=(Event("x", 1, "y"),)),
        store.row(
            controls={"cf-aig-otel-trace-id": "a" * 32, "cf-aig-otel-parent-span-id": "b" * 16}, status=500
        ),
    ]
    for form in ("json", "protobuf"):
        traces = outlet(upstream, sender, form)
        await traces.deliver(
            parcel(*(traces.encode(row, Bodies(ASKED, ANSWERED, False, False)) for row in rows))
        )
    first, second = [gzip.decompress(bytes(seen.body)) for seen in upstream.requests]
    assert upstream.requests[1].header("content-type") == b"application/x-protobuf"
    by_json = Parse(_with_base64_ids(first), REQUEST())
    assert MessageToDict(by_json) == MessageToDict(REQUEST.FromString(second))


def _with_base64_ids(body: bytes) -> bytes:
    """OTLP has ids in hex where protobuf's own JSON has base64."""
    found = json.loads(body)
    for span in found["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        for name in ("traceId", "spanId", "parentSpanId"):
            if name in span:
                span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    return json.dumps(found).encode()


@pytest.mark.parametrize("status", [429, 502, 503, 504, 307])
async def test_later(upstream: Upstream, sender: Sender, status: int) -> None:
    upstream.will(whole(b"", status, (("retry-after", "17"),)))
    with pytest.raises(TryAgain, match=f"status {status}") as caught:
        await outlet(upstream, sender).deliver(parcel(b"{}"))
    assert caught.value.after == 17.0


@pytest.mark.parametrize("value", ["Wed, 21 Oct 2026 07:28:00 GMT", "-5", "1e9", "²"])
async def test_an_odd_retry_after_counts_as_none(upstream: Upstream, sender: Sender, value: str) -> None:
    upstream.will(whole(b"", 503, (("retry-after", value),)))
    with pytest.raises(TryAgain) as caught:
        await outlet(upstream, sender).deliver(parcel(b"{}"))
    assert caught.value.after is None


@pytest.mark.parametrize("status", [400, 401, 404, 413, 500])
async def test_never(upstream: Upstream, sender: Sender, status: int) -> None:
    upstream.will(whole(b"bad span", status))
    with pytest.raises(Refused, match=f"status {status}: 'bad span'"):
        await outlet(upstream, sender).deliver(parcel(b"{}"))


@pytest.mark.parametrize("form", ["json", "protobuf"])
async def test_a_partial_success_is_said(
    upstream: Upstream, sender: Sender, caplog: pytest.LogCaptureFixture, form: str
) -> None:
    body = b'{"partialSuccess": {"rejectedSpans": "3", "errorMessage": "too old"}}'
    if form == "protobuf":
        partial = ExportTracePartialSuccess(rejected_spans=3, error_message="too old")
        body = ExportTraceServiceResponse(partial_success=partial).SerializeToString()
    upstream.will(whole(body))
    await outlet(upstream, sender, form).deliver(parcel())
    assert "left out 3 records: 'too old'" in caplog.text


@pytest.mark.parametrize("body", [b"", b"OK", b"{}", b'{"partialSuccess": {}}', b"[" * 60_000])
async def test_an_answer_of_any_kind_is_taken(upstream: Upstream, sender: Sender, body: bytes) -> None:
    for form in ("json", "protobuf"):
        upstream.will(whole(body))
        await outlet(upstream, sender, form).deliver(parcel())


async def test_a_warning_is_passed_on(
    upstream: Upstream, sender: Sender, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    upstream.will(whole(b'{"partialSuccess": {"errorMessage": "use fewer attributes"}}'))
    await outlet(upstream, sender).deliver(parcel())
    assert "use fewer attributes" in caplog.text


# -- no answer at all


async def test_connections_that_break_are_tried_again(upstream: Upstream, sender: Sender) -> None:
    upstream.will(raw(Act.RESET), raw(Act.CLOSE), raw(b"nonsense\r\n\r\n"))
    for _ in range(3):
        with pytest.raises(TryAgain, match=r"127\.0\.0\.1"):
            await outlet(upstream, sender).deliver(parcel(b"{}"))
    await outlet(upstream, sender).deliver(parcel(b"{}"))


async def test_nobody_listens(upstream: Upstream, sender: Sender) -> None:
    traces = outlet(upstream, sender)
    await upstream.close()
    with pytest.raises(TryAgain, match=r"127\.0\.0\.1"):
        await traces.deliver(parcel(b"{}"))


@pytest.mark.parametrize(
    "answer", [silence(), raw(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", asyncio.Event())]
)
async def test_a_slow_receiver_is_not_waited_for(upstream: Upstream, answer: Reply) -> None:
    sender = Sender(deadline=0.2)
    upstream.will(answer)
    with pytest.raises(TryAgain, match="no answer in time"):
        await outlet(upstream, sender).deliver(parcel(b"{}"))
    await sender.close()


async def test_no_secret_gets_into_an_error(upstream: Upstream, sender: Sender) -> None:
    url = f"http://user:hush@127.0.0.1:{upstream.port}/hush?key=hush"
    broken = OtelExporter(url=url, headers={"x": "hush\r\nx: y"}, authorization="hush")
    with pytest.raises(TryAgain) as caught:
        await OtlpTraces(broken, sender).deliver(parcel(b"{}"))
    assert "hush" not in str(caught.value)
    assert f"127.0.0.1:{upstream.port}" in str(caught.value)


async def test_a_very_long_answer_is_read_in_part(upstream: Upstream, sender: Sender) -> None:
    upstream.will(whole(b"x" * 1_000_000, 400))
    with pytest.raises(Refused) as caught:
        await outlet(upstream, sender).deliver(parcel(b"{}"))
    assert len(str(caught.value)) < 500
