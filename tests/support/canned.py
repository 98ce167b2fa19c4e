"""Answers of a chat model, as the official libraries expect them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from support.replies import Reply, sse, whole

COMPLETION: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-5",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Hello there"}, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
}


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5"}
    return b"data: " + json.dumps({**chunk, "choices": [choice]}).encode() + b"\n\n"


EVENTS = (
    _event({"role": "assistant", "content": "Hel"}),
    _event({"content": "lo "}),
    _event({"content": "there"}),
    _event({}, "stop"),
    b"data: [DONE]\n\n",
)


def chat_reply() -> Reply:
    """A whole completion."""
    return whole(json.dumps(COMPLETION).encode(), headers=(("Content-Type", "application/json"),))


def stream_reply(gates: Sequence[asyncio.Event] = ()) -> Reply:
    """The same as a stream; before each event one of the gates, as far as there are any."""
    steps: list[bytes | asyncio.Event] = []
    for number, event in enumerate(EVENTS):
        steps += (*gates[number : number + 1], event)
    return sse(*steps)
