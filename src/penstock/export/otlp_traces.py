"""Calls as traces to one OTLP receiver of a gateway (Cloudflare 3.22).

What a span holds is in `span.py`, how it is written in `otlp_json.py` and `otlp_protobuf.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from penstock.exits.sender import Sender
from penstock.export import otlp_json
from penstock.export.delivery import Parcel
from penstock.export.exporter import Batching
from penstock.export.otlp_http import Rejected, post, rejected_by_json
from penstock.export.span import Span, span_of
from penstock.settings.gateways import OtelExporter
from penstock.stores.ledger import Bodies, CallRow

BATCHING: Final = Batching(records=512, bytes=2 * 1024 * 1024, interval=0.0)


class _Form(NamedTuple):
    """One of the two forms of OTLP."""

    content_type: str
    encode_span: Callable[[Span], bytes]
    traces: Callable[[Sequence[bytes]], bytes]
    rejected: Rejected


class OtlpTraces:
    """One receiver."""

    def __init__(self, receiver: OtelExporter, sender: Sender, *, guarded: bool = False) -> None:
        """`guarded`: it gets something only at a public address."""
        self._url = receiver.url
        self._headers = dict(receiver.headers)
        if receiver.authorization is not None:
            self._headers["authorization"] = receiver.authorization
        self._form = _json() if receiver.content_type == "json" else _protobuf()
        self._send = sender.send_guarded if guarded else sender.send

    def encode(self, row: CallRow, bodies: Bodies | None) -> bytes:
        """One span."""
        return self._form.encode_span(span_of(row, bodies))

    async def deliver(self, parcel: Parcel) -> None:
        """All spans in one request. Raises `TryAgain`, `Refused`."""
        form = self._form
        body = form.traces(parcel.records)
        await post(self._send, self._url, self._headers, body, form.content_type, form.rejected)


def _json() -> _Form:
    return _Form(otlp_json.CONTENT_TYPE, otlp_json.encode_span, otlp_json.traces, rejected_by_json)


def _protobuf() -> _Form:
    from penstock.export import otlp_protobuf  # noqa: PLC0415 - 8 MB, and few gateways ask for it

    return _Form(
        otlp_protobuf.CONTENT_TYPE, otlp_protobuf.encode_span, otlp_protobuf.traces, otlp_protobuf.rejected
    )
