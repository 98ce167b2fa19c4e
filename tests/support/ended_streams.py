"""Streams of all dialects: whole, event by event, and what each says when it fails."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from typing import NamedTuple

from penstock.wire.answer_dialect import Dialect

SSE = "text/event-stream"
LINES = "application/x-ndjson"
FRAMES = "application/vnd.amazon.eventstream"
JSON = "application/json"


class Told(NamedTuple):
    """A stream of a dialect, and how to get it: `path` is below the gateway. Whole with all of its `events` only."""

    dialect: Dialect
    path: str
    kind: str
    events: tuple[bytes, ...]
    failures: tuple[tuple[bytes, str], ...]  # an event that ends it, and the type of error it tells
    body: bytes = b'{"model":"m","stream":true}'


def sse(data: object, name: str = "") -> bytes:
    """One event."""
    text = data if isinstance(data, str) else json.dumps(data)
    return f"event: {name}\ndata: {text}\n\n".encode() if name else f"data: {text}\n\n".encode()


def typed(kind: str, **fields: object) -> bytes:
    """One event whose name stands in its data as well."""
    return sse({"type": kind, **fields}, kind)


def line(**fields: object) -> bytes:
    return json.dumps(fields).encode() + b"\n"


def frame(payload: object, **headers: str) -> bytes:
    """One frame of an AWS event stream."""
    block = b""
    for key, value in headers.items():
        name = b":" + key.replace("_", "-").encode()
        block += bytes([len(name)]) + name + b"\x07" + struct.pack(">H", len(value)) + value.encode()
    body = json.dumps(payload).encode()
    start = struct.pack(">II", 16 + len(block) + len(body), len(block))
    start += struct.pack(">I", zlib.crc32(start))
    whole = start + block + body
    return whole + struct.pack(">I", zlib.crc32(whole))


def converse(kind: str, payload: object) -> bytes:
    return frame(payload, event_type=kind, content_type=JSON, message_type="event")


def invoked(event: object) -> bytes:
    inner = base64.b64encode(json.dumps(event).encode()).decode()
    return frame({"bytes": inner}, event_type="chunk", content_type=JSON, message_type="event")


def exception(kind: str) -> bytes:
    return frame({"message": "no"}, exception_type=kind, content_type=JSON, message_type="exception")


def chat(finish: str | None = None, index: int = 0, **more: object) -> bytes:
    """A chunk of a chat. Its text speaks of errors."""
    text = '{"error":{"type":"server_error"}} data: [DONE] event: error'
    choice = {"index": index, "delta": {} if finish else {"content": text}, "finish_reason": finish}
    return sse({"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice], **more})


USED = sse({"id": "c", "choices": [], "usage": {"prompt_tokens": 1000, "completion_tokens": 100}})
DONE = sse("[DONE]")
OPENAI_ERROR = sse({"error": {"message": "The server had an error", "type": "server_error"}})
_RESPONSE = {"id": "r", "object": "response", "model": "m", "error": None}
_MESSAGE = {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "m"}


def google(finish: str | None = None) -> dict[str, object]:
    part: dict[str, object] = {
        "content": {"parts": [{"text": 'error: {"error":{"status":"X"}}'}]},
        "index": 0,
    }
    return {"candidates": [{**part, "finishReason": finish} if finish else part], "modelVersion": "m"}


_GOOGLE_ERROR = {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}


def array(*elements: dict[str, object]) -> tuple[bytes, ...]:
    pieces = [
        (b"," if place else b"[") + json.dumps(one, indent=1).encode() for place, one in enumerate(elements)
    ]
    return (*pieces[:-1], pieces[-1] + b"\n]\n")


STREAMS: dict[str, Told] = {
    "chat": Told(
        Dialect.OPENAI_CHAT,
        "openai/v1/chat/completions",
        SSE,
        (chat(), chat(), DONE),
        (
            (OPENAI_ERROR, "server_error"),
            (sse({"error": {"message": "no", "code": 429}}), "429"),
            (sse({"message": "no"}, "error"), "error"),
            (chat("error", error={"code": 502, "message": "no"}), "502"),
            (sse({"error": "the model fell over"}), "error"),
            (OPENAI_ERROR + DONE, "server_error"),
        ),
    ),
    "chat that only finishes": Told(
        Dialect.OPENAI_CHAT,
        "groq/openai/v1/chat/completions",
        SSE,
        (chat(), chat("length") + USED),
        ((OPENAI_ERROR, "server_error"),),
    ),
    "two choices": Told(
        Dialect.OPENAI_CHAT,
        "mistral/v1/chat/completions",
        SSE,
        (chat(), chat(index=1), chat("stop"), chat("stop", index=1)),
        ((chat("error"), "error"),),
    ),
    "responses": Told(
        Dialect.OPENAI_RESPONSES,
        "openai/v1/responses",
        SSE,
        (
            typed("response.created", response=_RESPONSE),
            typed("response.output_text.delta", delta="an error: response.failed"),
            typed("response.completed", response={**_RESPONSE, "status": "completed"}),
        ),
        (
            (
                typed("response.failed", response={**_RESPONSE, "error": {"code": "rate_limit_exceeded"}}),
                "rate_limit_exceeded",
            ),
            (typed("error", code="server_error", message="no", param=None), "server_error"),
        ),
    ),
    "responses cut at their limit": Told(
        Dialect.OPENAI_RESPONSES,
        "perplexity-ai/v1/responses",
        SSE,
        (
            typed("response.created", response=_RESPONSE),
            typed(
                "response.incomplete",
                response={**_RESPONSE, "incomplete_details": {"reason": "max_output_tokens"}},
            ),
        ),
        (),
    ),
    "images": Told(
        Dialect.OPENAI_IMAGES,
        "openai/v1/images/generations",
        SSE,
        (
            typed("image_generation.partial_image", b64_json="aa", partial_image_index=0),
            typed("image_generation.completed", b64_json="a" * 40_000),
        ),
        (
            (
                typed("error", error={"type": "image_generation_user_error", "code": "x"}),
                "image_generation_user_error",
            ),
        ),
    ),
    "speech": Told(
        Dialect.OPENAI_SPEECH,
        "openai/v1/audio/speech",
        SSE,
        (typed("speech.audio.delta", audio="aa"), typed("speech.audio.done", usage={"input_tokens": 1})),
        ((typed("error", error={"type": "server_error"}), "server_error"),),
    ),
    "messages": Told(
        Dialect.ANTHROPIC,
        "anthropic/v1/messages",
        SSE,
        (
            typed("message_start", message=_MESSAGE),
            typed("content_block_delta", index=0, delta={"type": "text_delta", "text": '{"type":"error"}'}),
            typed("message_delta", delta={"stop_reason": "max_tokens"}, usage={"output_tokens": 5}),
            typed("message_stop"),
        ),
        ((typed("error", error={"type": "overloaded_error", "message": "Overloaded"}), "overloaded_error"),),
    ),
    "google": Told(
        Dialect.GOOGLE,
        "google-ai-studio/v1beta/models/m:streamGenerateContent?alt=sse",
        SSE,
        (sse(google()), sse(google("MAX_TOKENS"))),
        ((sse(_GOOGLE_ERROR), "UNAVAILABLE"),),
    ),
    "google that is blocked": Told(
        Dialect.GOOGLE,
        "google-ai-studio/v1beta/models/m:streamGenerateContent?alt=sse",
        SSE,
        (sse({"promptFeedback": {"blockReason": "SAFETY"}}),),
        (),
    ),
    "google's array": Told(
        Dialect.GOOGLE,
        "google-ai-studio/v1beta/models/m:streamGenerateContent",
        JSON,
        array(google(), google(), google("STOP")),
        ((b"," + json.dumps(_GOOGLE_ERROR).encode() + b"]", "UNAVAILABLE"),),
    ),
    "interactions": Told(
        Dialect.GOOGLE_INTERACTIONS,
        "google-ai-studio/v1beta/interactions",
        SSE,
        (
            sse({"event_type": "content.delta", "delta": {"text": "error"}}),
            sse({"event_type": "interaction.completed", "interaction": {"status": "completed"}}),
        ),
        (
            (sse({"event_type": "error", "error": {"code": "internal", "message": "no"}}), "internal"),
            (sse({"event_type": "interaction.completed", "interaction": {"status": "failed"}}), "error"),
        ),
        b'{"model":"m","stream":true,"store":false}',
    ),
    "converse": Told(
        Dialect.BEDROCK_CONVERSE,
        "aws-bedrock/bedrock-runtime/us-east-1/model/m/converse-stream",
        FRAMES,
        (
            converse("messageStart", {"role": "assistant"}),
            converse("contentBlockDelta", {"delta": {"text": "throttlingException"}}),
            converse("messageStop", {"stopReason": "max_tokens"}),
            converse("metadata", {"usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}}),
        ),
        (
            (exception("throttlingException"), "throttlingException"),
            (exception("modelStreamErrorException"), "modelStreamErrorException"),
        ),
    ),
    "invoke": Told(
        Dialect.BEDROCK_INVOKE,
        "aws-bedrock/bedrock-runtime/us-east-1/model/m/invoke-with-response-stream",
        FRAMES,
        (
            invoked({"type": "content_block_delta", "delta": {"text": "error"}}),
            invoked(
                {
                    "type": "message_stop",
                    "amazon-bedrock-invocationMetrics": {"inputTokenCount": 1, "outputTokenCount": 2},
                }
            ),
        ),
        ((exception("modelTimeoutException"), "modelTimeoutException"),),
    ),
    "cohere v1": Told(
        Dialect.COHERE_V1,
        "cohere/v1/chat",
        LINES,
        (
            line(event_type="stream-start", is_finished=False),
            line(event_type="text-generation", text="ERROR", is_finished=False),
            line(event_type="stream-end", is_finished=True, finish_reason="MAX_TOKENS"),
        ),
        ((line(event_type="stream-end", is_finished=True, finish_reason="ERROR_TOXIC"), "ERROR_TOXIC"),),
    ),
    "cohere v2": Told(
        Dialect.COHERE_V2,
        "cohere/v2/chat",
        SSE,
        (
            typed("message-start", delta={"message": {"role": "assistant"}}),
            typed("content-delta", index=0, delta={"message": {"content": {"text": "ERROR"}}}),
            typed("message-end", delta={"finish_reason": "MAX_TOKENS"}),
        ),
        ((typed("message-end", delta={"finish_reason": "ERROR", "error": "no"}) + DONE, "ERROR"),),
    ),
    "workers-ai": Told(
        Dialect.WORKERS_AI,
        "workers-ai/@cf/meta/llama-3.1-8b-instruct",
        SSE,
        (sse({"response": "error", "p": "ab"}), DONE),
        ((sse({"success": False, "errors": [{"code": 3040, "message": "Capacity"}]}), "3040"),),
    ),
    "cartesia": Told(
        Dialect.CARTESIA,
        "cartesia/tts/sse",
        SSE,
        (typed("chunk", data="aa", done=False), typed("done", done=True)),
        ((typed("error", error="no such voice", done=True), "error"),),
    ),
    "conversations": Told(
        Dialect.MISTRAL_CONVERSATIONS,
        "mistral/v1/conversations",
        SSE,
        (
            typed("conversation.response.started", conversation_id="c"),
            typed("message.output.delta", content="conversation.response.error"),
            typed("conversation.response.done", usage={"prompt_tokens": 1}),
        ),
        ((typed("conversation.response.error", message="no", code=3000), "3000"),),
        b'{"model":"m","stream":true,"store":false}',
    ),
    "a run": Told(
        Dialect.OPENAI_RUNS,
        "openai/v1/threads/t/runs",
        SSE,
        (
            sse({"id": "r", "last_error": None}, "thread.run.created"),
            sse({"id": "r", "last_error": None}, "thread.run.completed"),
            sse("[DONE]", "done"),
        ),
        (
            (
                sse({"id": "r", "last_error": {"code": "rate_limit_exceeded"}}, "thread.run.failed")
                + sse("[DONE]", "done"),
                "rate_limit_exceeded",
            ),
        ),
    ),
}
