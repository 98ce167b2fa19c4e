"""Messages of a conversation, as one vendor of the Chat dialect takes them.

Tool results become messages of their own; what stands in a message is written in `content_writer.py`. Nothing is put in
that the caller did not send.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from penstock.wire.dialects.chat.content_writer import (
    ContentWriter,
    found_text,
    text_part,
    titled,
)
from penstock.wire.dialects.chat.reasoning import is_googles, reasoning_details
from penstock.wire.dialects.chat.vendors import Vendor
from penstock.wire.dialects.conversation import (
    Audio,
    Data,
    Document,
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
    Url,
)
from penstock.wire.dialects.data_urls import data_url, text_of
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.tool_names import OPENAI_ID, ToolNames

_SHORT_ID: Final = re.compile("[A-Za-z0-9]{9}")


class MessageWriter:
    """Writes the messages of one request. `speaker`: the role of instructions, `system` or `developer`."""

    def __init__(
        self, vendor: Vendor, speaker: str, contents: ContentWriter, names: ToolNames, dropped: Dropped
    ) -> None:
        self._vendor = vendor
        self._speaker = speaker
        self._contents = contents
        self._names = names
        self._dropped = dropped

    def messages(self, messages: Iterable[Message]) -> list[Json]:
        """All of them. Raises `Refused`."""
        written = [one for message in messages for one in self._message(message)]
        return list(_alternating(written) if self._vendor.alternates else written)

    def _message(self, message: Message) -> Iterator[Object]:
        if message.phase:
            self._dropped(f"{message.at}.phase")
        if message.role == "user":
            yield from self._user(message)
        elif message.role == "assistant":
            yield self._named(self._assistant(message.parts), message)
        else:
            content = self._contents.content(message.parts)
            yield self._named({"role": self._speaker, "content": content}, message)

    def _named(self, written: Object, message: Message) -> Object:
        if message.name and not self._vendor.participants:
            self._dropped(f"{message.at}.name")
            return written
        return {**written, "name": message.name} if message.name else written

    def _user(self, message: Message) -> Iterator[Object]:
        """The results first, each in a message, then what they hold beside text, then what the user says."""
        results = [part for part in message.parts if isinstance(part, ToolResult)]
        beside: list[Part] = []
        for result in results:
            yield self._tool_result(result, beside)
        rest = [*beside, *(part for part in message.parts if not isinstance(part, ToolResult))]
        if rest or not results:
            rest = [part for part in rest if not self._is_native(part)]
            yield self._named({"role": "user", "content": self._contents.content(rest)}, message)

    def _is_native(self, part: Part) -> bool:
        if isinstance(part, Native):
            self._dropped(part.at)
        return isinstance(part, Native)

    # -- results of tools

    def _tool_result(self, result: ToolResult, beside: list[Part]) -> Object:
        if not self._vendor.tools:
            raise Refused(result.at, "this provider has no tools")
        if result.cache is not None:
            self._dropped(result.cache.at)
        texts = [text for part in result.parts if (text := self._result_text(part, beside)) is not None]
        return {
            "role": "tool",
            "tool_call_id": self.call_id(result.call_id),
            "content": texts[0] if len(texts) == 1 else [*map(text_part, texts)] or "",
        }

    def _result_text(self, part: Text | Image | Document | Found, beside: list[Part]) -> str | None:
        """The text of a part; None for one that has to stand in a message of the user's, behind the results."""
        if isinstance(part, Text):
            return part.text
        self._dropped(part.at)
        if isinstance(part, Found):
            return found_text(part)
        if isinstance(part, Document) and isinstance(part.place, Data):
            text = text_of(part.place)
            if text is not None:
                return titled(part.title or part.name, text)
        beside.append(part)
        return None

    # -- turns of the model

    def _assistant(self, parts: Sequence[Part]) -> Object:
        written: Object = {"role": "assistant"}
        texts: list[Json] = []
        calls: list[Json] = []
        images: list[Json] = []
        for part in parts:
            match part:
                case ToolCall():
                    calls.append(self._tool_call(part))
                case Text():
                    texts += [one for one in (self._contents.part(part),) if one]
                case Refusal() if self._vendor.refusals:
                    written["refusal"] = f"{written.get('refusal') or ''}{part.text}"
                case Refusal():
                    self._dropped(part.at)
                    texts.append(text_part(part.text))
                case Thinking() | HiddenThinking():
                    pass
                case Image() if self._vendor.thinking == "reasoning_details":  # OpenRouter
                    images.append({"type": "image_url", "image_url": {"url": _url(part.place)}})
                case Native() | Image():
                    self._dropped(part.at)
                case Audio(place=FileId(id=number, family=family)) if family is self._vendor.family:
                    written["audio"] = {"id": number}
                case _:
                    raise Refused(part.at, "has no counterpart in an assistant's message of this provider")
        written["content"] = _assistant_content(
            self._thinking(parts, written) + texts, self._vendor.text_only
        )
        if images:
            written["images"] = images
        if calls:
            written["tool_calls"] = calls
        if written["content"] is None and not (calls or "refusal" in written or "audio" in written):
            written["content"] = ""
        return written

    def _thinking(self, turn: Sequence[Part], written: Object) -> list[Json]:
        """Puts reasoning where the vendor has it; gives what stands in the content. What it does not know is told."""
        way = self._vendor.thinking
        if way == "reasoning_details":
            if details := reasoning_details(turn, self.call_id):
                written["reasoning_details"] = details
            return []
        parts = [part for part in turn if isinstance(part, Thinking | HiddenThinking)]
        plain = [part for part in parts if isinstance(part, Thinking) and part.signature is None and way]
        for part in parts:
            if part not in plain:
                self._dropped(part.at)
        if not plain or not way:
            return []
        if way == "parts":
            return [{"type": "thinking", "thinking": [text_part(part.text)]} for part in plain]
        written[way] = "".join(part.text for part in plain)
        return []

    def _tool_call(self, call: ToolCall) -> Object:
        if not self._vendor.tools or (call.free and not self._vendor.custom_tools):
            raise Refused(call.at, f"this provider has no {'free-form ' * call.free}tools")
        if call.cache is not None:
            self._dropped(call.cache.at)
        carried = self._vendor.thinking == "reasoning_details" and is_googles(call.signature)
        if call.signature is not None and not carried:
            self._dropped(call.at)
        name = self._names.legal(call.name)
        written: Object = {"id": self.call_id(call.id)}
        if call.free:
            return {**written, "type": "custom", "custom": {"name": name, "input": call.arguments}}
        return {**written, "type": "function", "function": {"name": name, "arguments": call.arguments}}

    def call_id(self, number: str) -> str:
        """The id of a call as the vendor takes it: the same for the call and its result."""
        if not self._vendor.short_ids:
            return OPENAI_ID.legal(number)
        if _SHORT_ID.fullmatch(number):
            return number
        return hashlib.sha256(number.encode("utf-8", "surrogatepass")).hexdigest()[:9]


def _url(place: Data | Url | FileId) -> str:
    if isinstance(place, Data):
        return data_url(place)
    return place.url if isinstance(place, Url) else place.id


def _assistant_content(parts: list[Json], text_only: bool) -> Json:
    """One text is a string; several stay apart, but where the vendor wants a string."""
    texts = [part["text"] for part in parts if isinstance(part, dict) and part.keys() == {"type", "text"}]
    if len(texts) < len(parts):
        return parts
    if not parts:
        return None
    if len(texts) == 1:
        return texts[0]
    return "".join(map(str, texts)) if text_only else parts


def _alternating(messages: Iterable[Object]) -> Iterator[Object]:
    """Neighbours of one role as one message, their contents as parts in order (dialects, C 42)."""
    last: Object | None = None
    for message in messages:
        if last is not None and last["role"] == message["role"] != "system":
            last = {**last, "content": [*_parts(last["content"]), *_parts(message["content"])]}
            continue
        if last is not None:
            yield last
        last = message
    if last is not None:
        yield last


def _parts(content: Json) -> list[Json]:
    if isinstance(content, list):
        return content
    return [text_part(content)] if isinstance(content, str) and content else []
