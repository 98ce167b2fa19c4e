"""Tool calls and their results: each result stands directly behind the turn with its call, and none is missing.

Dialects allow different orders, and clients prune what they send. What is only out of order is put in order; what is
missing is refused, since nobody may make up a result (dialects, C11, C12).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from penstock.wire.dialects.conversation import Message, Part, ToolCall, ToolResult
from penstock.wire.dialects.loss import Refused


def gathered(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages with the results of each turn's calls in one user message behind it, first and in the calls' order.

    Raises `Refused` for a call without a result, and for a result without a call before it.
    """
    found: list[Message] = []
    at = 0
    while at < len(messages):
        message = messages[at]
        if message.role != "assistant":
            found += _without_strays(message)
            at += 1
            continue
        end = _end_of_turn(messages, at)
        turn = messages[at:end]
        calls = [part for one in turn for part in one.parts if isinstance(part, ToolCall)]
        if not calls:
            found += turn
            at = end
            continue
        found.append(_joined(turn))
        answered = _end_of_answers(messages, end)
        found += _answers(calls, messages[end:answered])
        at = answered
    return tuple(found)


def _end_of_turn(messages: Sequence[Message], at: int) -> int:
    while at < len(messages) and messages[at].role == "assistant":
        at += 1
    return at


def _end_of_answers(messages: Sequence[Message], at: int) -> int:
    while at < len(messages) and messages[at].role != "assistant":
        at += 1
    return at


def _joined(turn: Sequence[Message]) -> Message:
    if len(turn) == 1:
        return turn[0]
    return msgspec.structs.replace(turn[0], parts=tuple(part for one in turn for part in one.parts))


def _answers(calls: Sequence[ToolCall], after: Sequence[Message]) -> list[Message]:
    """The results of some calls in one message, and what else is said before the next turn."""
    order = {call.id: place for place, call in enumerate(calls)}
    results: dict[str, ToolResult] = {}
    rest: list[Message] = []
    first = ""
    for message in after:
        kept: list[Part] = []
        for part in message.parts:
            if not isinstance(part, ToolResult):
                kept.append(part)
            elif part.call_id not in order:
                raise _stray(part)
            elif part.call_id in results:
                raise Refused(part.at, f"is a second result of the tool call {part.call_id!r}")
            else:
                results[part.call_id] = part
                first = first or message.at
        if kept:
            rest.append(msgspec.structs.replace(message, parts=tuple(kept)))
        elif not message.parts:
            rest.append(message)
    for call in calls:
        if call.id not in results:
            raise Refused(call.at, f"the tool call {call.id!r} has no result in the messages behind it")
    ordered = tuple(sorted(results.values(), key=lambda result: order[result.call_id]))
    if rest and rest[0].at == first and rest[0].role == "user":
        return [msgspec.structs.replace(rest[0], parts=(*ordered, *rest[0].parts)), *rest[1:]]
    return [Message(role="user", parts=ordered, at=first), *rest]


def _without_strays(message: Message) -> list[Message]:
    for part in message.parts:
        if isinstance(part, ToolResult):
            raise _stray(part)
    return [message]


def _stray(result: ToolResult) -> Refused:
    return Refused(result.at, f"answers the tool call {result.call_id!r}, which no message before it has")
