"""A call as a span: names, attributes and events (Cloudflare 3.22). Pure.

How a span looks on the wire is in `otlp_json.py` and `otlp_protobuf.py`; ids are in `trace_context.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from penstock.calls.row_operation import operation_of
from penstock.calls.wording import Wording, milliseconds, plain, usd
from penstock.export.call_texts import completion_of, plain_bodies, prompt_of
from penstock.export.trace_context import trace_context
from penstock.metadata import MetadataValue
from penstock.pricing.units import to_usd
from penstock.providers.operation import otel_name
from penstock.stores.call_columns import Kind
from penstock.stores.ledger import Bodies, CallRow
from penstock.time_text import rfc3339

SPAN_NAME: Final = "cf.aig.request"
LONGEST_TEXT: Final = 32_768
"""Characters of a prompt or an answer that go out."""

_GEN_AI = "gen_ai."
_PROVIDERS: Final[Mapping[str, str]] = {
    "aws-bedrock": "aws.bedrock",
    "azure-openai": "azure.ai.openai",
    "google-ai-studio": "gcp.gemini",
    "google-vertex-ai": "gcp.vertex_ai",
    "grok": "x_ai",
    "mistral": "mistral_ai",
    "perplexity-ai": "perplexity",
}
"""`gen_ai.provider.name` where it is another word than ours (OpenTelemetry's registry of May 2026)."""

Attributes = dict[str, MetadataValue]

_UNITS: Final[Mapping[Kind, str]] = {"duration": "_ms", "money": "_usd"}
_WORDING: Final = Wording(
    lambda column: f"penstock.{column.wire}{_UNITS.get(column.kind, '')}",
    {"moment": rfc3339, "duration": milliseconds, "money": usd},
)
_LATER: Final = _WORDING.later(())


class SpanEvent(NamedTuple):
    """Something that happened within a span."""

    name: str
    at_ns: int
    attributes: Attributes


class Span(NamedTuple):
    """One span. Times are wall-clock nanoseconds, ids lower-case hex; an empty parent is none."""

    trace_id: str
    span_id: str
    parent_id: str
    flags: int
    begin_ns: int
    end_ns: int
    attributes: Attributes
    events: tuple[SpanEvent, ...]
    error: str | None  # None: the call went well


def span_of(row: CallRow, bodies: Bodies | None) -> Span:
    """The span of one call. What the caller named in its metadata never takes the place of what is known."""
    context = trace_context(row)
    begin_ns = row.created_us * 1000
    named = {name: value for name, value in row.metadata.items() if not name.startswith(_GEN_AI)}
    return Span(
        *context,
        begin_ns,
        begin_ns + row.duration_us * 1000,
        {**named, **_facts(row), **_gen_ai(row), **_texts(row, bodies)},
        tuple(
            SpanEvent(one.what, begin_ns + one.offset_us * 1000, {"detail": one.detail} if one.detail else {})
            for one in row.trail
        ),
        None if row.success else row.error_detail or f"{row.outcome}, status {row.status_code}",
    )


def _facts(row: CallRow) -> Attributes:
    found: Attributes = {
        "http.request.method": row.method,
        "http.response.status_code": row.status_code,
        "url.path": row.path.partition("?")[0],
        "penstock.account": row.account,
        "penstock.gateway": row.gateway,
        "penstock.log_id": row.id,
        "penstock.event_id": row.event_id,
        "penstock.step": row.step,
        "penstock.cached": row.cached,
        "penstock.proxy.attempts": row.attempts,
        "penstock.outcome": row.outcome,
    }
    if row.first_byte_us is not None:
        found["penstock.first_byte_ms"] = row.first_byte_us / 1000
    if not row.success:
        found["error.type"] = str(row.error_code or row.status_code)
    who = {"penstock.token": row.token, "penstock.user": row.user, "penstock.team": row.team}
    more = who | {name: get(row) for name, get in _LATER.items()}
    return found | {name: value for name, one in more.items() if (value := plain(one)) is not None}


def _gen_ai(row: CallRow) -> Attributes:
    """Each under its documented name and under the one that was measured."""
    found: Attributes = {
        "gen_ai.model.provider": row.provider,
        "gen_ai.provider.name": _PROVIDERS.get(row.provider, row.provider),
    }
    if row.model is not None:
        found["gen_ai.request.model"] = row.model.removeprefix(f"{row.provider}/")
    operation = otel_name(operation_of(row))
    if operation is not None:
        found["gen_ai.operation.name"] = operation
    if row.tokens_in is not None:
        found["gen_ai.usage.input_tokens"] = row.tokens_in
    if row.tokens_out is not None:
        found["gen_ai.usage.output_tokens"] = row.tokens_out
    if row.cost_nano is not None:
        found["gen_ai.usage.cost"] = to_usd(row.cost_nano)
    return found


def _texts(row: CallRow, bodies: Bodies | None) -> Attributes:
    if bodies is None:
        return {}
    request, response = plain_bodies(row, bodies)
    found: Attributes = {}
    if request:
        text = prompt_of(request)[:LONGEST_TEXT]
        found |= {"gen_ai.prompt_json": text, "gen_ai.input.messages": text}
    if response:
        text = completion_of(response)[:LONGEST_TEXT]
        found |= {"gen_ai.completion_json": text, "gen_ai.output.messages": text}
    return found
