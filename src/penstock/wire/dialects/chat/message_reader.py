"""Messages of a Chat request: roles, reasoning of earlier turns, tool calls and their results.

Results are gathered behind the turn that asked for them (`tool_turns.py`); parts of content are read in
`part_reader.py`, and what is offered as tools in `tool_reader.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from penstock.wire.dialects.chat.part_reader import (
    OF_ASSISTANTS,
    OF_RESULTS,
    OF_USERS,
    TEXT_ONLY,
    read_content,
    read_picture,
)
from penstock.wire.dialects.chat.reasoning import read_thinking, signed_calls
from penstock.wire.dialects.conversation import (
    Audio,
    Document,
    Family,
    FileId,
    Image,
    Message,
    Opaque,
    Part,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.members import Members
from penstock.wire.dialects.openai_members import read_cache_mark, tell_rest
from penstock.wire.dialects.tool_turns import gathered

_ROLES: Final = ("system", "developer", "user", "assistant", "tool", "function")
_SPOKEN: Final = ("system", "developer")


def read_messages(body: Members, dropped: Dropped) -> tuple[Message, ...]:
    """All of them, in order, with the results of tools in one message behind the turn that called them."""
    if not body.has("messages"):
        raise Refused(body.at("messages"), "is missing: it must be an array of messages")
    reader = _Reader(dropped)
    messages = [reader.message(members) for members in body.objects("messages")]
    if not messages:
        raise Refused(body.at("messages"), "must hold at least one message")
    return gathered(messages)


class _Reader:
    """Knows the old calls without ids that are not answered yet, by the names of their functions."""

    __slots__ = ("_dropped", "_free", "_old_calls", "_old_count")

    def __init__(self, dropped: Dropped) -> None:
        self._dropped = dropped
        self._old_calls: dict[str, str] = {}
        self._old_count = 0
        self._free: set[str] = set()  # ids of calls of free-form tools: their results do not say it

    def message(self, members: Members) -> Message:
        role = members.word("role", _ROLES)
        if role is None:
            raise Refused(members.at("role"), "is missing: it must be a string")
        name = "" if role == "function" else members.text("name") or ""
        if role == "assistant":
            message = Message(
                role="assistant", parts=signed_calls(self._assistant(members)), at=members.path, name=name
            )
        elif role in ("tool", "function"):
            result = self._tool_result(members) if role == "tool" else self._old_result(members)
            message = Message(role="user", parts=(result,), at=members.path)
        else:
            parts = self._content(members, TEXT_ONLY if role in _SPOKEN else OF_USERS)
            message = Message(
                role="system" if role in _SPOKEN else "user", parts=parts, at=members.path, name=name
            )
        tell_rest(members, self._dropped)
        return message

    def _content(self, members: Members, allowed: Sequence[str]) -> tuple[Part, ...]:
        mark = read_cache_mark(members)
        return read_content(members.take("content"), members.at("content"), allowed, self._dropped, mark)

    def _assistant(self, members: Members) -> Iterator[Part]:
        """Thinking, then text, then calls: the order in which a turn is made."""
        yield from read_thinking(members, self._dropped)
        signature = _google_signature(members)
        yield from _signed(self._content(members, OF_ASSISTANTS), signature, members.at("extra_content"))
        if refusal := members.text("refusal"):
            yield Refusal(text=refusal, at=members.at("refusal"))
        for image in members.objects("images"):
            yield read_picture(image, _google_signature(image), self._dropped)
        if audio := members.object("audio"):
            place = FileId(audio.needed_text("id"), Family.OPENAI)
            yield Audio(place=place, at=audio.path)
        for call in members.objects("tool_calls"):
            yield self._tool_call(call)
        if old := members.object("function_call"):
            yield self._old_call(old)
        if members.list("annotations"):
            self._dropped(members.at("annotations"))

    def _tool_call(self, members: Members) -> ToolCall:
        number = members.needed_text("id")
        if not number:
            raise Refused(members.at("id"), "must not be empty")
        kind = members.word("type", ("function", "custom")) or "function"
        inner = members.object(kind)
        if inner is None:
            raise Refused(members.at(kind), "is missing: it must be an object")
        if kind == "custom":
            self._free.add(number)
        signature = _google_signature(members)
        cache = read_cache_mark(members)
        members.take("index")  # of a piece of a stream: some clients keep it
        call = ToolCall(
            id=number,
            name=inner.needed_text("name"),
            arguments=(inner.text("arguments") if kind == "function" else inner.text("input")) or "",
            at=members.path,
            free=kind == "custom",
            signature=signature,
            cache=cache,
        )
        tell_rest(inner, self._dropped)
        tell_rest(members, self._dropped)
        return call

    def _old_call(self, members: Members) -> ToolCall:
        name = members.needed_text("name")
        number = f"function_call_{self._old_count}"
        self._old_count += 1
        self._old_calls[name] = number
        return ToolCall(id=number, name=name, arguments=members.text("arguments") or "", at=members.path)

    def _tool_result(self, members: Members) -> ToolResult:
        number = members.needed_text("tool_call_id")
        return self._result(members, number)

    def _old_result(self, members: Members) -> ToolResult:
        name = members.needed_text("name")
        number = self._old_calls.pop(name, None)
        if number is None:
            raise Refused(members.at("name"), f"no message before it calls the function {name!r}")
        return self._result(members, number)

    def _result(self, members: Members, number: str) -> ToolResult:
        cache = read_cache_mark(members)
        parts = read_content(members.take("content"), members.at("content"), OF_RESULTS, self._dropped)
        return ToolResult(
            call_id=number,
            parts=tuple(part for part in parts if isinstance(part, Text | Image | Document)),
            at=members.path,
            free=number in self._free,
            cache=cache,
        )


def _google_signature(members: Members) -> Opaque | None:
    """`extra_content.google.thought_signature`, as Google's own tree of this dialect has it."""
    google = (members.object("extra_content") or Members({})).object("google")
    signature = google.text("thought_signature") if google is not None else None
    return Opaque(Family.GOOGLE, signature) if signature else None


def _signed(parts: tuple[Part, ...], signature: Opaque | None, at: str) -> tuple[Part, ...]:
    """A message's own signature belongs to its last text, which may be empty."""
    if signature is None:
        return parts
    if parts and isinstance(parts[-1], Text):
        return (*parts[:-1], msgspec.structs.replace(parts[-1], signature=signature))
    return (*parts, Text(text="", at=at, signature=signature))
