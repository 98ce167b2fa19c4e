"""Messages and their parts as Cohere takes them; files and search results as documents (dialects, A6, B3).

Documents of a message stand beside all messages, those of a tool's result in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from penstock.wire.dialects.cohere.models import CohereRules
from penstock.wire.dialects.conversation import (
    Conversation,
    Data,
    Document,
    Family,
    FileId,
    Found,
    HiddenThinking,
    Image,
    Message,
    Native,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from penstock.wire.dialects.data_urls import data_url, text_of
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.tool_names import ToolNames

_WEB: Final = ("http://", "https://")


class MessageWriter:
    """Writes the messages of one request. Methods raise `Refused` for what cannot be carried."""

    __slots__ = ("_dropped", "_names", "_rules", "documents")

    def __init__(self, rules: CohereRules, names: ToolNames, dropped: Dropped) -> None:
        self._rules = rules
        self._names = names
        self._dropped = dropped
        self.documents: list[Json] = []
        """What goes beside the messages."""

    def messages(self, asked: Conversation) -> list[Json]:
        """All of them, those of the system at their places; each result of a tool is one of its own."""
        found: list[Json] = []
        for message in asked.messages:
            if message.name:
                self._dropped(f"{message.at}.name")
            if message.phase:
                self._dropped(f"{message.at}.phase")
            found += self._assistant(message) if message.role == "assistant" else self._spoken(message)
        if not found:
            raise Refused(asked.at("messages"), "there must be at least one message")
        return found

    def _spoken(self, message: Message) -> Iterable[Object]:
        """What the user or the system says, after the results of tools."""
        results = [part for part in message.parts if isinstance(part, ToolResult)]
        yield from (self._result(one) for one in results)
        rest = [part for part in message.parts if not isinstance(part, ToolResult)]
        content = self._content(rest)
        if not content and ((results and not rest) or message.role == "system"):
            return
        if not content:
            raise Refused(message.at, "has no content but documents, and Cohere takes no empty message")
        yield {"role": message.role, "content": _plain(content)}

    def _assistant(self, message: Message) -> Iterable[Object]:
        content = self._content(part for part in message.parts if not isinstance(part, ToolCall))
        calls: list[Json] = [self._call(part) for part in message.parts if isinstance(part, ToolCall)]
        written: Object = {"role": "assistant"}
        if content:
            written["content"] = _plain(content)
        if calls:
            written["tool_calls"] = calls
        if content or calls:
            yield written

    def _content(self, parts: Iterable[Part]) -> list[Json]:
        found: list[Json] = []
        for part in parts:
            if (mark := getattr(part, "cache", None)) is not None:
                self._dropped(mark.at)
            block = self._block(part)
            if block is not None:
                found.append(block)
        return found

    def _block(self, part: Part) -> Object | None:
        """None for what is nothing, or stands elsewhere."""
        match part:
            case Text():
                return self._text(part)
            case Refusal():
                self._dropped(part.at)  # told: it is a text here
                return _text_block(part.text)
            case Thinking():
                return self._thinking(part)
            case HiddenThinking():
                if part.data.family is not Family.COHERE:
                    self._dropped(part.at)
                return None
            case Image():
                return _image(part)
            case Document() | Found():
                self.documents.append(document(part))
                return None
            case Native() if part.is_search:
                self._dropped(part.at)
                return None
            case _:
                raise Refused(part.at, "Cohere has no such part")

    def _text(self, part: Text) -> Object | None:
        if part.citations:
            self._dropped(f"{part.at}.citations")
        if part.signature is not None:
            self._dropped(part.at)
        return _text_block(part.text)

    def _thinking(self, part: Thinking) -> Object | None:
        """What another family signed is left out, and what a model that does not think would have to read."""
        foreign = part.signature is not None and part.signature.family is not Family.COHERE
        if foreign or not self._rules.thinks:
            self._dropped(part.at)
            return None
        return {"type": "thinking", "thinking": part.text} if part.text else None

    def _call(self, part: ToolCall) -> Object:
        if part.free:
            raise Refused(part.at, "calls of free-form tools cannot be carried")
        if part.signature is not None:
            self._dropped(part.at)
        if part.cache is not None:
            self._dropped(part.cache.at)
        inner: Object = {"name": self._names.legal(part.name), "arguments": part.arguments or "{}"}
        return {"id": part.id, "type": "function", "function": inner}

    def _result(self, part: ToolResult) -> Object:
        """Text as given, also of what failed."""
        content: list[Json] = []
        for one in part.parts:
            if one.cache is not None:
                self._dropped(one.cache.at)
            if isinstance(one, Image):
                raise Refused(one.at, "Cohere takes no pictures in results of tools")
            if isinstance(one, Text):
                block = self._text(one)
            else:
                block = {"type": "document", "document": document(one)}
            if block is not None:
                content.append(block)
        if part.cache is not None:
            self._dropped(part.cache.at)
        return {"role": "tool", "tool_call_id": part.call_id, "content": _plain(content) if content else ""}


def document(part: Document | Found) -> Object:
    """A text with what is known of it. Raises `Refused` for anything but text."""
    if isinstance(part, Found):
        told: dict[str, str] = {"title": part.title, "url": part.source, "text": "\n".join(part.texts)}
    else:
        text = text_of(part.place) if isinstance(part.place, Data) else None
        if text is None:
            raise Refused(part.at, "Cohere takes documents of text only, by their data")
        told = {"title": part.title or part.name, "context": part.context, "text": text}
    data: Object = {name: value for name, value in told.items() if value}
    return {"data": data}


def _image(part: Image) -> Object:
    place = part.place
    if isinstance(place, FileId):
        raise Refused(part.at, "the id of another provider's file means nothing to Cohere")
    url = data_url(place) if isinstance(place, Data) else place.url
    if not isinstance(place, Data) and not url.lower().startswith(_WEB):
        raise Refused(part.at, "must be an http or https URL, or data")
    image: Object = {"url": url}
    if part.detail:
        image["detail"] = part.detail
    return {"type": "image_url", "image_url": image}


def _text_block(text: str) -> Object | None:
    return {"type": "text", "text": text} if text else None


def _plain(content: Sequence[Json]) -> Json:
    """A lone text as a string."""
    if len(content) == 1 and isinstance(content[0], dict) and content[0].keys() == {"type", "text"}:
        return content[0]["text"]
    return [*content]
