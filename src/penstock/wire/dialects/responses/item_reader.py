"""`input` of a Responses request: its items as turns (dialects, A2, B3).

An item is a message, a call, an output or a piece of reasoning; a turn of the model is all of its items in a row. Their
`id` and `status` mean something to OpenAI's own store only, and are no loss; `call_id` pairs calls and outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from penstock.wire.dialects.conversation import (
    Data,
    Document,
    Family,
    HiddenThinking,
    Image,
    Message,
    Opaque,
    Part,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from penstock.wire.dialects.data_urls import legal_base64
from penstock.wire.dialects.json_value import Json
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.members import Members
from penstock.wire.dialects.openai_members import tell_rest
from penstock.wire.dialects.responses import searches
from penstock.wire.dialects.responses.part_reader import (
    OF_ASSISTANTS,
    OF_OUTPUTS,
    OF_USERS,
    TEXT_ONLY,
    read_content,
)
from penstock.wire.dialects.signatures import CALLED, TEXT, returned, unmarked
from penstock.wire.dialects.tool_turns import gathered

_ROLES: Final = ("user", "assistant", "system", "developer")
_PHASES: Final = ("commentary", "final_answer")
_OWN: Final = Family.OPENAI
_BREAK: Final = "\n\n"  # between the parts of one item's reasoning


def read_input(body: Members, dropped: Dropped) -> tuple[Message, ...]:
    """The turns, with the outputs of tools in one message behind the turn that called them. Raises `Refused`."""
    at, value = body.at("input"), body.take("input")
    if isinstance(value, str):
        return (Message(role="user", parts=(Text(text=value, at=at),), at=at),)
    if value is None:
        raise Refused(at, "is missing: it must be a string or an array of items")
    if not isinstance(value, list):
        raise Refused(at, "must be a string or an array of items")
    turns = _Turns(dropped)
    for number, one in enumerate(value):
        turns.add(one, f"{at}[{number}]")
    return gathered(turns.finished())


@dataclass(slots=True)
class _Turn:
    """Items of the model in a row, each with its parts: those that are messages, and reasoning and calls."""

    items: list[Message] = field(default_factory=list)
    calls: bool = False


class _Turns:
    __slots__ = ("_dropped", "_found", "_turn")

    def __init__(self, dropped: Dropped) -> None:
        self._dropped = dropped
        self._found: list[Message] = []
        self._turn = _Turn()

    def add(self, value: Json, at: str) -> None:
        item = Members(value, at)
        kind = item.text("type") or ("message" if item.has("role") else "")
        if not kind:
            raise Refused(item.at("type"), "is missing: an item is a message with a role, or of a type")
        reader = _READERS.get(kind)
        if reader is None:
            raise Refused(item.path, _WHY.get(kind, f"is a {kind!r} item, which this provider cannot take"))
        item.take("id")
        item.take("status")
        message = reader(item, self._dropped)
        tell_rest(item, self._dropped)
        if message is None:
            self._dropped(item.path)
        elif message.role == "assistant":
            self._turn.items.append(message)
            self._turn.calls |= any(isinstance(part, ToolCall) for part in message.parts)
        else:
            self._end_turn()
            self._found.append(message)

    def finished(self) -> Sequence[Message]:
        self._end_turn()
        return self._found

    def _end_turn(self) -> None:
        """One message where there are calls; else each message stays one, with the reasoning that led to it."""
        turn, self._turn = self._turn, _Turn()
        if not turn.items:
            return
        if turn.calls:
            for item in turn.items:
                if item.phase:
                    self._dropped(f"{item.at}.phase")
            found = [_joined(turn.items)]
        else:
            found = _spoken(turn.items)
        self._found += [msgspec.structs.replace(one, parts=returned(one.parts, _OWN)) for one in found]


def _joined(items: Sequence[Message]) -> Message:
    parts = tuple(part for item in items for part in item.parts)
    return Message(role="assistant", parts=parts, at=items[0].at)


def _spoken(items: Sequence[Message]) -> list[Message]:
    found: list[Message] = []
    thoughts: list[Message] = []
    for item in items:
        if not _is_thought(item):
            found.append(msgspec.structs.replace(item, parts=_joined([*thoughts, item]).parts))
            thoughts = []
        elif found and not thoughts and _is_behind(item.parts[0]):
            found[-1] = msgspec.structs.replace(found[-1], parts=(*found[-1].parts, *item.parts))
        else:
            thoughts.append(item)
    return [*found, _joined(thoughts)] if thoughts else found


def _is_thought(item: Message) -> bool:
    return len(item.parts) == 1 and isinstance(item.parts[0], Thinking | HiddenThinking)


def _is_behind(part: Part) -> bool:
    """Whether a signature is of what stands before it."""
    signature = part.signature if isinstance(part, Thinking) else None
    return signature is not None and unmarked(signature.value, _OWN)[1] in (CALLED, TEXT)


# -- items


def _message(item: Members, dropped: Dropped) -> Message:
    role = item.word("role", _ROLES)
    if role is None:
        raise Refused(item.at("role"), f"is missing: it must be one of {', '.join(_ROLES)}")
    phase = item.word("phase", _PHASES) or ""
    content, at = item.take("content"), item.at("content")
    if role == "assistant":
        parts = read_content(content, at, OF_ASSISTANTS, dropped)
        return Message(role="assistant", parts=parts, at=item.path, phase=phase)
    if role == "user":
        parts = read_content(content, at, OF_USERS, dropped)
        return Message(role="user", parts=parts, at=item.path, phase=phase)
    parts = read_content(content, at, TEXT_ONLY, dropped)
    return Message(role="system", parts=parts, at=item.path, phase=phase)


def _reasoning(item: Members, dropped: Dropped) -> Message | None:
    """Its summary, else its raw text. One that is known by its id only is nothing to others (dialects, C 80)."""
    summary = [part.needed_text("text") for part in item.objects("summary")]
    raw = [part.needed_text("text") for part in item.objects("content")]
    sealed = item.text("encrypted_content")
    text = _BREAK.join(summary or raw)
    if not text and not sealed:
        return None
    signature = Opaque(_OWN, sealed) if sealed else None
    if signature is not None and not text and unmarked(signature.value, _OWN) == (signature, ""):
        return _of_model(HiddenThinking(data=signature, at=item.path))
    return _of_model(Thinking(text=text, at=item.path, signature=signature))


def _function_call(item: Members, dropped: Dropped) -> Message:
    return _of_model(_call(item, "arguments", free=False))


def _custom_call(item: Members, dropped: Dropped) -> Message:
    return _of_model(_call(item, "input", free=True))


def _call(item: Members, name: str, *, free: bool) -> ToolCall:
    return ToolCall(
        id=_call_id(item),
        name=item.needed_text("name"),
        arguments=item.text(name) or "",
        at=item.path,
        free=free,
    )


def _function_output(item: Members, dropped: Dropped) -> Message:
    return _output(item, dropped, free=False)


def _custom_output(item: Members, dropped: Dropped) -> Message:
    return _output(item, dropped, free=True)


def _output(item: Members, dropped: Dropped, *, free: bool) -> Message:
    parts = read_content(item.take("output"), item.at("output"), OF_OUTPUTS, dropped)
    result = ToolResult(
        call_id=_call_id(item),
        parts=tuple(part for part in parts if isinstance(part, Text | Image | Document)),
        at=item.path,
        free=free,
    )
    return Message(role="user", parts=(result,), at=item.path)


def _call_id(item: Members) -> str:
    found = item.needed_text("call_id")
    if not found:
        raise Refused(item.at("call_id"), "must not be empty")
    return found


def _searched(item: Members, dropped: Dropped) -> Message | None:
    """That the provider searched: what came of it stands in the message behind it, and what only it can read, here."""
    sealed = item.text("encrypted_content")
    item.rest()
    parts = tuple(searches.read(sealed, item.path)) if sealed else ()
    return Message(role="assistant", parts=parts, at=item.path) if parts else None


def _made(item: Members, dropped: Dropped) -> Message | None:
    """A picture that the model made; one that is known by its id only is nothing to others."""
    data = item.text("result")
    item.rest()
    if not data:
        return None
    place = Data(_media_type(data), legal_base64(data, item.at("result")))
    return _of_model(Image(place=place, at=item.path))


def _media_type(data: str) -> str:
    """By how the bytes begin: the item does not say it."""
    return next((kind for start, kind in _PICTURES.items() if data.startswith(start)), "image/png")


_PICTURES: Final = {"/9j/": "image/jpeg", "UklGR": "image/webp", "R0lGO": "image/gif"}


def _of_model(part: Part) -> Message:
    return Message(role="assistant", parts=(part,), at=part.at)


_READERS: Final[dict[str, Callable[[Members, Dropped], Message | None]]] = {
    "message": _message,
    "reasoning": _reasoning,
    "function_call": _function_call,
    "function_call_output": _function_output,
    "custom_tool_call": _custom_call,
    "custom_tool_call_output": _custom_output,
    "web_search_call": _searched,
    "image_generation_call": _made,
}
_WHY: Final = {
    "item_reference": "is an item_reference to an item that this provider does not keep: send the item itself",
    "compaction": "is a compaction, which only the provider that made it can read: send the items themselves",
}
