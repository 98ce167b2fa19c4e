"""The events of one answer of Cohere, from its entries and their pieces: the same for whole ones and streams.

The plan that a model tells before its calls is text, as other models' words before theirs are; what a reasoning model
thinks has entries of its own. How a stream is framed, and where it ends, is for `stream_reader.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from penstock.wire.dialects.answer_events import (
    Began,
    BlockKind,
    Citation,
    Cited,
    Counted,
    Ended,
    ErrorKind,
    Event,
    Failed,
    Failure,
    Logprobs,
    Opened,
    Piece,
    Stopped,
    StopReason,
    TokenLogprob,
)
from penstock.wire.dialects.blocks import OpenBlocks
from penstock.wire.dialects.cohere.answer_shapes import (
    Call,
    Content,
    Logprob,
    Source,
    Usage,
    read_cited,
    read_whole,
)
from penstock.wire.dialects.cohere.tools import names_of
from penstock.wire.dialects.conversation import Conversation, Family
from penstock.wire.dialects.json_value import Object, from_json
from penstock.wire.dialects.tool_names import made_id

_REASONS: Final[Mapping[str, StopReason]] = {
    "COMPLETE": StopReason.END,
    "STOP_SEQUENCE": StopReason.STOP_SEQUENCE,
    "MAX_TOKENS": StopReason.MAX_TOKENS,
    "TOOL_CALL": StopReason.TOOL_CALLS,
}
_FAILURES: Final[Mapping[str, tuple[ErrorKind, int]]] = {
    "ERROR": (ErrorKind.INNER, 500),
    "TIMEOUT": (ErrorKind.TIME, 504),
}
_PLAN: Final = "PLAN"
_THOUGHT: Final = "THINKING_CONTENT"
_PLAN_INDEX: Final = -1
_NO_ARGUMENTS: Final = "{}"


class AnswerEvents:
    """Reads one answer. Methods raise `msgspec.MsgspecError` for what is not of the dialect."""

    __slots__ = ("_asked", "_calls", "_chars", "_names", "_open", "_starts", "_written")

    def __init__(self, asked: Conversation) -> None:
        self._asked = asked
        self._names = names_of(asked)
        self._open = OpenBlocks()
        self._calls = 0
        self._written = False  # something of the open call's arguments has come
        self._chars = 0  # of text so far
        self._starts: dict[
            int, int
        ] = {}  # of entries of text, by their index: where they begin in the whole text

    # -- the answer

    def begin(self, name: str | None) -> list[Event]:
        """The answer begins."""
        return [Began(id=name or "")]

    def end(self, word: str | None, usage: Usage | None, error: str | None = None) -> list[Event]:
        """All that comes last."""
        events = self.stop()
        if error or word in _FAILURES:
            kind, status = _FAILURES.get(word or "", _FAILURES["ERROR"])
            message = error or f"the provider ended the answer: {word}"
            return [
                *events,
                Failed(failure=Failure(kind=kind, message=message, status=status, type=word or "")),
            ]
        reason = StopReason.END if word is None else _REASONS.get(word, StopReason.END)
        events.append(Stopped(reason=reason, native=word or ""))
        if usage is not None and (told := _counted(usage)) is not None:
            events.append(told)
        return [*events, Ended()]

    # -- its entries

    def entry(self, index: int, content: Content) -> list[Event]:
        """An entry of the content begins, with all or some of it."""
        events = self.stop()
        self._starts[index] = self._chars
        return [*events, *self.piece(content)]

    def piece(self, content: Content) -> list[Event]:
        """More of it."""
        if content.thinking:
            return self._open.piece(BlockKind.THINKING, content.thinking)
        return self._text(content.text)

    def plan(self, text: str | None) -> list[Event]:
        """More of the plan."""
        self._starts.setdefault(_PLAN_INDEX, self._chars)
        return self._text(text)

    def _text(self, text: str | None) -> list[Event]:
        if not text:
            return []
        self._chars += len(text)
        return self._open.piece(BlockKind.TEXT, text)

    def call(self, call: Call) -> list[Event]:
        """A call begins, with all or some of its arguments."""
        events = self.stop()
        name = (call.function.name if call.function is not None else None) or ""
        opened = Opened(
            kind=BlockKind.TOOL_CALL,
            call_id=call.id or made_id(self._asked.call_id, self._calls),
            name=self._names.original(name),
        )
        self._calls += 1
        return [*events, *self._open.open(opened), *self.arguments(call)]

    def arguments(self, call: Call) -> list[Event]:
        """More of its arguments; of no call that is open they are nobody's."""
        text = call.function.arguments if call.function is not None else None
        if not text or self._open.kind() is not BlockKind.TOOL_CALL:
            return []
        self._written = True
        return [Piece(text=text)]

    def stop(self) -> list[Event]:
        """What is open is whole."""
        events: list[Event] = []
        if self._open.kind() is BlockKind.TOOL_CALL and not self._written:
            events.append(Piece(text=_NO_ARGUMENTS))
        self._written = False
        return [*events, *self._open.close()]

    # -- beside them

    def cite(self, raw: msgspec.Raw) -> list[Event]:
        """What a part of the text rests on, once for each source; nothing for what is not text."""
        cited = read_cited(raw)
        index = _PLAN_INDEX if cited.type == _PLAN else cited.content_index or 0
        begin = self._starts.get(index)
        if cited.type == _THOUGHT or begin is None or not self._chars:
            return []
        native = from_json(bytes(raw))
        return [
            Cited(
                citation=_citation(
                    source,
                    begin + cited.start if cited.start is not None else -1,
                    begin + cited.end if cited.end is not None else -1,
                    native if isinstance(native, dict) else None,
                )
            )
            for source in cited.sources or [Source()]
        ]

    def logprobs(self, told: list[Logprob]) -> list[Event]:
        """Of pieces of text; where one has several tokens, theirs together."""
        tokens = tuple(
            TokenLogprob(token=one.text or "", logprob=sum(one.logprobs)) for one in told if one.logprobs
        )
        return [Logprobs(tokens=tokens)] if tokens else []


def read_answer(body: bytes, asked: Conversation) -> list[Event]:
    """Raises `msgspec.MsgspecError` for what is no answer of this dialect."""
    whole = read_whole(body)
    message, answer = whole.message, AnswerEvents(asked)
    events = answer.begin(whole.id)
    for index, content in enumerate(message.content or ()):
        events += answer.entry(index, content)
    events += answer.stop()
    events += answer.plan(message.tool_plan)
    for call in message.tool_calls or ():
        events += answer.call(call)
    events += answer.stop()
    for raw in message.citations or ():
        events += answer.cite(raw)
    events += answer.logprobs(whole.logprobs or [])
    return [*events, *answer.end(whole.finish_reason, whole.usage)]


def _citation(source: Source, start: int, end: int, native: Object | None) -> Citation:
    document = source.document
    if document is None:
        return Citation(title=source.id or "", start=start, end=end, native=native, family=Family.COHERE)
    return Citation(
        url=document.url or "",
        title=document.title or source.id or "",
        cited=document.snippet or document.text or "",
        start=start,
        end=end,
        native=native,
        family=Family.COHERE,
    )


def _counted(usage: Usage) -> Counted | None:
    """What the model saw and made; what is paid is less, and counts only where nothing else is told (dialects, B9)."""
    told = usage.tokens or usage.billed_units
    if told is None:
        return None
    cached = None if usage.cached_tokens is None else int(usage.cached_tokens)
    fresh = None if told.input_tokens is None else max(0, int(told.input_tokens) - (cached or 0))
    output = None if told.output_tokens is None else int(told.output_tokens)
    return Counted(fresh=fresh, cache_read=cached, output=output)
