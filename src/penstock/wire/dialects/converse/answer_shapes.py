"""What Converse answers, whole and as events of a stream, as far as it is read (dialects, A5). Members may be null.

Members that are not named here are skipped by the decoders. Raises of these are `msgspec.MsgspecError`.
"""

from __future__ import annotations

from typing import Final

import msgspec

ABSENT: Final = msgspec.Raw()


class CacheDetail(msgspec.Struct, rename="camel", gc=False):
    ttl: str | None = None
    input_tokens: int | None = None


class Usage(msgspec.Struct, rename="camel"):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None
    cache_details: list[CacheDetail] | None = None


class Tier(msgspec.Struct, gc=False):
    type: str | None = None


class ToolUse(msgspec.Struct, rename="camel"):
    tool_use_id: str = ""
    name: str = ""
    input: msgspec.Raw = ABSENT


class ReasoningText(msgspec.Struct, gc=False):
    text: str | None = None
    signature: str | None = None


class Reasoning(msgspec.Struct, rename="camel"):
    reasoning_text: ReasoningText | None = None
    redacted_content: str | None = None


class Said(msgspec.Struct, gc=False):
    text: str | None = None


class Cited(msgspec.Struct):
    """Text with what it rests on."""

    content: list[Said] | None = None
    citations: list[msgspec.Raw] | None = None


class Block(msgspec.Struct, rename="camel"):
    """One of a union."""

    text: str | None = None
    tool_use: ToolUse | None = None
    reasoning_content: Reasoning | None = None
    citations_content: Cited | None = None


class Message(msgspec.Struct):
    content: list[Block] | None = None


class Output(msgspec.Struct):
    message: Message | None = None


class Fields(msgspec.Struct):
    """Members of the model's own that were asked for."""

    stop_sequence: str | None = None


class Whole(msgspec.Struct, rename="camel"):
    """A whole answer."""

    output: Output
    stop_reason: str | None = None
    usage: Usage | None = None
    service_tier: Tier | None = None
    additional_model_response_fields: msgspec.Raw = ABSENT


# -- events of a stream


class Start(msgspec.Struct, rename="camel"):
    tool_use: ToolUse | None = None


class BlockStart(msgspec.Struct):
    start: Start | None = None


class ToolUsePiece(msgspec.Struct, gc=False):
    input: str = ""


class ReasoningPiece(msgspec.Struct, rename="camel", gc=False):
    text: str | None = None
    signature: str | None = None
    redacted_content: str | None = None


class Delta(msgspec.Struct, rename="camel"):
    """One of a union."""

    text: str | None = None
    tool_use: ToolUsePiece | None = None
    reasoning_content: ReasoningPiece | None = None
    citation: msgspec.Raw = ABSENT


class BlockDelta(msgspec.Struct):
    delta: Delta | None = None


class Stop(msgspec.Struct, rename="camel"):
    stop_reason: str | None = None
    additional_model_response_fields: msgspec.Raw = ABSENT


class Metadata(msgspec.Struct, rename="camel"):
    usage: Usage | None = None
    service_tier: Tier | None = None


read_whole: Final = msgspec.json.Decoder(Whole).decode
read_fields: Final = msgspec.json.Decoder(Fields).decode
read_block_start: Final = msgspec.json.Decoder(BlockStart).decode


class Counted(msgspec.Struct, rename="camel", gc=False):
    """How many tokens a request has."""

    input_tokens: int | None = None


read_counted = msgspec.json.Decoder(Counted).decode
read_block_delta: Final = msgspec.json.Decoder(BlockDelta).decode
read_stop: Final = msgspec.json.Decoder(Stop).decode
read_metadata: Final = msgspec.json.Decoder(Metadata).decode
