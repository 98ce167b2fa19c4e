"""Amazon Bedrock: the usage of `converse` and Nova, the counts of other models, and its binary event streams.

A frame is total length, length of the headers, a checksum (three big-endian u32), the headers, the payload
and another checksum. Payloads are JSON: events of `converse`, or `{"bytes": …}` with a model's own event in
base64.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from itertools import chain, islice

import msgspec

from penstock.wire.usage_counts import MOST_PARTS, Count, Usage, first_known, total_of

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


class _Metrics(msgspec.Struct, rename="camel", gc=False):
    input_token_count: Count | None = None
    output_token_count: Count | None = None
    cache_read_input_token_count: Count | None = None
    cache_write_input_token_count: Count | None = None


class _Result(msgspec.Struct, rename="camel", gc=False):
    token_count: Count | None = None


class _Own(msgspec.Struct, gc=False):
    prompt_token_count: Count | None = None  # Llama
    generation_token_count: Count | None = None
    titan_input: Count | None = msgspec.field(name="inputTextTokenCount", default=None)
    results: list[_Result] | None = None


class _Wrapped(msgspec.Struct, gc=False):
    bytes: str | None = None


_decode = msgspec.json.Decoder(_Usage).decode
_to_metrics = msgspec.json.Decoder(_Metrics).decode
_to_own = msgspec.json.Decoder(_Own).decode
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


def metrics(data: msgspec.Raw) -> Usage | None:
    """What the last event of every model's stream tells beside its own; None for others. May raise `UNREADABLE`."""
    said = _to_metrics(data)
    tokens_in, tokens_out = said.input_token_count, said.output_token_count
    if tokens_in is None and tokens_out is None:
        return None
    return Usage(
        tokens_in,
        tokens_out,
        total_of(None, tokens_in, tokens_out),
        input_cached_tokens=said.cache_read_input_token_count,
        input_cache_write_tokens=said.cache_write_input_token_count,
        cache_apart=True,
    )


def own(body: bytes) -> Usage | None:
    """The counts that Llama and Titan have in the answer itself; None for others. May raise `UNREADABLE`."""
    said = _to_own(body)
    if said.titan_input is not None:
        made = [result.token_count for result in said.results or ()]
        known = [count for count in made if count is not None]
        tokens_out = sum(known) if len(known) == len(made) else None
        return Usage(said.titan_input, tokens_out, total_of(None, said.titan_input, tokens_out))
    tokens_in, tokens_out = said.prompt_token_count, said.generation_token_count
    if tokens_in is None or tokens_out is None:
        return None
    return Usage(tokens_in, tokens_out, tokens_in + tokens_out)


def as_events(body: bytes) -> bytes:
    """The first and last frames of an event stream, a `data:` line each; what is no frame ends it."""
    payloads = list(islice(_payloads(body), MOST_PARTS + 1))
    if len(payloads) > MOST_PARTS:
        return b""
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
