"""What the providers of `penstock demo` answer: bodies in each one's dialect, for how an answer is to turn out.

Values and bytes only. Who serves them is in `demo_providers.py`; `demo_history.py` writes them down without any call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

PROVIDERS: Final = ("openai", "anthropic", "google-ai-studio", "mistral")
JSON: Final = "application/json"
STREAM: Final = "text/event-stream"

_CREATED: Final = 1_760_000_000
_PIXEL: Final = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
PICTURE: Final = f"data:image/png;base64,{_PIXEL}"
"""A picture of one pixel."""

_to_json = msgspec.json.Encoder().encode


class Tool(msgspec.Struct, frozen=True):
    """A tool that an answer wants called; `arguments` is JSON."""

    name: str
    arguments: str


class DemoAnswer(msgspec.Struct, frozen=True):
    """How an answer turns out."""

    text: str = "This is a made-up answer of `penstock demo`."
    status: int = 200
    seconds: float = 0.0
    tokens_in: int = 10
    tokens_out: int = 10
    stream: bool = False
    tool: Tool | None = None
    only_at: str = ""  # the status holds at this provider alone; others answer well
    first: str = ""  # the status holds for the first call that has this word


class Said(NamedTuple):
    """An answer: what kind it is, and its pieces, that a stream sends one by one."""

    status: int
    content_type: str
    pieces: Sequence[bytes]


class _Asked(msgspec.Struct, frozen=True):
    model: str = "a-model"


def said(provider: str, path: str, body: bytes, answer: DemoAnswer) -> Said:
    """What a provider says to a request. What is asked is not looked at, but for the model."""
    if answer.status != 200:
        return Said(answer.status, JSON, [_to_json(_error(provider, answer.status))])
    model = msgspec.json.decode(body, type=_Asked).model
    if provider == "google-ai-studio":
        model = path.rpartition("/")[2].partition(":")[0]
    if answer.stream:
        return Said(200, STREAM, _events(provider, model, answer))
    return Said(200, JSON, [_to_json(_whole(provider, path, model, answer))])


def _error(provider: str, status: int) -> Mapping[str, object]:
    kind = "rate_limit_error" if status == 429 else "overloaded_error" if status == 529 else "server_error"
    told = {"type": kind, "message": f"a made-up error {status} of `penstock demo`"}
    if provider == "anthropic":
        return {"type": "error", "error": told}
    return {"error": {**told, "code": status}}


def _whole(provider: str, path: str, model: str, answer: DemoAnswer) -> Mapping[str, object]:
    match path.rpartition("/")[2]:
        case "embeddings":
            return _embedding(model, answer)
        case "responses":
            return _response(model, answer)
        case "generations":
            return {"created": _CREATED, "data": [{"b64_json": _PIXEL}]}
    if provider == "anthropic":
        return _message(model, answer, [{"type": "text", "text": answer.text}], "end_turn")
    if provider == "google-ai-studio":
        return _content(model, answer)
    message: dict[str, object] = {"role": "assistant", "content": answer.text}
    if answer.tool is not None:
        function = {"name": answer.tool.name, "arguments": answer.tool.arguments}
        message = {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_demo", "type": "function", "function": function}],
        }
    reason = "stop" if answer.tool is None else "tool_calls"
    return {
        **_completion("chat.completion", model),
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": _usage(answer),
    }


def _embedding(model: str, answer: DemoAnswer) -> Mapping[str, object]:
    return {
        "object": "list",
        "model": model,
        "data": [{"object": "embedding", "index": 0, "embedding": [0.25, -0.5, 0.125, 0.0]}],
        "usage": {"prompt_tokens": answer.tokens_in, "total_tokens": answer.tokens_in},
    }


def _response(model: str, answer: DemoAnswer) -> Mapping[str, object]:
    part = {"type": "output_text", "text": answer.text, "annotations": []}
    message = {"type": "message", "id": "msg_demo", "status": "completed", "role": "assistant"}
    total = answer.tokens_in + answer.tokens_out
    return {
        "id": "resp_demo",
        "object": "response",
        "created_at": _CREATED,
        "status": "completed",
        "model": model,
        "output": [{**message, "content": [part]}],
        "usage": {
            "input_tokens": answer.tokens_in,
            "output_tokens": answer.tokens_out,
            "total_tokens": total,
        },
    }


def _content(model: str, answer: DemoAnswer) -> Mapping[str, object]:
    content = {"role": "model", "parts": [{"text": answer.text}]}
    usage = {"promptTokenCount": answer.tokens_in, "candidatesTokenCount": answer.tokens_out}
    return {
        "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {**usage, "totalTokenCount": answer.tokens_in + answer.tokens_out},
        "modelVersion": model,
    }


def _events(provider: str, model: str, answer: DemoAnswer) -> list[bytes]:
    """The events of a stream, a word in each."""
    words = [f"{word} " for word in answer.text.split()]
    if provider == "anthropic":
        parts = [{"type": "text_delta", "text": word} for word in words]
        events: list[Mapping[str, object]] = [
            {"type": "message_start", "message": _message(model, answer, [], None)},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            *({"type": "content_block_delta", "index": 0, "delta": part} for part in parts),
            {"type": "content_block_stop", "index": 0},
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn"},
                "usage": {"output_tokens": answer.tokens_out},
            },
            {"type": "message_stop"},
        ]
        return [b"event: %s\ndata: %s\n\n" % (str(one["type"]).encode(), _to_json(one)) for one in events]
    chunk = _completion("chat.completion.chunk", model)
    deltas = [{"index": 0, "delta": {"content": word}, "finish_reason": None} for word in words]
    chunks: list[Mapping[str, object]] = [
        *({**chunk, "choices": [delta]} for delta in deltas),
        {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {**chunk, "choices": [], "usage": _usage(answer)},
    ]
    return [*(b"data: %s\n\n" % _to_json(one) for one in chunks), b"data: [DONE]\n\n"]


def _message(
    model: str, answer: DemoAnswer, content: Sequence[object], reason: str | None
) -> Mapping[str, object]:
    usage = {"input_tokens": answer.tokens_in, "output_tokens": answer.tokens_out}
    about = {"id": "msg_demo", "type": "message", "role": "assistant", "model": model}
    return {**about, "usage": usage, "content": content, "stop_reason": reason}


def _completion(kind: str, model: str) -> Mapping[str, object]:
    return {"id": "chatcmpl-demo", "object": kind, "created": _CREATED, "model": model}


def _usage(answer: DemoAnswer) -> Mapping[str, int]:
    total = answer.tokens_in + answer.tokens_out
    return {"prompt_tokens": answer.tokens_in, "completion_tokens": answer.tokens_out, "total_tokens": total}
