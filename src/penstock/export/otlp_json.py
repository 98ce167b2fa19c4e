"""OTLP in JSON: ids as hex, 64-bit whole numbers as text, names in camel case (OTLP 1.5, "JSON Protobuf Encoding").

Pure; spans and metrics as nouns come in, bytes go out. The same in protobuf is in `otlp_protobuf.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from penstock.export.span import SPAN_NAME, Span
from penstock.metadata import MetadataValue
from penstock.metrics.metric import Histogram, Metric, Value

CONTENT_TYPE: Final = "application/json"
KIND_CLIENT: Final = 3
STATUS_OK: Final = 1
STATUS_ERROR: Final = 2
CUMULATIVE: Final = 2
SCOPE: Final = "penstock"
RESOURCE: Final = {"service.name": "ai-gateway"}

_encode = msgspec.json.Encoder().encode

Json = dict[str, object]


def encode_span(span: Span) -> bytes:
    """One span, to go into `traces`."""
    found: Json = {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "name": SPAN_NAME,
        "kind": KIND_CLIENT,
        "flags": span.flags,
        "startTimeUnixNano": str(span.begin_ns),
        "endTimeUnixNano": str(span.end_ns),
        "attributes": _attributes(span.attributes),
        "status": {"code": STATUS_OK}
        if span.error is None
        else {"code": STATUS_ERROR, "message": span.error},
    }
    if span.parent_id:
        found["parentSpanId"] = span.parent_id
    if span.events:
        found["events"] = [
            {"name": one.name, "timeUnixNano": str(one.at_ns), "attributes": _attributes(one.attributes)}
            for one in span.events
        ]
    return _encode(found)


def traces(spans: Sequence[bytes]) -> bytes:
    """An ExportTraceServiceRequest of encoded spans."""
    scope = {"scope": {"name": SCOPE}, "spans": [msgspec.Raw(span) for span in spans]}
    return _encode({"resourceSpans": [{"resource": _resource(), "scopeSpans": [scope]}]})


def metrics(found: Sequence[Metric], begin_ns: int, now_ns: int) -> bytes:
    """An ExportMetricsServiceRequest; all counts are since `begin_ns`."""
    times: Json = {"startTimeUnixNano": str(begin_ns), "timeUnixNano": str(now_ns)}
    scope = {"scope": {"name": SCOPE}, "metrics": [_metric(one, times) for one in found]}
    return _encode({"resourceMetrics": [{"resource": _resource(), "scopeMetrics": [scope]}]})


def _metric(metric: Metric, times: Json) -> Json:
    about: Json = {"name": metric.name, "description": metric.help, "unit": metric.unit}
    points = [{**times, "attributes": _attributes(one.labels), **_point(one)} for one in metric.points]
    data: Json = {"aggregationTemporality": CUMULATIVE, "dataPoints": points}
    return (
        {**about, "histogram": data}
        if metric.kind == "histogram"
        else {**about, "sum": {**data, "isMonotonic": True}}
    )


def _point(point: Value | Histogram) -> Json:
    if isinstance(point, Histogram):
        return {
            "count": str(point.in_all),
            "sum": point.sum,
            "bucketCounts": [str(count) for count in point.counts],
            "explicitBounds": point.bounds,
        }
    return {"asInt": str(point.value)} if isinstance(point.value, int) else {"asDouble": point.value}


def _resource() -> Json:
    return {"attributes": _attributes(RESOURCE)}


def _attributes(found: Mapping[str, MetadataValue]) -> list[Json]:
    return [{"key": name, "value": _value(value)} for name, value in found.items()]


def _value(value: MetadataValue) -> Json:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)} if -(2**63) <= value < 2**63 else {"doubleValue": float(value)}
    if isinstance(value, float):
        return {"doubleValue": value} if math.isfinite(value) else {"stringValue": str(value)}
    return {"stringValue": value}
