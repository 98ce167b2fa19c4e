"""Chat completions, whole and streamed (Parallel 2.11)."""

from typing import Annotated, Literal

import msgspec

from parallel_local.wire.common import FieldBasis


class ChatMessage(msgspec.Struct, frozen=True):
    """`content` is text only."""

    role: Literal["system", "user", "assistant"]
    content: str
    name: str | None = None


class NamedSchema(msgspec.Struct, frozen=True):
    name: str
    schema: dict[str, object] = {}


class ResponseFormat(msgspec.Struct, frozen=True):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: NamedSchema | None = None


class ChatRequest(msgspec.Struct, frozen=True):
    """Sampling and tool parameters are accepted and ignored, as the contract says."""

    model: str
    messages: Annotated[list[ChatMessage], msgspec.Meta(min_length=1)]
    stream: bool | None = None
    response_format: ResponseFormat | None = None
    previous_interaction_id: str | None = None


class Usage(msgspec.Struct, frozen=True):
    """An estimate, so that clients that insist on numbers have some; never a basis for billing."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Message(msgspec.Struct, frozen=True):
    content: str
    role: Literal["assistant"] = "assistant"


class ChatChoice(msgspec.Struct, frozen=True):
    message: Message
    index: int = 0
    finish_reason: Literal["stop"] = "stop"
    logprobs: None = None


class ChatCompletion(msgspec.Struct, frozen=True):
    id: str
    created: int
    model: str
    choices: list[ChatChoice]
    usage: Usage
    basis: list[FieldBasis]
    interaction_id: str | None
    object: Literal["chat.completion"] = "chat.completion"


class Delta(msgspec.Struct, frozen=True, omit_defaults=True):
    content: str | None = None
    role: Literal["assistant"] | None = None


class ChunkChoice(msgspec.Struct, frozen=True):
    delta: Delta
    finish_reason: Literal["stop"] | None = None
    index: int = 0
    logprobs: None = None


class ChatChunk(msgspec.Struct, frozen=True, omit_defaults=True):
    """`basis` and `interaction_id` come with the last chunk."""

    id: str
    created: int
    model: str
    choices: list[ChunkChoice]
    object: str
    type: str
    usage: Usage | None = None
    basis: list[FieldBasis] = []
    interaction_id: str | None = None
