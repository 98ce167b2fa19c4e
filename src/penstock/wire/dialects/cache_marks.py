"""Which cache marks of a request go out: four at most, the last ones, since they cover most (dialects, B7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from penstock.wire.dialects.conversation import (
    CacheMark,
    Conversation,
    HiddenThinking,
    Native,
    Refusal,
    Thinking,
    ToolResult,
)
from penstock.wire.dialects.loss import Dropped

MOST: Final = 4


class KeptMarks:
    """The marks of one request that go out; the others are told."""

    __slots__ = ("_kept",)

    def __init__(self, asked: Conversation, dropped: Dropped) -> None:
        marks = [mark.at for mark in _marks(asked)]
        self._kept = frozenset(marks[-MOST:])
        for at in marks[:-MOST]:
            dropped(at)

    def __contains__(self, mark: CacheMark) -> bool:
        return mark.at in self._kept


def _marks(asked: Conversation) -> Iterator[CacheMark]:
    """In the order of the prompt: tools, system, messages, the whole."""
    for tool in asked.tools:
        if tool.cache is not None:
            yield tool.cache
    ordered = sorted(asked.messages, key=lambda message: message.role != "system")
    for message in ordered:
        for part in message.parts:
            if isinstance(part, Thinking | HiddenThinking | Native | Refusal):
                continue
            if isinstance(part, ToolResult):
                yield from (one.cache for one in part.parts if one.cache is not None)
            if part.cache is not None:
                yield part.cache
    if asked.cache is not None:
        yield asked.cache
