"""The record of one call, and its frame in the journal.

`CallRecord` is what a worker knows when a call has ended; whatever can be worked out later from the bodies
(model, tokens) is left to the shipper, off the hot path. Pure: values and bytes only.

A frame is `crc32 | meta length | request length | response length` (four little-endian u32), then the
msgpack of the record, then the request's body, then the response's. The checksum covers all that follows it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Final, NamedTuple

import msgspec

from penstock.metadata import MetadataValue
from penstock.wire.usage_counts import Usage

_HEAD = struct.Struct("<IIII")
_LENGTHS = struct.Struct("<III")
HEAD_BYTES = _HEAD.size
_SMALL_BYTES = 65536  # up to here one more copy is cheaper than more steps
MAX_META_BYTES = 16 * 1024 * 1024
_MAX_BODY_BYTES = 1 << 31


class Outcome(IntEnum):
    """How a call ended."""

    COMPLETE = 0  # the whole answer went to the client
    ABANDONED = 1  # the client left before the end
    PROVIDER_BROKE = 2  # the provider's answer broke off, or never came
    REFUSED = 3  # the gateway itself answered, with an error
    SHUTDOWN = 4  # the gateway was stopped before the end
    PROVIDER_FAILED = 5  # the answer has a good status, and says itself that it is an error
    CUT_SHORT = 6  # the answer ended without the end that its dialect has


COMPLETE: Final = int(Outcome.COMPLETE)
"""As a plain number, for where it is compared at every call."""

ENDED: Final = frozenset(map(int, (Outcome.COMPLETE, Outcome.PROVIDER_FAILED, Outcome.CUT_SHORT)))
"""The client has all that the provider sent, whatever that is worth."""

HEARD_OUT: Final = frozenset(map(int, (Outcome.COMPLETE, Outcome.PROVIDER_FAILED)))
"""The provider has sent all that it had to say, as far as that can be known."""

FAILURE: Final = "failure"
"""What an `Event` is that tells why a call did not succeed."""


UNKEPT: Final = "bodies"
"""What an `Event` is that tells why something of the bodies is not kept."""


def failed_by(status: int, provider_error: str) -> str:
    """The detail of a `FAILURE` under a good status. Empty error: the answer lacks its end."""
    if not provider_error:
        return f"the answer of status {status} ended without its end"
    return f"the answer of status {status} is an error: {provider_error}"


class Event(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Something that happened on a call's way, for whoever asks why: what, when, and in a few words how."""

    what: str  # a policy's name, `cache`, `attempt`, `answer` and the like
    offset_us: int  # after the call began
    detail: str = ""


class ToldOrder(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """An object at a provider that a call has made, or whose end it tells."""

    object_id: str
    is_final: bool
    results: str = ""  # another object that tells what it has used: a file


class OrderNews(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What an answer tells of orders: the objects, and what those have used that have ended, by model; None is the
    model of the answer.
    """

    orders: tuple[ToldOrder, ...]
    uses: tuple[tuple[str | None, Usage], ...] = ()

    @property
    def is_end(self) -> bool:
        """Whether some of them have ended."""
        return any(order.is_final for order in self.orders)


class CallRecord(msgspec.Struct, array_like=True, omit_defaults=False, gc=False):
    """One call as the worker saw it. Times in microseconds, sizes in bytes (Cloudflare 3.20)."""

    id: str
    event_id: str
    created_us: int
    account: str
    gateway: str
    provider: str
    method: str
    path: str  # the tail with its query; credentials in the query are redacted
    status: int
    outcome: int
    duration_us: int
    first_byte_us: int | None
    request_size: int
    response_size: int
    request_cut: bool  # the stored body is only the first part
    response_cut: bool
    bodies: bool  # false: the caller asked to keep no bodies
    request_type: str
    response_type: str
    request_encoding: str
    response_encoding: str
    user_agent: str
    step: int
    compat: bool
    authenticated: bool
    error_code: int | None
    error_detail: str
    metadata: dict[str, MetadataValue]
    controls: dict[str, str]  # `cf-aig-*` as sent, no credentials; `traceparent` where traces are exported
    model: (
        str  # only where the worker had to read it (compat), or does not keep all of the bodies; else empty
    )
    cached: bool = False  # answered without asking the provider
    attempts: int = 0  # that were made; 0 where the provider was not asked
    stored_key: str = ""  # the alias of the stored key that was used
    token: str = ""  # the id of the caller's token
    user: str = ""  # whose token it is
    team: str = ""
    cost: int | None = None  # nano-dollars, where the worker had to know; else it is worked out later
    whole: bool = False  # the provider's answer is, though the client may have left
    usage: Usage | None = None  # only where not all of the answer is kept
    trail: tuple[Event, ...] = ()
    operation: str = ""  # by its name, as far as the path tells
    answered_model: str = ""  # only where not all of the answer is kept
    local: bool = False  # the local engine was asked
    provider_error: str = ""  # the type that the answer tells; only where not all of it is kept
    order_news: OrderNews | None = None  # only where not all of the answer is kept

    @property
    def success(self) -> bool:
        """Whether the whole answer went to the client, and was none of an error."""
        return is_success(self.status, self.outcome)


def is_success(status: int, outcome: int) -> bool:
    """`CallRecord.success`."""
    return 0 < status < 400 and outcome == COMPLETE


class Entry(NamedTuple):
    """One whole frame read back: the record, its bodies, and where the next frame begins."""

    record: CallRecord
    request: bytes
    response: bytes
    end: int


class Torn(Exception):
    """The bytes at `offset` are not a whole, sound frame. `wanted` more bytes might make it one."""

    def __init__(self, offset: int, wanted: int, reason: str) -> None:
        super().__init__(f"{reason} at byte {offset}")
        self.offset = offset
        self.wanted = wanted


Cleaning = Callable[[bytes], bytes]

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(CallRecord).decode


def frame_pieces(
    record: CallRecord, request: bytes, response: bytes, clean: Cleaning | None = None
) -> list[bytes]:
    """The bytes that stand for one call in the journal; large bodies are pieces of their own, not copied.

    `clean` sees the record as msgpack before anything is made of it, and gives what is to be written.
    """
    meta = _encode(record)
    if clean is not None:
        meta = clean(meta)
    lengths = _LENGTHS.pack(len(meta), len(request), len(response))
    if len(request) + len(response) <= _SMALL_BYTES:
        covered = b"".join((lengths, meta, request, response))
        return [zlib.crc32(covered).to_bytes(4, "little") + covered]
    crc = zlib.crc32(response, zlib.crc32(request, zlib.crc32(meta, zlib.crc32(lengths))))
    return [crc.to_bytes(4, "little") + lengths + meta, request, response]


def frame(record: CallRecord, request: bytes, response: bytes) -> bytes:
    """`frame_pieces` in one."""
    return b"".join(frame_pieces(record, request, response))


def read_frame(data: bytes | memoryview, offset: int) -> Entry:
    """The frame at `offset`. Raises `Torn` when it is cut short (`wanted` > 0) or damaged (`wanted` == 0)."""
    available = len(data) - offset
    if available < HEAD_BYTES:
        raise Torn(offset, HEAD_BYTES - available, "cut short")
    crc, meta_len, request_len, response_len = _HEAD.unpack_from(data, offset)
    if meta_len > MAX_META_BYTES or request_len > _MAX_BODY_BYTES or response_len > _MAX_BODY_BYTES:
        raise Torn(offset, 0, "impossible length")
    end = offset + HEAD_BYTES + meta_len + request_len + response_len
    if end > len(data):
        raise Torn(offset, end - len(data), "cut short")
    view = memoryview(data)
    if zlib.crc32(view[offset + 4 : end]) != crc:
        raise Torn(offset, 0, "wrong checksum")
    meta_end = offset + HEAD_BYTES + meta_len
    request_end = meta_end + request_len
    try:
        record = _decode(view[offset + HEAD_BYTES : meta_end])
    except msgspec.MsgspecError as error:
        raise Torn(offset, 0, f"unreadable record ({error})") from error
    return Entry(record, bytes(view[meta_end:request_end]), bytes(view[request_end:end]), end)


def read_frames(data: bytes | memoryview, offset: int = 0) -> Iterator[Entry]:
    """All whole frames from `offset` on; ends at the first that is cut short or damaged, raising `Torn`."""
    while offset < len(data):
        entry = read_frame(data, offset)
        yield entry
        offset = entry.end
