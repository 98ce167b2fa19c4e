"""Whatever is in a call, both forms of OTLP say the same, and are what the protocol's own definitions read."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest
from google.protobuf.json_format import Parse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from penstock.export import otlp_json, otlp_protobuf
from penstock.export.span import span_of
from penstock.export.trace_context import PARENT_HEADER, TRACE_HEADER, W3C_HEADER
from penstock.journal.record import Event
from penstock.metrics.call_tally import Tally, call_metrics, new_tally
from penstock.stores.ledger import Bodies, CallRow
from support.export_kit import Store, an_empty_store, new_call

store = pytest.fixture(an_empty_store)

TEXTS = st.text(max_size=30)
VALUES = TEXTS | st.integers(-(2**64), 2**65) | st.floats(allow_nan=True) | st.booleans()


@st.composite
def changes(draw: st.DrawFn) -> dict[str, Any]:
    headers = st.sampled_from((TRACE_HEADER, PARENT_HEADER, W3C_HEADER, "cf-aig-metadata"))
    return {
        "metadata": draw(
            st.dictionaries(TEXTS | st.just("gen_ai.x") | st.just("penstock.step"), VALUES, max_size=5)
        ),
        "controls": draw(st.dictionaries(headers, TEXTS | st.from_regex(r"\A[0-9a-f]{16,32}\Z"), max_size=3)),
        "event_id": draw(TEXTS | st.uuids().map(str)),
        "model": draw(st.none() | TEXTS),
        "path": draw(TEXTS),
        "error_detail": draw(TEXTS),
        "success": draw(st.booleans()),
        "tokens_in": draw(st.none() | st.integers(0, 2**53)),
        "cost_nano": draw(st.none() | st.integers(0, 10**15)),
        "duration_us": draw(st.integers(0, 2**45)),
        "first_byte_us": draw(st.none() | st.integers(0, 2**45)),
        "trail": tuple(draw(st.lists(st.builds(Event, TEXTS, st.integers(0, 2**40), TEXTS), max_size=3))),
    }


BODIES = st.none() | st.builds(
    Bodies,
    st.binary(max_size=40) | st.just(b'{"messages":[]}'),
    st.binary(max_size=40),
    st.booleans(),
    st.booleans(),
)


def read(data: bytes) -> ExportTraceServiceRequest:
    """As a receiver does it: ids are hex there, base64 in the general mapping of protobuf."""
    found = json.loads(data)
    for span in found["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        for name in ("traceId", "spanId", "parentSpanId"):
            if name in span:
                span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    return Parse(json.dumps(found), ExportTraceServiceRequest())


@given(changes=changes(), bodies=BODIES)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=150,
    deadline=None,
)
def test_both_forms_say_the_same(store: Store, changes: dict[str, Any], bodies: Bodies | None) -> None:
    if not store.rows():
        store.add()
    row: CallRow = msgspec.structs.replace(store.rows()[0], **changes)
    span = span_of(row, bodies)
    plain = read(otlp_json.traces([otlp_json.encode_span(span)]))
    packed = ExportTraceServiceRequest.FromString(otlp_protobuf.traces([otlp_protobuf.encode_span(span)]))
    # JSON has no number for what is not finite: it goes out as text there.
    assert _texts_of_odd_numbers(packed) == plain
    (found,) = plain.resource_spans[0].scope_spans[0].spans
    assert (len(found.trace_id), len(found.span_id)) == (16, 8)
    assert any(found.trace_id)
    assert any(found.span_id)
    assert found.end_time_unix_nano >= found.start_time_unix_nano
    names = [one.key for one in found.attributes]
    assert len(names) == len(set(names))
    (step,) = [one.value for one in found.attributes if one.key == "penstock.step"]
    assert step.int_value == row.step


def _texts_of_odd_numbers(request: ExportTraceServiceRequest) -> ExportTraceServiceRequest:
    for one in request.resource_spans[0].scope_spans[0].spans[0].attributes:
        value = one.value.double_value
        if value != value or value in (float("inf"), float("-inf")):
            one.value.string_value = str(value)
    return request


def test_metrics_are_what_the_protocol_reads() -> None:
    tally = Tally(new_tally(1), 10)
    tally.add(new_call(number) for number in range(3))
    data = otlp_json.metrics(list(call_metrics(tally.state())), 1000, 2000)
    request = Parse(data, ExportMetricsServiceRequest())
    metrics = {one.name: one for one in request.resource_metrics[0].scope_metrics[0].metrics}
    assert metrics["penstock.requests"].sum.is_monotonic
    (spread,) = metrics["penstock.request.duration"].histogram.data_points
    assert (spread.count, sum(spread.bucket_counts)) == (3, 3)
    assert len(spread.bucket_counts) == len(spread.explicit_bounds) + 1
