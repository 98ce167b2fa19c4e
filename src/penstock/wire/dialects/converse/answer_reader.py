"""The events of one answer of Converse, from its blocks and their pieces: the same for whole ones and streams.

How a stream is framed, and where it ends, is for `stream_reader.py`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Final

import msgspec

from penstock.wire.dialects.answer_events import (
    Began,
    BlockKind,
    Cited,
    Ended,
    Event,
    Opened,
    Piece,
    Stopped,
    StopReason,
)
from penstock.wire.dialects.bedrock_models import bedrock_rules
from penstock.wire.dialects.blocks import OpenBlocks
from penstock.wire.dialects.conversation import Conversation, Family, Opaque
from penstock.wire.dialects.converse import citations
from penstock.wire.dialects.converse.answer_shapes import (
    Block,
    Delta,
    Reasoning,
    ReasoningPiece,
    Tier,
    ToolUse,
    Usage,
    read_fields,
    read_whole,
)
from penstock.wire.dialects.converse.endings import counted, stop_reason
from penstock.wire.dialects.converse.tools import names_of
from penstock.wire.dialects.dialect import Target
from penstock.wire.dialects.json_value import Object, from_json
from penstock.wire.dialects.structured_output import emulated_tool

_NO_INPUT: Final = "{}"


class AnswerEvents:
    """Reads one answer. Methods raise `msgspec.MsgspecError` for what is not of the dialect."""

    __slots__ = (
        "_called",
        "_chars",
        "_citations",
        "_emulated",
        "_family",
        "_hidden",
        "_names",
        "_open",
        "_signature",
        "_standing_in",
        "_start",
        "_written",
        "stopped",
    )

    def __init__(self, asked: Conversation, target: Target) -> None:
        rules = bedrock_rules(target.model)
        self._family = Family.BEDROCK if rules.claude is None else Family.ANTHROPIC
        self._names = names_of(asked)
        self._emulated = emulated_tool(asked, native=rules.text_format)
        self._open = OpenBlocks()
        self._called = False  # the source's open block is a call
        self._standing_in = False  # the same, of the tool whose input is the answer
        self._written = False  # something of the call's input has come
        self._signature: list[str] = []
        self._hidden: list[str] = []
        self._citations: list[Object] = []
        self._chars = 0  # of text so far
        self._start = 0  # of the source's open block
        self.stopped = False

    # -- the answer

    def begin(self, tier: Tier | None = None) -> list[Event]:
        """The answer begins: it names neither itself nor its model."""
        return [Began(service_tier=(tier.type or "") if tier is not None else "")]

    def end(self, word: str | None, fields: msgspec.Raw) -> list[Event]:
        """Why it ended."""
        events = self.stop()
        if not word:
            return events
        self.stopped = True
        reason = stop_reason(word)
        if self._emulated and reason is StopReason.TOOL_CALLS:
            reason, word = StopReason.END, ""  # the caller knows of no tool
        return [*events, Stopped(reason=reason, native=word, sequence=_sequence(fields))]

    def usage(self, usage: Usage | None) -> list[Event]:
        """Counts."""
        return [] if usage is None else [counted(usage)]

    # -- its blocks

    def call(self, call: ToolUse) -> list[Event]:
        """A call begins."""
        events = self.stop()
        self._called = True
        if self._emulated and call.name == self._emulated:
            self._standing_in = True
            return events
        opened = Opened(
            kind=BlockKind.TOOL_CALL, call_id=call.tool_use_id, name=self._names.original(call.name)
        )
        return [*events, *self._open.open(opened)]

    def delta(self, delta: Delta) -> list[Event]:
        """More of the open block."""
        if delta.text is not None:
            return self.text(delta.text)
        if delta.tool_use is not None:
            return self.input(delta.tool_use.input)
        if delta.reasoning_content is not None:
            return self._thought(delta.reasoning_content)
        if bytes(delta.citation):
            self.cite(delta.citation)
        return []

    def text(self, text: str) -> list[Event]:
        """A piece of text."""
        self._chars += len(text)
        return self._open.piece(BlockKind.TEXT, text)

    def input(self, text: str) -> list[Event]:
        """A piece of a call's input; of none that is open, it is nobody's."""
        if not text or not self._called:
            return []
        self._written = True
        return self.text(text) if self._standing_in else [Piece(text=text)]

    def cite(self, raw: msgspec.Raw) -> None:
        """What the open text rests on, told when it is whole."""
        value = from_json(bytes(raw))
        if isinstance(value, dict):
            self._citations.append(value)

    def _thought(self, piece: ReasoningPiece) -> list[Event]:
        if piece.signature:
            self._signature.append(piece.signature)
        if piece.redacted_content:
            self._hidden.append(piece.redacted_content)
        return self._open.piece(BlockKind.THINKING, piece.text or "")

    def stop(self) -> list[Event]:
        """The source's open block is whole; nothing where none is open."""
        events: list[Event] = []
        if self._called:
            events = self._end_of_call()
        elif self._citations:
            events = self._end_of_cited()
        elif self._signature and self._open.kind() is not BlockKind.THINKING:
            events = self._open.open(Opened(kind=BlockKind.THINKING))
        signature = Opaque(self._family, "".join(self._signature)) if self._signature else None
        events += self._open.close(signature=signature)
        if self._hidden:
            data = Opaque(self._family, _joined(self._hidden))
            events += self._open.open(Opened(kind=BlockKind.HIDDEN_THINKING, data=data))
            events += self._open.close()
        self._called = self._standing_in = self._written = False
        self._signature, self._hidden, self._citations = [], [], []
        self._start = self._chars
        return events

    def _end_of_call(self) -> list[Event]:
        return [] if self._written else self.input(_NO_INPUT)

    def _end_of_cited(self) -> list[Event]:
        events: list[Event] = []
        if self._open.kind() is not BlockKind.TEXT:
            events += self._open.open(Opened(kind=BlockKind.TEXT))
        events += [
            Cited(citation=citations.read(one, self._start, self._chars, self._family))
            for one in self._citations
        ]
        return events

    # -- blocks that come whole

    def block(self, block: Block) -> list[Event]:
        """One of a whole answer."""
        events: list[Event] = []
        if block.text is not None:
            events += self.text(block.text)
        elif block.tool_use is not None:
            events += self.call(block.tool_use)
            events += self.input(_compact(block.tool_use.input))
        elif block.reasoning_content is not None:
            events += self._reasoning(block.reasoning_content)
        elif block.citations_content is not None:
            for said in block.citations_content.content or ():
                events += self.text(said.text or "")
            for one in block.citations_content.citations or ():
                self.cite(one)
        return [*events, *self.stop()]

    def _reasoning(self, reasoning: Reasoning) -> list[Event]:
        shown = reasoning.reasoning_text
        return self._thought(
            ReasoningPiece(
                text=None if shown is None else shown.text,
                signature=None if shown is None else shown.signature,
                redacted_content=reasoning.redacted_content,
            )
        )


def read_answer(body: bytes, asked: Conversation, target: Target) -> list[Event]:
    """Raises `msgspec.MsgspecError` for what is no answer of this dialect."""
    whole = read_whole(body)
    answer = AnswerEvents(asked, target)
    events = answer.begin(whole.service_tier)
    message = whole.output.message
    for block in (message.content if message is not None else None) or ():
        events += answer.block(block)
    events += answer.end(whole.stop_reason, whole.additional_model_response_fields)
    if not answer.stopped:
        events.append(Stopped(reason=StopReason.END))
    return [*events, *answer.usage(whole.usage), Ended()]


def _compact(raw: msgspec.Raw) -> str:
    text = msgspec.json.format(bytes(raw), indent=-1).decode() if bytes(raw) else ""
    return _NO_INPUT if text in ("", "null") else text


def _sequence(fields: msgspec.Raw) -> str:
    """The one that it stopped at, where the caller asked for that; a value of another shape tells nothing."""
    if not bytes(fields):
        return ""
    try:
        return read_fields(fields).stop_sequence or ""
    except msgspec.MsgspecError:
        return ""


def _joined(pieces: Sequence[str]) -> str:
    """Base64 that came in several pieces, each of them by itself."""
    if len(pieces) == 1:
        return pieces[0]
    try:
        return base64.b64encode(b"".join(binascii.a2b_base64(one) for one in pieces)).decode()
    except (binascii.Error, ValueError):
        return "".join(pieces)
