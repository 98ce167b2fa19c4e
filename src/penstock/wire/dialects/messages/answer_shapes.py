"""What a Messages answer and its events consist of, as far as they are read (dialects, A3). Members may be null."""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.wire.dialects.messages.usage import Usage

ABSENT: Final = msgspec.Raw()


def is_there(raw: msgspec.Raw) -> bool:
    """Whether a member stands there, and is not null."""
    return bytes(memoryview(raw)[:5]) not in (b"", b"null")


class StopDetails(msgspec.Struct, gc=False):
    explanation: str | None = None


class Block(msgspec.Struct):
    """A content block, whole or as it begins."""

    type: str
    text: str | None = None
    citations: list[msgspec.Raw] | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    input: msgspec.Raw = ABSENT


class Head(msgspec.Struct):
    """What an answer says of itself."""

    id: str | None = None
    model: str | None = None
    usage: msgspec.Raw = ABSENT
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: msgspec.Raw = ABSENT
    container: msgspec.Raw = ABSENT
    context_management: msgspec.Raw = ABSENT


class Whole(Head, kw_only=True):
    """A whole answer."""

    content: list[msgspec.Raw]


class Delta(msgspec.Struct):
    """What an event adds to a block, or to the answer."""

    type: str = ""
    text: str | None = None
    partial_json: str | None = None
    thinking: str | None = None
    signature: str | None = None
    citation: msgspec.Raw = ABSENT
    content: str | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: msgspec.Raw = ABSENT
    container: msgspec.Raw = ABSENT


class Problem(msgspec.Struct):
    """What an error says."""

    type: str | None = None
    message: str | None = None


class Streamed(msgspec.Struct):
    """One event of a stream."""

    type: str = ""
    delta: Delta | None = None
    content_block: msgspec.Raw = ABSENT
    message: Head | None = None
    usage: msgspec.Raw = ABSENT
    context_management: msgspec.Raw = ABSENT
    error: Problem | None = None
    request_id: str | None = None


class Failing(msgspec.Struct):
    """An answer that may be an error after all."""

    type: str = ""
    error: Problem | None = None
    request_id: str | None = None


read_block = msgspec.json.Decoder(Block).decode
read_failing = msgspec.json.Decoder(Failing).decode
read_streamed = msgspec.json.Decoder(Streamed).decode
read_stop_details = msgspec.json.Decoder(StopDetails | None).decode
read_usage = msgspec.json.Decoder(Usage).decode
read_whole = msgspec.json.Decoder(Whole).decode
