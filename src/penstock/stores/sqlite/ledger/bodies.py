"""The bodies of a call as a row of the table `bodies`: large ones compressed.

Pure. Whether bodies are kept at all is in the call's record.
"""

from __future__ import annotations

import zlib
from typing import Final

from penstock.stores.ledger import Bodies, NewCall

INSERT_BODIES: Final = "INSERT INTO bodies VALUES (?, ?, ?, ?)"

REQUEST_CUT, RESPONSE_CUT, REQUEST_DEFLATED, RESPONSE_DEFLATED = 1, 2, 4, 8

_COMPRESS_FROM: Final = (
    4096  # bytes; below it, compressing costs more than storing both bodies and saves under 2 kB
)


def body_row(call: NewCall, key: int) -> tuple[int, int, bytes, bytes]:
    """The values of `INSERT_BODIES`."""
    record = call.record
    request = _compressed(call.request, record.request_encoding)
    response = _compressed(call.response, record.response_encoding)
    form = record.request_cut * REQUEST_CUT | record.response_cut * RESPONSE_CUT
    form |= (request is not None) * REQUEST_DEFLATED | (response is not None) * RESPONSE_DEFLATED
    return (
        key,
        form,
        call.request if request is None else request,
        call.response if response is None else response,
    )


def bodies(form: int, request: bytes, response: bytes) -> Bodies:
    """The bodies of a row."""
    return Bodies(
        zlib.decompress(request) if form & REQUEST_DEFLATED else request,
        zlib.decompress(response) if form & RESPONSE_DEFLATED else response,
        bool(form & REQUEST_CUT),
        bool(form & RESPONSE_CUT),
    )


def _compressed(body: bytes, encoding: str) -> bytes | None:
    """None where it is better left as it is. What is content-encoded is small already."""
    if len(body) < _COMPRESS_FROM or encoding:
        return None
    packed = zlib.compress(body, 1)
    return packed if len(packed) < len(body) else None
