"""Server-sent events as the fakes write them, and answers that carry JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from support.providers.mind import Said
from support.providers.serving import Answer

_EVENTS = {"content-type": "text/event-stream; charset=utf-8"}


def data(value: object, name: str = "", end: str = "\n\n") -> bytes:
    """One event."""
    first = f"event: {name}\n" if name else ""
    return f"{first}data: {json.dumps(value, ensure_ascii=False)}{end}".encode()


def whole(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """A body of JSON."""
    body = json.dumps(value, ensure_ascii=False).encode()
    lines = {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
    return Answer(status=status, headers=lines, pieces=(body,))


def streamed(
    pieces: Sequence[bytes], said: Said, failure: bytes, headers: Mapping[str, str] | None = None
) -> Answer:
    """A stream: all of it, or its first half and then a failure, or without an end."""
    lines = {**_EVENTS, **(headers or {})}
    if said.cut:
        return Answer(headers=lines, pieces=(*pieces[: len(pieces) // 2], failure))
    if said.slow:
        return Answer(headers=lines, pieces=tuple(pieces[: len(pieces) // 2]), endless=True)
    return Answer(headers=lines, pieces=tuple(pieces))
