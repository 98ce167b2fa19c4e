"""OTLP in protobuf, with the messages that the project itself publishes.

Only traces: metrics go out as JSON. Loaded late, for few gateways ask for it and it takes 8 MB.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1 import trace_pb2 as otlp

from penstock.export.otlp_json import RESOURCE, SCOPE
from penstock.export.span import SPAN_NAME, Span
from penstock.metadata import MetadataValue

CONTENT_TYPE: Final = "application/x-protobuf"


def encode_span(span: Span) -> bytes:
    """One span, to go into `traces`."""
    code = otlp.Status.STATUS_CODE_OK if span.error is None else otlp.Status.STATUS_CODE_ERROR
    return otlp.Span(
        trace_id=bytes.fromhex(span.trace_id),
        span_id=bytes.fromhex(span.span_id),
        parent_span_id=bytes.fromhex(span.parent_id),
        flags=span.flags,
        name=SPAN_NAME,
        kind=otlp.Span.SPAN_KIND_CLIENT,
        start_time_unix_nano=span.begin_ns,
        end_time_unix_nano=span.end_ns,
        attributes=_attributes(span.attributes),
        events=[
            otlp.Span.Event(name=one.name, time_unix_nano=one.at_ns, attributes=_attributes(one.attributes))
            for one in span.events
        ],
        status=otlp.Status(code=code, message=span.error or ""),
    ).SerializeToString()


def traces(spans: Sequence[bytes]) -> bytes:
    """An ExportTraceServiceRequest of encoded spans."""
    scope = otlp.ScopeSpans(
        scope=InstrumentationScope(name=SCOPE), spans=[otlp.Span.FromString(span) for span in spans]
    )
    resource = Resource(attributes=_attributes(RESOURCE))
    whole = ExportTraceServiceRequest(
        resource_spans=[otlp.ResourceSpans(resource=resource, scope_spans=[scope])]
    )
    return whole.SerializeToString()


def rejected(answer: bytes) -> tuple[int, str]:
    """How many spans a receiver did not take, and why. Raises ValueError for what is no answer."""
    try:
        partial = ExportTraceServiceResponse.FromString(answer).partial_success
    except Exception as error:
        raise ValueError("not an answer in protobuf") from error
    return partial.rejected_spans, partial.error_message


def _attributes(found: Mapping[str, MetadataValue]) -> list[KeyValue]:
    return [KeyValue(key=name, value=_value(value)) for name, value in found.items()]


def _value(value: MetadataValue) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return AnyValue(int_value=value)
    if isinstance(value, int | float):
        return AnyValue(double_value=value)
    return AnyValue(string_value=value)
