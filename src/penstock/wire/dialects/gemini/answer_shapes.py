"""GenerateContentResponse as far as it is read: typed, so that a piece of a stream is decoded at one go (dialects, A4).

Members that are not named here are skipped by the decoder. Raises of it are `msgspec.MsgspecError`.
"""

from __future__ import annotations

from typing import Final

import msgspec


class FunctionCall(msgspec.Struct, rename="camel", gc=False):
    name: str = ""
    args: msgspec.Raw = msgspec.Raw()
    id: str | None = None


class Blob(msgspec.Struct, rename="camel", gc=False):
    """A picture, or sound."""

    mime_type: str = ""
    data: str = ""


class Part(msgspec.Struct, rename="camel"):
    """One of a union, with a signature beside it."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: FunctionCall | None = None
    inline_data: Blob | None = None
    file_data: msgspec.Raw = msgspec.Raw()
    executable_code: msgspec.Raw = msgspec.Raw()
    code_execution_result: msgspec.Raw = msgspec.Raw()
    tool_call: msgspec.Raw = msgspec.Raw()  # of Google's own tools
    tool_response: msgspec.Raw = msgspec.Raw()


class Content(msgspec.Struct):
    parts: list[Part] | None = None


class Token(msgspec.Struct, rename="camel", gc=False):
    token: str = ""
    log_probability: float = 0.0


class TopTokens(msgspec.Struct):
    candidates: list[Token] | None = None


class LogprobsResult(msgspec.Struct, rename="camel"):
    chosen_candidates: list[Token] | None = None
    top_candidates: list[TopTokens] | None = None


class Source(msgspec.Struct, gc=False):
    uri: str = ""
    title: str = ""
    text: str = ""


class Chunk(msgspec.Struct, rename="camel"):
    web: Source | None = None
    retrieved_context: Source | None = None
    maps: Source | None = None


class Segment(msgspec.Struct, rename="camel", gc=False):
    part_index: int = 0
    start_index: int = 0
    end_index: int = 0
    text: str = ""


class Support(msgspec.Struct, rename="camel"):
    segment: Segment | None = None
    grounding_chunk_indices: list[int] | None = None


class Grounding(msgspec.Struct, rename="camel"):
    grounding_chunks: list[Chunk] | None = None
    grounding_supports: list[Support] | None = None
    web_search_queries: list[str] | None = None


class Quoted(msgspec.Struct, rename="camel", gc=False):
    """A passage of the answer that is somebody's text."""

    uri: str = ""
    title: str = ""
    start_index: int = 0
    end_index: int = 0


class Quotes(msgspec.Struct, rename="camel"):
    citation_sources: list[Quoted] | None = None  # AI Studio
    citations: list[Quoted] | None = None  # Vertex


class Candidate(msgspec.Struct, rename="camel"):
    content: Content | None = None
    finish_reason: str | None = None
    finish_message: str | None = None
    index: int = 0
    grounding_metadata: Grounding | None = None
    citation_metadata: Quotes | None = None
    logprobs_result: LogprobsResult | None = None


class PromptFeedback(msgspec.Struct, rename="camel", gc=False):
    block_reason: str | None = None
    block_reason_message: str | None = None


class Share(msgspec.Struct, rename="camel", gc=False):
    modality: str = ""
    token_count: int = 0


class UsageMetadata(msgspec.Struct, rename="camel"):
    prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    prompt_tokens_details: list[Share] | None = None
    tool_use_prompt_tokens_details: list[Share] | None = None
    candidates_tokens_details: list[Share] | None = None


class Response(msgspec.Struct, rename="camel"):
    """A whole answer, or a piece of one."""

    candidates: list[Candidate] | None = None
    prompt_feedback: PromptFeedback | None = None
    usage_metadata: UsageMetadata | None = None
    model_version: str | None = None
    response_id: str | None = None
    create_time: str | None = None
    error: msgspec.Raw = msgspec.Raw()


decode_response: Final = msgspec.json.Decoder(Response).decode
decode_responses: Final = msgspec.json.Decoder(list[Response]).decode
