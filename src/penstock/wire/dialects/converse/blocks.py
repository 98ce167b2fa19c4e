"""Parts of messages as Converse's blocks, with the cache points that stand behind them (dialects, A5, B3, B6, B7).

Which turn a block belongs to is for `turns.py`; bytes and their formats are for `media.py`.
"""

from __future__ import annotations

from collections.abc import Iterable

from penstock.wire.dialects.bedrock_models import BedrockRules
from penstock.wire.dialects.cache_marks import KeptMarks
from penstock.wire.dialects.claude_thinking import is_own_thinking
from penstock.wire.dialects.conversation import (
    Audio,
    CacheMark,
    Conversation,
    Document,
    Family,
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
from penstock.wire.dialects.converse import media
from penstock.wire.dialects.converse.document_names import DocumentNames
from penstock.wire.dialects.converse.tools import cache_point
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.tool_arguments import read_arguments
from penstock.wire.dialects.tool_names import CONVERSE_ID, ToolNames

_AS_EVER = ("", "auto")  # what `detail` is where nobody says it


class BlockWriter:
    """Writes the parts of one request. Methods raise `Refused` for what cannot be carried."""

    __slots__ = ("_documents", "_dropped", "_family", "_marks", "_names", "_nested", "_rules", "_waiting")

    def __init__(
        self, asked: Conversation, rules: BedrockRules, names: ToolNames, marks: KeptMarks, dropped: Dropped
    ) -> None:
        self._nested = asked.family is None
        self._family = Family.BEDROCK if rules.claude is None else Family.ANTHROPIC
        self._rules = rules
        self._names = names
        self._marks = marks
        self._dropped = dropped
        self._documents = DocumentNames()
        self._waiting: CacheMark | None = None  # for the next text: none may stand behind a document of text

    def content(self, parts: Iterable[Part]) -> list[Json]:
        """The blocks of a message: calls last, so that their results stand directly behind them."""
        ordered = sorted(parts, key=lambda part: isinstance(part, ToolCall))
        found: list[Json] = []
        for part in ordered:
            block = self._block(part)
            if block is not None:
                found.append(block)
                found += self._points(part, block)
            else:
                self._leave_mark(part)
        if self._waiting is not None:
            self._dropped(self._waiting.at)
            self._waiting = None
        return found

    def system(self, messages: Iterable[Message]) -> list[Json]:
        """All system texts in order, as one list; those that stood behind a turn are told."""
        parts: list[Part] = []
        talking = False
        for message in messages:
            if message.role != "system":
                talking = True
                continue
            if talking:
                self._dropped(message.at)
            for part in message.parts:
                if not isinstance(part, Text):
                    raise Refused(part.at, "system messages hold texts only")
                parts.append(part)
        return self.content(parts)

    def _text(self, part: Text) -> Object | None:
        """A text; None for a blank one, which the service refuses."""
        if part.signature is not None:
            self._dropped(part.at)
        if not part.text.strip():
            return None
        if part.citations:
            self._dropped(f"{part.at}.citations")
        return {"text": part.text}

    # -- cache points

    def _points(self, part: Part, block: Object) -> list[Json]:
        """What stands behind the block of a part."""
        marks = [mark for mark in _marks_of(part) if self._is_kept(mark)]
        if isinstance(part, Text) and self._waiting is not None:
            marks, self._waiting = [*marks, self._waiting], None
        if not marks:
            return []
        if not can_be_marked(block):
            self._waiting = marks[-1]
            return []
        return [cache_point(marks[-1])]

    def _is_kept(self, mark: CacheMark) -> bool:
        if not self._rules.caches:
            self._dropped(mark.at)
        return self._rules.caches and mark in self._marks

    def _leave_mark(self, part: Part) -> None:
        for mark in _marks_of(part):
            self._dropped(mark.at)

    # -- blocks

    def _block(self, part: Part) -> Object | None:
        match part:
            case Text():
                return self._text(part)
            case Refusal():
                self._dropped(part.at)  # told: it is a text here
                return {"text": part.text} if part.text.strip() else None
            case Thinking():
                return self._thinking(part)
            case HiddenThinking():
                return self._hidden(part)
            case ToolCall():
                return self._call(part)
            case ToolResult():
                return self._result(part)
            case Image() | Audio() | Document() | Found():
                return self._shown(part)
            case Native() if part.is_search:
                self._dropped(part.at)
                return None
            case _:
                raise Refused(part.at, "only the provider that made this can read it")

    def _shown(self, part: Image | Audio | Document | Found) -> Object:
        match part:
            case Image():
                if part.detail not in _AS_EVER:
                    self._dropped(f"{part.at}.{'image_url.detail' if self._nested else 'detail'}")
                return media.image(part)
            case Audio():
                return media.audio(part)
            case Document():
                return media.document(part, self._documents)
            case Found():
                return _found(part)

    def _thinking(self, part: Thinking) -> Object | None:
        """Claude reads only its own, with a signature; others also what nobody signed."""
        foreign = part.signature is not None and part.signature.family is not self._family
        if foreign or (self._rules.claude is not None and not is_own_thinking(part)):
            self._dropped(part.at)
            return None
        text: Object = {"text": part.text}
        if part.signature is not None:
            text["signature"] = part.signature.value
        elif not part.text.strip():
            return None
        return {"reasoningContent": {"reasoningText": text}}

    def _hidden(self, part: HiddenThinking) -> Object | None:
        if part.data.family is not self._family:
            self._dropped(part.at)
            return None
        return {"reasoningContent": {"redactedContent": part.data.value}}

    def _call(self, part: ToolCall) -> Object:
        if part.free:
            raise Refused(part.at, "calls of free-form tools cannot be carried")
        if part.signature is not None:
            self._dropped(part.at)
        call: Object = {
            "toolUseId": CONVERSE_ID.legal(part.id),
            "name": self._names.legal(part.name),
            "input": read_arguments(part),
        }
        return {"toolUse": call}

    def _result(self, part: ToolResult) -> Object:
        content: list[Json] = []
        for one in part.parts:
            block = self._text(one) if isinstance(one, Text) else self._shown(one)
            if block is not None:
                content.append(block)
        found: Object = {"toolUseId": CONVERSE_ID.legal(part.call_id), "content": content}
        if part.failed:
            found["status"] = "error"
        return {"toolResult": found}


def _marks_of(part: Part) -> list[CacheMark]:
    """Those on a part and in it, in order: within a result there is no place for any."""
    inner = [one.cache for one in part.parts] if isinstance(part, ToolResult) else []
    own: CacheMark | None = getattr(part, "cache", None)
    return [mark for mark in (*inner, own) if mark is not None]


def can_be_marked(block: Object) -> bool:
    """Whether a cache point may stand behind it: not behind thinking, nor behind a document of text (dialects, C54)."""
    document = block.get("document")
    return "reasoningContent" not in block and (
        not isinstance(document, dict) or document["format"] == media.PDF
    )


def _found(part: Found) -> Object:
    content: list[Json] = [{"text": text} for text in part.texts if text.strip()]
    found: Object = {"source": part.source, "title": part.title, "content": content}
    if part.cited:
        found["citations"] = {"enabled": True}
    return {"searchResult": found}
