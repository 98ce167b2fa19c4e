"""Amazon Bedrock: the usage of `converse` and Nova, the counts of open models, and its binary event streams.

A frame is total length, length of the headers, a checksum (three big-endian u32), the headers, the payload
and another checksum. Payloads are JSON: events of `converse`, or `{"bytes": …}` with a model's own event in
base64.
"""

from __future__ import annotations

import binascii
import re
import zlib
from collections import deque
from collections.abc import Iterator
from itertools import islice

import msgspec

from penstock.wire.tolerant_json import UNREADABLE, read
from penstock.wire.usage_counts import Count, Usage, first_known, odd_among, total_of

_HEAD_BYTES = 12
_CHECKSUM_BYTES = 4
_TEXT_HEADER = b"\x07"
_AT_BEGIN = 4  # frames looked at: usage stands in the first or in the last ones
_AT_END = 64
_A_TAIL = 65536
_MOST_FRAMES = 20_000  # one after the other, or places where one may begin
_FRAME = re.compile(rb"(?=\x00[\x00-\xff]{3}\x00\x00)", re.DOTALL)  # nothing has 16 MiB, or 64 KiB of headers


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
    prompt_eval_count: Count | None = None  # Ollama
    eval_count: Count | None = None
    titan_input: Count | None = msgspec.field(name="inputTextTokenCount", default=None)
    results: list[_Result] | None = None


_COUNTED = frozenset(field.encode_name for field in msgspec.structs.fields(_Usage)) - {
    "totalTokens",
    "cacheDetails",
}
_METERED = frozenset(field.encode_name for field in msgspec.structs.fields(_Metrics))
_OWN = frozenset(
    {
        "prompt_token_count",
        "generation_token_count",
        "prompt_eval_count",
        "eval_count",
        "inputTextTokenCount",
        "results",
        "results.tokenCount",
    }
)


class _Wrapped(msgspec.Struct, gc=False):
    bytes: str | None = None


_unwrap = msgspec.json.Decoder(_Wrapped).decode


def counts(data: msgspec.Raw) -> Usage | None:
    """The counts of a `usage` object by Bedrock's names; None for others. May raise `UNREADABLE`."""
    said, odd = read(_Usage, data)
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
        unreadable=odd_among(odd, _COUNTED),
        cache_apart=True,
    )


def metrics(data: msgspec.Raw) -> Usage | None:
    """What the last event of every model's stream tells beside its own; None for others. May raise `UNREADABLE`."""
    said, odd = read(_Metrics, data)
    tokens_in, tokens_out = said.input_token_count, said.output_token_count
    if tokens_in is None and tokens_out is None:
        return None
    return Usage(
        tokens_in,
        tokens_out,
        total_of(None, tokens_in, tokens_out),
        input_cached_tokens=said.cache_read_input_token_count,
        input_cache_write_tokens=said.cache_write_input_token_count,
        unreadable=odd_among(odd, _METERED),
        cache_apart=True,
    )


def own(body: bytes) -> Usage | None:
    """The counts that Llama, Titan and Ollama have in the answer itself; None for others. May raise `UNREADABLE`."""
    said, odd = read(_Own, body)
    if said.titan_input is not None:
        made = [result.token_count for result in said.results or ()]
        known = [count for count in made if count is not None]
        tokens_out = sum(known) if len(known) == len(made) else None
        total = total_of(None, said.titan_input, tokens_out)
        return Usage(said.titan_input, tokens_out, total, unreadable=odd_among(odd, _OWN))
    tokens_in = first_known(said.prompt_token_count, said.prompt_eval_count)
    tokens_out = first_known(said.generation_token_count, said.eval_count)
    unreadable = odd_among(odd, _OWN)
    if (tokens_in is None or tokens_out is None) and not unreadable:
        return None
    return Usage(tokens_in, tokens_out, total_of(None, tokens_in, tokens_out), unreadable=unreadable)


def begins_frames(body: bytes) -> bool:
    """Whether a body is an event stream, by its first checksum."""
    return _is_frame(body, 0)


def as_events(body: bytes, tail: bytes = b"") -> list[bytes]:
    """The documents in the first and last frames of an event stream. What is no frame ends it, or begins in `tail`:
    the last piece of one that was cut.
    """
    payloads = _payloads(body, 0)
    found = _at_ends(payloads)
    if not tail and next(payloads, None) is not None:
        tail = body[-_A_TAIL:]
    if tail:
        places = (here.start() for here in islice(_FRAME.finditer(tail), _MOST_FRAMES))
        begin = next((place for place in places if _is_frame(tail, place)), len(tail))
        found += _at_ends(_payloads(tail, begin))
    return [_event(payload) for payload in found]


def all_events(body: bytes) -> Iterator[bytes]:
    """The documents in the frames that an event stream begins with, a model's own events out of their wrapping."""
    return map(_event, _payloads(body, 0))


def last_frames(body: bytes, tail: bytes = b"") -> list[tuple[dict[str, str], bytes]]:
    """Headers and payload of the last frames of an event stream, a model's own event out of its wrapping. `tail`: the
    last piece of one that was cut.
    """
    text = tail or body
    if len(text) > _A_TAIL or tail:
        text = text[-_A_TAIL:]
        places = (here.start() for here in islice(_FRAME.finditer(text), _MOST_FRAMES))
        begin = next((place for place in places if _is_frame(text, place)), -1)
        if begin < 0 and not tail:
            text, begin = body, 0
    else:
        begin = 0
    found = deque(_frames(text, begin), _AT_END) if begin >= 0 else ()
    return [(_headers(headers), _event(payload)) for headers, payload in found]


def _headers(block: bytes) -> dict[str, str]:
    """The headers of a frame, as far as they are texts."""
    found, place = dict[str, str](), 0
    while place < len(block):
        name_end = place + 1 + block[place]
        name = block[place + 1 : name_end].decode("latin-1")
        if block[name_end : name_end + 1] != _TEXT_HEADER:
            break
        begin = name_end + 3
        place = begin + int.from_bytes(block[name_end + 1 : begin], "big")
        found[name] = block[begin:place].decode("latin-1")
    return found


def _at_ends(payloads: Iterator[bytes]) -> list[bytes]:
    return [*islice(payloads, _AT_BEGIN), *deque(islice(payloads, _MOST_FRAMES), _AT_END)]


def _is_frame(body: bytes, place: int) -> bool:
    if len(body) < place + _HEAD_BYTES:
        return False
    return zlib.crc32(body[place : place + 8]) == int.from_bytes(body[place + 8 : place + _HEAD_BYTES], "big")


def _payloads(body: bytes, place: int) -> Iterator[bytes]:
    return (payload for _, payload in _frames(body, place))


def _frames(body: bytes, place: int) -> Iterator[tuple[bytes, bytes]]:
    """Headers and payload of each frame."""
    while place + _HEAD_BYTES + _CHECKSUM_BYTES <= len(body):
        total = int.from_bytes(body[place : place + 4], "big")
        begin = place + _HEAD_BYTES + int.from_bytes(body[place + 4 : place + 8], "big")
        end = place + total - _CHECKSUM_BYTES
        if begin > end or place + total > len(body):
            return
        yield body[place + _HEAD_BYTES : begin], body[begin:end]
        place += total


def _event(payload: bytes) -> bytes:
    """A payload; a model's own event out of its wrapping."""
    try:
        wrapped = _unwrap(payload).bytes
        return payload if wrapped is None else binascii.a2b_base64(wrapped)
    except (*UNREADABLE, binascii.Error):
        return payload
