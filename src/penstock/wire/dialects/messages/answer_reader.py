"""The events of one Messages answer, from its blocks and what is added to them: the same for whole ones and streams.

How a stream is framed, and where it ends, is for `stream_reader.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from penstock.wire.dialects.answer_events import (
    Began,
    BlockKind,
    Cited,
    Closed,
    Ended,
    Event,
    Extra,
    Failed,
    Opened,
    Piece,
    Stopped,
    StopReason,
)
from penstock.wire.dialects.blocks import OpenBlocks
from penstock.wire.dialects.claude_models import claude_rules
from penstock.wire.dialects.conversation import Conversation, Family, Opaque
from penstock.wire.dialects.dialect import Target
from penstock.wire.dialects.json_value import Json, Object, from_json
from penstock.wire.dialects.messages import citations, stop_reasons
from penstock.wire.dialects.messages.answer_shapes import (
    Block,
    Delta,
    Head,
    is_there,
    read_block,
    read_failing,
    read_stop_details,
    read_usage,
    read_whole,
)
from penstock.wire.dialects.messages.errors import failure_in_stream
from penstock.wire.dialects.messages.tool_writer import names_of
from penstock.wire.dialects.messages.usage import Usage, beside, counted
from penstock.wire.dialects.structured_output import emulated_tool

_OWN: Final = Family.ANTHROPIC
_TIERS: Final = {"standard": "default"}  # Messages' words, where they are not those of everybody
_NO_INPUT: Final = "{}"


class AnswerEvents:
    """Reads one answer. Methods raise `msgspec.MsgspecError` for what is not of the dialect."""

    __slots__ = (
        "_beside",
        "_chars",
        "_citations",
        "_emulated",
        "_input",
        "_kind",
        "_names",
        "_native",
        "_open",
        "_own",
        "_pieces",
        "_signature",
        "_start",
        "stopped",
    )

    def __init__(self, asked: Conversation, target: Target) -> None:
        self._names = names_of(asked)
        native = claude_rules(target.model).output_format or asked.as_written is not None
        self._emulated = emulated_tool(asked, native=native)
        self._own = asked.family is _OWN  # then what only this dialect has is of use
        self._open = OpenBlocks()
        self._kind = ""  # of the block that the source has open
        self._input = ""  # of a call, as its block began; empty once a piece has come
        self._pieces: list[str] = []  # of the input of a tool that the service runs itself
        self._native: Object = {}
        self._signature: list[str] = []
        self._citations: list[Object] = []
        self._chars = 0  # of text so far
        self._start = 0  # of the open text
        self._beside: Object = {}
        self.stopped = False

    # -- the answer

    def begin(self, head: Head) -> list[Event]:
        """Who answers."""
        events: list[Event] = []
        tier = ""
        if (usage := _usage(head.usage)) is not None:
            tier = usage.service_tier or ""
            events = self.usage(head.usage)
        began = Began(id=head.id or "", model=head.model or "", service_tier=_TIERS.get(tier, tier))
        return [began, *events]

    def usage(self, raw: msgspec.Raw) -> list[Event]:
        """Counts, so far."""
        usage = _usage(raw)
        if usage is None:
            return []
        if self._own:
            self._beside |= beside(from_json(bytes(raw)))
        return [counted(usage)]

    def end(self, told: Head | Delta) -> list[Event]:
        """Why it ended, where that is told: the last reason stays."""
        events: list[Event] = []
        if told.stop_reason:
            self.stopped = True
            word = told.stop_reason
            reason = stop_reasons.read(word)
            if self._emulated and reason is StopReason.TOOL_CALLS:
                reason, word = StopReason.END, ""  # the caller knows of no tool
            details = read_stop_details(told.stop_details) if is_there(told.stop_details) else None
            explanation = "" if details is None else details.explanation or ""
            stopped = Stopped(
                reason=reason,
                native=word,
                sequence=told.stop_sequence or "",
                explanation=explanation,
            )
            events.append(stopped)
        events += self._extra("stop_details", told.stop_details)
        events += self._extra("container", told.container)
        return events

    def context_management(self, raw: msgspec.Raw) -> list[Event]:
        """What the service has cut of the context."""
        return self._extra("context_management", raw)

    def last(self) -> list[Event]:
        """What stands at the end of every answer: open blocks are closed, and what was counted beside is told."""
        events = [*self.stop(), *self._open.close_all()]
        if self._beside:
            events.append(Extra(name="usage", value=self._beside))
        return events

    def _extra(self, name: str, raw: msgspec.Raw) -> list[Event]:
        if not self._own or not is_there(raw):
            return []
        return [Extra(name=name, value=from_json(bytes(raw)))]

    # -- its blocks

    def start(self, raw: msgspec.Raw) -> Iterable[Event]:
        """A block begins, with all or some of its content."""
        events = self.stop()
        block = read_block(raw)
        self._kind = block.type
        match block.type:
            case "text":
                self._start = self._chars
                self._citations = [
                    one for each in block.citations or () if (one := _object(each)) is not None
                ]
                events += self._text(block.text)
            case "thinking":
                self._signature = [block.signature or ""]
                events += self._open.piece(BlockKind.THINKING, block.thinking or "")
            case "redacted_thinking":
                data = Opaque(_OWN, block.data or "")
                events += self._open.open(Opened(kind=BlockKind.HIDDEN_THINKING, data=data))
            case "tool_use":
                events += self._call(block)
            case _:
                self._native, self._pieces = _object(raw) or {}, []
        return events

    def _call(self, block: Block) -> list[Event]:
        self._input = _NO_INPUT if not is_there(block.input) else bytes(block.input).decode(errors="replace")
        if self._emulated and block.name == self._emulated:
            self._kind = "emulated"
            self._start = self._chars
            return []
        name = self._names.original(block.name or "")
        return self._open.open(Opened(kind=BlockKind.TOOL_CALL, call_id=block.id or "", name=name))

    def delta(self, delta: Delta) -> list[Event]:
        """More of the open block."""
        match delta.type:
            case "text_delta":
                return self._text(delta.text)
            case "input_json_delta":
                return self._input_piece(delta.partial_json or "")
            case "thinking_delta":
                return self._open.piece(BlockKind.THINKING, delta.thinking or "")
            case "signature_delta":
                self._signature.append(delta.signature or "")
            case "citations_delta" if is_there(delta.citation):
                if (citation := _object(delta.citation)) is not None:
                    self._citations.append(citation)
            case "compaction_delta":
                self._native["content"] = delta.content
            case _:
                pass
        return []

    def _text(self, text: str | None) -> list[Event]:
        if not text:
            return []
        self._chars += len(text)
        return self._open.piece(BlockKind.TEXT, text)

    def _input_piece(self, text: str) -> list[Event]:
        if not text:
            return []
        if self._kind == "tool_use":
            self._input = ""
            return [Piece(text=text)]
        if self._kind == "emulated":
            self._input = ""
            return self._text(text)
        self._pieces.append(text)
        return []

    def stop(self) -> list[Event]:
        """The open block is whole; nothing where none is open."""
        kind, self._kind = self._kind, ""
        match kind:
            case "":
                return []
            case "text":
                return self._end_of_text()
            case "thinking":
                return self._end_of_thinking()
            case "tool_use":
                piece: list[Event] = [Piece(text=self._input)] if self._input else []
                return [*piece, *self._open.close()]
            case "emulated":
                return [*self._text(self._input), *self._open.close()]
            case "redacted_thinking":
                return self._open.close()
            case _:
                return self._end_of_native()

    def _end_of_text(self) -> list[Event]:
        events: list[Event] = []
        if self._citations and self._open.kind() is None:
            events += self._open.open(Opened(kind=BlockKind.TEXT))
        events += [Cited(citation=citations.read(one, self._start, self._chars)) for one in self._citations]
        self._citations = []
        return [*events, *self._open.close()]

    def _end_of_thinking(self) -> list[Event]:
        signature, self._signature = "".join(self._signature), []
        if not signature:
            return self._open.close()
        opened = [] if self._open.kind() else self._open.open(Opened(kind=BlockKind.THINKING))
        return [*opened, *self._open.close(signature=Opaque(_OWN, signature))]

    def _end_of_native(self) -> list[Event]:
        if any(self._pieces):
            self._native["input"] = _json_or_text("".join(self._pieces))
        native = Opened(kind=BlockKind.NATIVE, native=self._native, family=_OWN)
        self._native, self._pieces = {}, []
        return [native, Closed()]


def read_answer(body: bytes, asked: Conversation, target: Target) -> list[Event]:
    """Raises `msgspec.MsgspecError` for what is no answer of this dialect."""
    failing = read_failing(body)
    if failing.error is not None:
        problem = failing.error
        failure = failure_in_stream(problem.type or "", problem.message or "", failing.request_id or "")
        return [Failed(failure=failure)]
    whole = read_whole(body)
    answer = AnswerEvents(asked, target)
    events = answer.begin(whole)
    for raw in whole.content:
        events += answer.start(raw)
    events += answer.stop()
    events += answer.end(whole)
    if not answer.stopped:
        events.append(Stopped(reason=StopReason.END))
    return [*events, *answer.context_management(whole.context_management), *answer.last(), Ended()]


def _usage(raw: msgspec.Raw) -> Usage | None:
    return read_usage(raw) if is_there(raw) else None


def _object(raw: msgspec.Raw) -> Object | None:
    value = from_json(bytes(raw))
    return value if isinstance(value, dict) else None


def _json_or_text(text: str) -> Json:
    try:
        return from_json(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return text
