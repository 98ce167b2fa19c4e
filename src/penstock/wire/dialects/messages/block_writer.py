"""Messages and their parts as content blocks for Claude (dialects, B3, B6).

Which marks of the cache go out, `cache_marks.py` says; what a host takes, `hosts.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from penstock.wire.dialects.claude_thinking import is_own_thinking
from penstock.wire.dialects.conversation import (
    Audio,
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
    Place,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Url,
)
from penstock.wire.dialects.data_urls import text_of
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.messages.cache_marks import CacheMarks
from penstock.wire.dialects.messages.hosts import Host
from penstock.wire.dialects.tool_arguments import read_arguments
from penstock.wire.dialects.tool_names import CLAUDE_ID, ToolNames

_IMAGES: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_PDF: Final = "application/pdf"
_OWN: Final = Family.ANTHROPIC
_AS_EVER: Final = ("", "auto")  # what `detail` is where nobody says it


class BlockWriter:
    """Writes the messages of one request. Methods raise `Refused` for what cannot be carried."""

    __slots__ = ("_at", "_detail", "_dropped", "_host", "_marks", "_names")

    def __init__(
        self, asked: Conversation, host: Host, names: ToolNames, marks: CacheMarks, dropped: Dropped
    ) -> None:
        self._detail = "image_url.detail" if asked.family is None else "detail"
        self._at = asked.at("messages")
        self._host = host
        self._names = names
        self._marks = marks
        self._dropped = dropped

    def system(self, messages: Iterable[Message]) -> Json:
        """All system texts in order; those that stood later are told. None where there are none."""
        blocks: list[Json] = []
        talking = False
        for message in messages:
            if message.role != "system":
                talking = True
                continue
            if talking:
                self._dropped(message.at)
            self._tell_names(message)
            for part in message.parts:
                if not isinstance(part, Text):
                    raise Refused(part.at, "system messages hold texts only")
                if part.text.strip():
                    blocks.append(self._text(part))
        return _plain(blocks) if blocks else None

    def messages(self, messages: Iterable[Message]) -> list[Json]:
        """All turns."""
        found: list[Json] = []
        for message in messages:
            if message.role == "system":
                continue
            self._tell_names(message)
            blocks = self._blocks(message)
            if blocks:
                found.append({"role": message.role, "content": _plain(blocks)})
        if not found:
            raise Refused(self._at, "there must be at least one message of a user or an assistant")
        return found

    def _tell_names(self, message: Message) -> None:
        if message.name:
            self._dropped(f"{message.at}.name")
        if message.phase:
            self._dropped(f"{message.at}.phase")

    def _blocks(self, message: Message) -> list[Json]:
        """Calls come last, so that their results stand directly behind them."""
        parts = [part for part in message.parts if not isinstance(part, ToolCall)]
        blocks: list[Json] = [block for part in parts if (block := self._block(part)) is not None]
        blocks += [self._call(part) for part in message.parts if isinstance(part, ToolCall)]
        if not blocks and message.role == "user":
            raise Refused(message.at, "has no content, and the provider takes no empty message")
        return blocks

    def _block(self, part: Part) -> Json:
        match part:
            case Text():
                block = self._text(part)
                return block if part.text.strip() else None
            case Thinking() | HiddenThinking():
                return self._thinking(part)
            case Image():
                return self._image(part)
            case Document():
                return self._document(part)
            case Found():
                return self._found(part)
            case ToolResult():
                return self._result(part)
            case Refusal():
                self._dropped(part.at)  # told: it is a text there
                return {"type": "text", "text": part.text} if part.text.strip() else None
            case Native():
                if part.family is not _OWN:
                    raise Refused(part.at, "only the provider that made this can read it")
                return part.value
            case Audio():
                raise Refused(part.at, "the provider takes no audio")
            case _:
                raise Refused(part.at, "cannot be carried")

    def _text(self, part: Text) -> Object:
        self._tell_signature(part)
        return self._marks.put({"type": "text", "text": part.text}, part.cache)

    def _tell_signature(self, part: Text | ToolCall) -> None:
        if part.signature is not None:
            self._dropped(part.at)

    def _thinking(self, part: Thinking | HiddenThinking) -> Json:
        if not is_own_thinking(part):
            self._dropped(part.at)
            return None
        if isinstance(part, HiddenThinking):
            return {"type": "redacted_thinking", "data": part.data.value}
        signature = "" if part.signature is None else part.signature.value
        return {"type": "thinking", "thinking": part.text, "signature": signature}

    def _image(self, part: Image) -> Object:
        if part.detail not in _AS_EVER:
            self._dropped(f"{part.at}.{self._detail}")
        if isinstance(part.place, Data) and part.place.media_type not in _IMAGES:
            kinds = ", ".join(sorted(_IMAGES))
            raise Refused(part.at, f"is {part.place.media_type or 'of no type'}, and must be one of {kinds}")
        return self._marks.put({"type": "image", "source": self._source(part.place, part.at)}, part.cache)

    def _document(self, part: Document) -> Object:
        found: Object = {"type": "document", "source": self._document_source(part)}
        if title := part.title or part.name:
            found["title"] = title
        if part.context:
            found["context"] = part.context
        if part.cited:
            found["citations"] = {"enabled": True}
        return self._marks.put(found, part.cache)

    def _document_source(self, part: Document) -> Object:
        place = part.place
        if isinstance(place, Data) and place.media_type != _PDF:
            text = text_of(place)
            if text is None:
                raise Refused(
                    part.at, f"is {place.media_type or 'of no type'}, and must be a PDF or text in UTF-8"
                )
            return {"type": "text", "media_type": "text/plain", "data": text}
        return self._source(place, part.at)

    def _source(self, place: Place, at: str) -> Object:
        if isinstance(place, Data):
            return {"type": "base64", "media_type": place.media_type, "data": place.base64}
        if isinstance(place, FileId):
            if place.family is not _OWN:
                raise Refused(at, "only the provider that keeps this file can read it")
            return {"type": "file", "file_id": place.id}
        return self._url(place, at)

    def _url(self, place: Url, at: str) -> Object:
        if not place.url.lower().startswith(("http://", "https://")):
            raise Refused(at, "must be an http or https URL")
        if not self._host.urls:
            raise Refused(at, "this provider takes no URLs: send the data itself")
        return {"type": "url", "url": place.url}

    def _found(self, part: Found) -> Object:
        found: Object = {
            "type": "search_result",
            "source": part.source,
            "title": part.title,
            "content": [{"type": "text", "text": text} for text in part.texts],
        }
        if part.cited:
            found["citations"] = {"enabled": True}
        return self._marks.put(found, part.cache)

    def _call(self, part: ToolCall) -> Object:
        if part.free:
            raise Refused(part.at, "calls of free-form tools cannot be carried")
        self._tell_signature(part)
        name = self._names.legal(part.name)
        block: Object = {
            "type": "tool_use",
            "id": CLAUDE_ID.legal(part.id),
            "name": name,
            "input": read_arguments(part),
        }
        return self._marks.put(block, part.cache)

    def _result(self, part: ToolResult) -> Object:
        found: Object = {"type": "tool_result", "tool_use_id": CLAUDE_ID.legal(part.call_id)}
        blocks: list[Json] = [block for one in part.parts if (block := self._block(one)) is not None]
        if blocks:
            found["content"] = _plain(blocks)
        if part.failed:
            found["is_error"] = True
        return self._marks.put(found, part.cache)


def _plain(blocks: list[Json]) -> Json:
    """A lone text as a string."""
    if len(blocks) == 1 and isinstance(blocks[0], dict) and set(blocks[0]) == {"type", "text"}:
        return blocks[0]["text"]
    return blocks
