"""A call to a language model as the conversation it was: turns with their parts, and what came back, also in streams.

Read by the dialects that the unified endpoint is made of; of one that none of them reads there is no such view. Pure:
bodies in, turns out. What stands in bodies is hostile: it is cut to what a person can read, and never more than text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from penstock.calls.row_operation import operation_of
from penstock.providers.operation import Kind
from penstock.stores.ledger import CallRow
from penstock.wire.answer_dialect import Dialect
from penstock.wire.dialects.answer import Answer, Block
from penstock.wire.dialects.answer_events import BlockKind, Event, Stopped, StopReason
from penstock.wire.dialects.conversation import (
    Audio,
    Conversation,
    Data,
    Document,
    FileId,
    Found,
    HiddenThinking,
    Image,
    Native,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Url,
)
from penstock.wire.dialects.dialect import Inbound, Outbound, Target
from penstock.wire.dialects.json_value import Json, from_json, to_json
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.sse_reading import EventData, TooLong
from penstock.wire.dialects.surfaces import INBOUND, OUTBOUND
from penstock.wire.surface import Surface

MOST_TURNS: Final = 60
MOST_TEXT: Final = 6_000
"""Characters of one part."""
MOST_BYTES: Final = 2_000_000
"""Of a body that is read for its turns: a page is made of it while somebody waits."""

_SURFACES: Final[Mapping[Kind, Surface]] = {
    Kind.CHAT: Surface.CHAT,
    Kind.MESSAGES: Surface.MESSAGES,
    Kind.RESPONSES: Surface.RESPONSES,
}
_KINDS: Final[Mapping[BlockKind, str]] = {
    BlockKind.THINKING: "thinking",
    BlockKind.HIDDEN_THINKING: "thinking",
    BlockKind.TOOL_CALL: "tool call",
    BlockKind.REFUSAL: "refusal",
    BlockKind.MEDIA: "media",
    BlockKind.NATIVE: "hosted tool",
}
_UNREADABLE: Final = (Refused, TooLong, msgspec.MsgspecError, ValueError, TypeError, KeyError, AttributeError)
_USUAL: Final = {
    Surface.CHAT: Dialect.OPENAI_CHAT,
    Surface.MESSAGES: Dialect.ANTHROPIC,
    Surface.RESPONSES: Dialect.OPENAI_RESPONSES,
}


class PartView(msgspec.Struct, frozen=True):
    """A part of a turn: `text`, `thinking`, `tool call`, `tool result`, `image`, …; `name` is a tool's or a file's."""

    kind: str
    text: str
    name: str = ""
    is_cut: bool = False


class Turn(msgspec.Struct, frozen=True):
    """Who said it: `system`, `user`, `assistant`, `answer` for what came back."""

    role: str
    parts: tuple[PartView, ...]


class ConversationView(msgspec.Struct, frozen=True):
    """The turns, the latest ones where there were too many: `left_out` says how many stand before them."""

    turns: tuple[Turn, ...]
    left_out: int
    tools: tuple[str, ...]  # that the caller offers
    stopped: str  # why the answer ended, where that was not its end


def conversation_of(row: CallRow, request: bytes | None, response: bytes | None) -> ConversationView | None:
    """The view of a call with these plain bodies; None where it is no conversation, or cannot be read."""
    operation = operation_of(row)
    surface = _SURFACES.get(operation.kind)
    if surface is None or request is None or len(request) > MOST_BYTES:
        return None
    asked = _asked(INBOUND[surface], request, row.model or "-")
    if asked is None:
        return None
    said, left_out = asked.messages[-MOST_TURNS:], max(len(asked.messages) - MOST_TURNS, 0)
    turns = [Turn(one.role, tuple(map(_part, one.parts))) for one in said]
    dialect = operation.dialect  # none: no usage is read of it, and its shape is the usual one
    dialect = _USUAL.get(surface, dialect) if dialect is Dialect.NONE else dialect
    answers, stopped = _answered(dialect, response, asked, row)
    turns += [Turn("answer", parts) for parts in answers]
    tools = tuple(one.name[:200] for one in asked.tools[:MOST_TURNS])
    return ConversationView(tuple(turns), left_out, tools, stopped[:200])


def _asked(dialect: Inbound, body: bytes, model: str) -> Conversation | None:
    """What was asked; some providers have the model in the path, and not in the body."""
    try:
        found = from_json(body)
        return dialect.read_request({"model": model, **found}, Dropped()) if isinstance(found, dict) else None
    except (*_UNREADABLE, RecursionError):
        return None


def _answered(
    dialect: Dialect, body: bytes | None, asked: Conversation, row: CallRow
) -> tuple[list[tuple[PartView, ...]], str]:
    """What came back, and why it ended, as far as it can be read."""
    if not body or row.status_code >= 400 or len(body) > MOST_BYTES:
        return [], ""
    is_stream = "event-stream" in row.response_content_type.lower()
    if dialect is Dialect.OPENAI_RESPONSES:
        parts = tuple(_item_parts(_response_items(body, is_stream=is_stream)))
        return [parts] if parts else [], ""
    reader = OUTBOUND.get(dialect)
    if reader is None:
        return [], ""
    target, answer = Target(provider=row.provider, model=row.model or ""), Answer()
    try:
        for event in _events(reader, body, asked, target, is_stream=is_stream):
            answer.add(event)
    except (*_UNREADABLE, RecursionError, IndexError):
        pass  # what came before is shown
    stopped = next((one.stopped for one in answer.choices.values() if one.stopped), None)
    return list(_answers(answer)), _why(stopped)


def _events(
    reader: Outbound, body: bytes, asked: Conversation, target: Target, *, is_stream: bool
) -> Iterator[Event]:
    if not is_stream:
        yield from reader.read_answer(body, asked, target)
        return
    stream = reader.stream_reader(asked, target)
    yield from stream.feed(body)
    yield from stream.finish()


def _why(stopped: Stopped | None) -> str:
    """Why an answer ended, where that was not its end."""
    if stopped is None or stopped.reason is StopReason.END:
        return ""
    return stopped.reason.value.replace("_", " ")


# -- parts


def _part(part: Part) -> PartView:
    match part:
        case Text() | Refusal() | Thinking():
            kind = {Text: "text", Refusal: "refusal", Thinking: "thinking"}[type(part)]
            return _view(kind, part.text)
        case ToolCall():
            return _view("tool call", part.arguments, part.name)
        case ToolResult():
            texts = (_part(one).text for one in part.parts)
            return _view("tool result", "\n".join(texts), "failed" if part.failed else "")
        case Image() | Audio() | Document():
            name = part.name if isinstance(part, Document) else ""
            return _view(type(part).__name__.lower(), _place(part.place), name)
        case Found():
            return _view("search result", "\n".join(part.texts), part.title or part.source)
        case HiddenThinking():
            return _view("thinking", "", "hidden")
        case Native():
            return _view("hosted tool", to_json(part.value).decode(), str(part.value.get("type", "")))


def _place(place: Data | Url | FileId) -> str:
    match place:
        case Data():
            return f"{place.media_type}, {len(place.base64) * 3 // 4:,} bytes"
        case Url():
            return place.url
        case FileId():
            return f"file {place.id}"


def _answers(answer: Answer) -> Iterator[tuple[PartView, ...]]:
    for _, choice in sorted(answer.choices.items()):
        if choice.blocks:
            yield tuple(map(_block, choice.blocks[:MOST_TURNS]))


def _block(block: Block) -> PartView:
    opened = block.opened
    text = block.text
    if opened.native is not None:
        text = to_json(opened.native).decode()
    elif opened.media is not None:
        text = _place(opened.media)
    return _view(_KINDS.get(opened.kind, "text"), text, opened.name)


def _view(kind: str, text: str, name: str = "") -> PartView:
    return PartView(kind, text[:MOST_TEXT], name[:200], len(text) > MOST_TEXT)


# -- OpenAI's Responses: nobody but OpenAI answers in it, so the unified endpoint has no reader of it


def _response_items(body: bytes, *, is_stream: bool) -> list[Json]:
    """The items of an answer; of a stream those of its last event that has them all, else what was done so far."""
    if not is_stream:
        return _items(_json(body))
    done: list[Json] = []
    whole: list[Json] = []
    try:
        for data in EventData().feed(body + b"\n\n"):
            event = _json(data)
            if isinstance(event, dict):
                whole = _items(event.get("response")) or whole
                if event.get("type") == "response.output_item.done":
                    done.append(event.get("item"))
    except TooLong:
        pass
    return whole or done


def _item_parts(items: list[Json]) -> Iterator[PartView]:
    for item in items[:MOST_TURNS]:
        if not isinstance(item, dict):
            continue
        match item.get("type"):
            case "message":
                yield from _texts(item.get("content"), "text")
            case "reasoning":
                yield from _texts(item.get("summary"), "thinking")
            case "function_call" | "custom_tool_call":
                yield _view(
                    "tool call", _text(item.get("arguments") or item.get("input")), _text(item.get("name"))
                )
            case kind:
                yield _view("hosted tool", to_json(item).decode(), _text(kind))


def _texts(parts: Json, kind: str) -> Iterator[PartView]:
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, dict):
            is_refusal = part.get("type") == "refusal"
            yield _view("refusal" if is_refusal else kind, _text(part.get("refusal") or part.get("text")))


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _items(value: Json) -> list[Json]:
    found = value.get("output") if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def _json(data: bytes) -> Json:
    try:
        return from_json(data)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return None
