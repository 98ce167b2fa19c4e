"""Which trace a call belongs to: ids out of its headers, or out of its own ids (Cloudflare 3.22).

Pure. A malformed id is ignored, as if it had not been sent.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final, NamedTuple

from penstock.stores.ledger import CallRow

TRACE_HEADER: Final = "cf-aig-otel-trace-id"
PARENT_HEADER: Final = "cf-aig-otel-parent-span-id"
W3C_HEADER: Final = "traceparent"

_TRACE_ID = re.compile(r"(?!0{32})[0-9a-f]{32}")
_SPAN_ID = re.compile(r"(?!0{16})[0-9a-f]{16}")
_TRACEPARENT = re.compile(r"(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FIRST_VERSION = "00"
_REMOTE = 0x300  # in OTLP's span flags: the parent is known to be of another process
_SAMPLED = 0x01


class TraceContext(NamedTuple):
    """Ids in lower-case hex; `parent_id` is empty for a span without one."""

    trace_id: str  # 32 digits
    span_id: str  # 16 digits
    parent_id: str
    flags: int  # as OTLP has them


def trace_context(row: CallRow) -> TraceContext:
    """The gateway's own headers go before W3C's. Calls of one event share a trace where neither says which."""
    span_id = _span_id(row.id)
    trace_id = row.controls.get(TRACE_HEADER, "")
    if _TRACE_ID.fullmatch(trace_id):
        parent = row.controls.get(PARENT_HEADER, "")
        if _SPAN_ID.fullmatch(parent):
            return TraceContext(trace_id, span_id, parent, _REMOTE | _SAMPLED)
        return TraceContext(trace_id, span_id, "", _SAMPLED)
    joined = _joined(row.controls.get(W3C_HEADER, ""), span_id)
    return joined or TraceContext(_trace_id(row), span_id, "", _SAMPLED)


def _joined(value: str, span_id: str) -> TraceContext | None:
    """By W3C Trace Context: the first version has four fields, later ones may have more."""
    match = _TRACEPARENT.fullmatch(value.strip())
    if match is None or (match[1] == _FIRST_VERSION and match[5]):
        return None
    if not (_TRACE_ID.fullmatch(match[2]) and _SPAN_ID.fullmatch(match[3])):
        return None
    return TraceContext(match[2], span_id, match[3], _REMOTE | int(match[4], 16))


def _trace_id(row: CallRow) -> str:
    digits = row.event_id.replace("-", "") if _UUID.fullmatch(row.event_id) else ""
    if _TRACE_ID.fullmatch(digits):
        return digits
    named = "\0".join((row.account, row.gateway, row.event_id))
    return sha256(named.encode()).hexdigest()[:32]


def _span_id(call_id: str) -> str:
    """The same for the same call, however often it is sent."""
    if _UUID.fullmatch(call_id):
        digits = call_id.replace("-", "")[16:]
        if _SPAN_ID.fullmatch(digits):
            return digits
    return sha256(call_id.encode()).hexdigest()[:16]
