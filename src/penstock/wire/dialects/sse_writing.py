"""Server-sent events as they are written for callers: with a name (Messages, Responses) or without one (Chat)."""

from __future__ import annotations

from typing import Final

from penstock.wire.dialects.json_value import Json, to_json

KEEP_ALIVE: Final = b": keep-alive\n\n"
"""A comment: the provider said that it is still there, in a dialect that has no event for that."""

DONE: Final = b"data: [DONE]\n\n"
"""What ends a stream of OpenAI's Chat Completions."""


def data_event(value: Json) -> bytes:
    """An event without a name."""
    return b"".join((b"data: ", to_json(value), b"\n\n"))


def named_event(name: str, value: Json) -> bytes:
    """An event with a name."""
    return b"".join((b"event: ", name.encode(), b"\ndata: ", to_json(value), b"\n\n"))
