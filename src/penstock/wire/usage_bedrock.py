"""Amazon Bedrock: the usage object of `converse` and Nova, and the frames of its binary event streams.

A frame is total length, length of the headers, a checksum (three big-endian u32), the headers, the payload
and another checksum. Payloads are JSON: events of `converse`, or `{"bytes": …}` with a model's own event in
base64.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from itertools import chain

import msgspec

from penstock.wire.usage_counts import Count, Usage, first_known, total_of

_HEAD_BYTES = 12
_CHECKSUM_BYTES = 4
_AT_EACH_END = 4  # frames looked at: usage stands in the first or in the last ones


class _CacheDetail(msgspec.Struct, rename="camel", gc=False):
    ttl: str = ""
    input_tokens: Count = 0


class _Usage(msgspec.Struct, rename="camel", gc=False):
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    total_tokens: Count | None = None
    cache_read_input_tokens: Count | None = None
    cache_write_input_tokens: Count | None = None
    cache_read_input_token_count: Count | None = None  # Nova
    cache_write_input_token_count: Count | None = None
    cache_details: list[_CacheDetail] | None = None


class _Wrapped(msgspec.Struct, gc=False):
    bytes: str | None = None


_decode = msgspec.json.Decoder(_Usage).decode
_unwrap = msgspec.json.Decoder(_Wrapped).decode


def counts(data: msgspec.Raw) -> Usage | None:
    """The counts of a `usage` object by Bedrock's names; None for others. May raise `UNREADABLE`."""
    said = _decode(data)
    if said.input_tokens is None and said.output_tokens is None:
        return None
    lasting = sum(detail.input_tokens for detail in said.cache_details or () if detail.ttl == "1h")
    return Usage(
        said.input_tokens,
        said.output_tokens,
        total_of(said.total_tokens, said.input_tokens, said.output_tokens),
        input_cached_tokens=first_known(said.cache_read_input_tokens, said.cache_read_input_token_count),
        input_cache_write_tokens=first_known(
            said.cache_write_input_tokens, said.cache_write_input_token_count
        ),
        input_cache_write_1h_tokens=lasting or None,
        cache_apart=True,
    )


def as_events(body: bytes) -> bytes:
    """The first and last frames of an event stream, a `data:` line each; what is no frame ends it."""
    payloads = list(_payloads(body))
    if len(payloads) > 2 * _AT_EACH_END:
        payloads = [*payloads[:_AT_EACH_END], *payloads[-_AT_EACH_END:]]
    return b"".join(chain.from_iterable((b"data:", _event(payload), b"\n") for payload in payloads))


def _payloads(body: bytes) -> Iterator[bytes]:
    place = 0
    while place + _HEAD_BYTES + _CHECKSUM_BYTES <= len(body):
        total = int.from_bytes(body[place : place + 4], "big")
        begin = place + _HEAD_BYTES + int.from_bytes(body[place + 4 : place + 8], "big")
        end = place + total - _CHECKSUM_BYTES
        if begin > end or place + total > len(body):
            return
        yield body[begin:end]
        place += total


def _event(payload: bytes) -> bytes:
    """A payload on one line; a model's own event out of its wrapping."""
    try:
        wrapped = _unwrap(payload).bytes
        event = payload if wrapped is None else binascii.a2b_base64(wrapped)
    except (msgspec.MsgspecError, RecursionError, UnicodeError, binascii.Error):
        return b""
    return event.replace(b"\n", b" ")
