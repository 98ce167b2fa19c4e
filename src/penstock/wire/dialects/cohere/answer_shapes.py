"""What Cohere's chat answers, whole and as events of a stream, as far as it is read (dialects, A6).

Members may be null; those that are not named here are skipped. Raises of the decoders are `msgspec.MsgspecError`.
"""

from __future__ import annotations

from typing import Final

import msgspec


class Content(msgspec.Struct, gc=False):
    """An entry of a message's content, or a piece of one."""

    type: str | None = None
    text: str | None = None
    thinking: str | None = None


class Function(msgspec.Struct, gc=False):
    name: str | None = None
    arguments: str | None = None


class Call(msgspec.Struct):
    """A call of a tool, or a piece of one."""

    id: str | None = None
    function: Function | None = None


class SourceDocument(msgspec.Struct, gc=False):
    title: str | None = None
    url: str | None = None
    text: str | None = None
    snippet: str | None = None


class Source(msgspec.Struct):
    type: str | None = None
    id: str | None = None
    document: SourceDocument | None = None


class Cited(msgspec.Struct):
    """Where something is cited, in characters of the entry with that index."""

    start: int | None = None
    end: int | None = None
    text: str | None = None
    sources: list[Source] | None = None
    content_index: int | None = None
    type: str | None = None


class Tokens(msgspec.Struct, gc=False):
    input_tokens: float | None = None
    output_tokens: float | None = None


class Usage(msgspec.Struct):
    tokens: Tokens | None = None
    billed_units: Tokens | None = None
    cached_tokens: float | None = None


class Logprob(msgspec.Struct):
    """Of a piece of text, whose tokens have a number each."""

    text: str | None = None
    logprobs: list[float] | None = None


class Message(msgspec.Struct):
    """Of a whole answer. What is produced first stands last: calls come after the plan."""

    content: list[Content] | None = None
    tool_plan: str | None = None
    tool_calls: list[Call] | None = None
    citations: list[msgspec.Raw] | None = None


class Whole(msgspec.Struct):
    """A whole answer."""

    message: Message
    id: str | None = None
    finish_reason: str | None = None
    usage: Usage | None = None
    logprobs: list[Logprob] | None = None


# -- events of a stream


class Pieces(msgspec.Struct):
    """What an event adds: where a message begins these are empty lists, later one object each."""

    content: Content | list[msgspec.Raw] | None = None
    tool_plan: str | None = None
    tool_calls: Call | list[msgspec.Raw] | None = None
    citations: msgspec.Raw = msgspec.Raw()


class Delta(msgspec.Struct):
    message: Pieces | None = None
    finish_reason: str | None = None
    usage: Usage | None = None
    error: str | None = None


class Streamed(msgspec.Struct):
    """One event."""

    type: str = ""
    id: str | None = None
    index: int | None = None
    delta: Delta | None = None
    logprobs: Logprob | None = None
    message: msgspec.Raw = msgspec.Raw()  # of an error in place of an event


read_whole: Final = msgspec.json.Decoder(Whole).decode
read_streamed: Final = msgspec.json.Decoder(Streamed).decode
read_cited: Final = msgspec.json.Decoder(Cited).decode
