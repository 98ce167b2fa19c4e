"""A streamed answer for callers of the Chat dialect, chunk by chunk as the events come.

Each piece is a chunk of its own, so that how bytes were cut cannot be seen. What stands in every chunk is encoded once;
what a whole answer would say is in `answer_writer.py`, and the two say the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from penstock.wire.dialects.answer import merged
from penstock.wire.dialects.answer_events import (
    Alive,
    Began,
    BlockKind,
    Citation,
    Cited,
    Closed,
    Counted,
    Ended,
    Event,
    Extra,
    Failed,
    Logprobs,
    Opened,
    Piece,
    Stopped,
)
from penstock.wire.dialects.chat.answer_writer import explanation, finish
from penstock.wire.dialects.chat.errors import error_event
from penstock.wire.dialects.chat.message_parts import (
    annotation,
    answer_id,
    asks_in_old_form,
    call_start,
    google_extra,
    logprobs,
    picture,
)
from penstock.wire.dialects.chat.reasoning import hidden_block, thinking_block
from penstock.wire.dialects.chat.sound import Sound, is_sound
from penstock.wire.dialects.chat.usage import write_usage
from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.json_value import Json, Object, to_json
from penstock.wire.dialects.sse_writing import DONE, KEEP_ALIVE

_TEXT_MEMBERS: Final = {
    BlockKind.TEXT: b'{"content":',
    BlockKind.THINKING: b'{"reasoning_content":',
    BlockKind.REFUSAL: b'{"refusal":',
}
_OWN: Final = frozenset(
    {"id", "object", "created", "model", "choices", "usage", "service_tier", "system_fingerprint", "index", "delta",
     "logprobs", "finish_reason", "native_finish_reason"}
)  # fmt: skip
_encode: Final = msgspec.json.Encoder().encode


class _Choice:
    """One of the answers, as far as it has been written."""

    __slots__ = (
        "after", "before", "begin", "begun", "calls", "citations", "length", "opened", "pictures", "refused",
        "sound", "stopped", "thoughts",
    )  # fmt: skip

    def __init__(self) -> None:
        self.begun = False
        self.before = self.after = b""  # what stands before and behind a piece of the open block
        self.opened: Opened | None = None
        self.calls = 0
        self.refused = False
        self.pictures = 0
        self.sound: Sound | None = None
        self.length = 0  # characters of the text
        self.begin = 0  # of the last text block, within the text
        self.citations: list[Citation] = []  # of the open text block, with places that are not known yet
        self.thoughts: list[str] = []  # of the open block of thinking
        self.stopped: Stopped | None = None


class ChatStreamWriter:
    """Writes one streamed answer."""

    __slots__ = (
        "_asked", "_began", "_choices", "_counted", "_extra", "_head", "_old", "_over", "_tail",
    )  # fmt: skip

    def __init__(self, asked: Conversation) -> None:
        self._asked = asked
        self._old = asks_in_old_form(asked)
        self._began = Began()
        self._choices: dict[int, _Choice] = {}
        self._counted: Counted | None = None
        self._extra: Object = {}  # goes with the next chunk
        self._over = False
        self._tail = b',"usage":null}\n\n' if asked.stream_usage else b"}\n\n"
        self._head = b""
        self._rename(Began())

    def write(self, events: Iterable[Event]) -> bytes:
        """The bytes for some events; none after the end."""
        out: list[bytes] = []
        for event in events:
            if self._over:
                break
            if type(event) is Piece:
                self._piece(event, out)
            else:
                self._other(event, out)
        return b"".join(out)

    def _other(self, event: Event, out: list[bytes]) -> None:
        match event:
            case Opened():
                self._open(event, out)
            case Closed():
                self._close(event, out)
            case Began():
                self._rename(event)
            case Cited():
                self._cite(event, out)
            case Logprobs():
                said, refused = ((), event.tokens) if event.refusal else (event.tokens, ())
                self._chunk(event.choice, {}, out, logprobs=logprobs(said, refused))
            case Stopped():
                self._choice(event.choice).stopped = event
            case Counted():
                self._counted = event if self._counted is None else merged(self._counted, event)
            case Extra():
                self._keep(event, out)
            case Alive():
                out.append(KEEP_ALIVE)
            case Failed():
                self._over = True
                out.append(error_event(event.failure))
            case Ended():
                self._end(out)

    # -- what every chunk has

    def _rename(self, told: Began) -> None:
        """What is told later counts; what is empty changes nothing."""
        before, asked = self._began, self._asked
        self._began = began = Began(
            id=told.id or before.id,
            model=told.model or before.model,
            created=told.created or before.created,
            service_tier=told.service_tier or before.service_tier,
            fingerprint=told.fingerprint or before.fingerprint,
        )
        frame: Object = {
            "id": answer_id(began, asked),
            "object": "chat.completion.chunk",
            "created": began.created or asked.asked_at,
            "model": began.model or asked.model,
        }
        if began.service_tier:
            frame["service_tier"] = began.service_tier
        if began.fingerprint:
            frame["system_fingerprint"] = began.fingerprint
        self._head = b"data: " + to_json(frame)[:-1] + b',"choices":['
        for number, choice in self._choices.items():
            self._prepare(number, choice)

    def _chunk(
        self,
        number: int,
        delta: Object,
        out: list[bytes],
        logprobs: Json = None,
        end: Object | None = None,
    ) -> None:
        """A chunk with one choice, and what has been waiting to go with one."""
        choice: Object = {"index": number, "delta": delta, "logprobs": logprobs}
        choice |= end or {"finish_reason": None}
        out += (self._head, to_json(choice), b"]", self._beside(), self._tail)

    def _beside(self) -> bytes:
        """Members of the answer that only this provider has, which go with the next chunk."""
        if not self._extra:
            return b""
        extra, self._extra = self._extra, {}
        return b"," + to_json(extra)[1:-1]

    # -- blocks

    def _choice(self, number: int) -> _Choice:
        choice = self._choices.get(number)
        if choice is None:
            choice = self._choices[number] = _Choice()
        return choice

    def _begin(self, number: int, content: str | None, out: list[bytes]) -> _Choice:
        """The chunk that says who speaks, before the first of a choice."""
        choice = self._choice(number)
        if not choice.begun:
            choice.begun = True
            self._chunk(number, {"role": "assistant", "content": content}, out)
        return choice

    def _open(self, opened: Opened, out: list[bytes]) -> None:
        number, kind = opened.choice, opened.kind
        if kind is BlockKind.NATIVE:  # nothing here says what a hosted tool did
            self._choice(number).opened = opened
            return
        wordless = kind in (BlockKind.TOOL_CALL, BlockKind.MEDIA)
        choice = self._begin(number, None if wordless else "", out)
        choice.opened = opened
        if kind is BlockKind.TOOL_CALL:
            choice.calls += 1
            self._chunk(number, self._call(choice, call_start(opened, None, "")), out)
        elif kind is BlockKind.THINKING:
            choice.thoughts = []
        elif kind is BlockKind.TEXT:
            choice.begin, choice.citations = choice.length, []
        elif kind is BlockKind.REFUSAL:
            choice.refused = True
        elif opened.media is not None and is_sound(opened.media):
            choice.sound = choice.sound or Sound(self._asked)
            self._chunk(number, {"audio": choice.sound.piece(opened.media.base64)}, out)
        self._prepare(number, choice)

    def _call(self, choice: _Choice, call: Object) -> Object:
        """A piece of the call that was opened last. The older form has room for the first one only."""
        if self._old and choice.calls == 1:
            return {"function_call": call["function"]} if "function" in call else {}
        return {"tool_calls": [{"index": choice.calls - 1 - self._old, **call}]}

    def _prepare(self, number: int, choice: _Choice) -> None:
        """Encodes what is the same in all pieces of the open block."""
        opened = choice.opened
        if opened is None:
            return
        start = b'%b{"index":%d,"delta":' % (self._head, number)
        after = b',"logprobs":null,"finish_reason":null}]'
        if opened.kind is BlockKind.TOOL_CALL:
            piece: Object = {"custom": {"input": ""}} if opened.free else {"function": {"arguments": ""}}
            before, behind = to_json(self._call(choice, piece)).split(b'""')
            choice.before, choice.after = start + before, behind + after
        elif member := _TEXT_MEMBERS.get(opened.kind):
            choice.before, choice.after = start + member, b"}" + after

    def _piece(self, piece: Piece, out: list[bytes]) -> None:
        choice = self._choices[piece.choice]
        kind = choice.opened.kind if choice.opened is not None else None
        if kind is BlockKind.TEXT:
            choice.length += len(piece.text)
        elif kind is BlockKind.THINKING:
            choice.thoughts.append(piece.text)
        out += (choice.before, _encode(piece.text), choice.after)
        if self._extra:
            out.append(self._beside())
        out.append(self._tail)

    def _close(self, closed: Closed, out: list[bytes]) -> None:
        number = closed.choice
        choice = self._choice(number)
        opened, choice.opened = choice.opened, None
        if opened is None:
            return
        delta: Object = {}
        if opened.kind is BlockKind.TEXT:
            if choice.citations:
                delta["annotations"] = [
                    annotation(one, choice.begin, choice.length) for one in choice.citations
                ]
                choice.citations = []
            delta |= google_extra(closed.signature)
        elif opened.kind is BlockKind.THINKING and closed.signature is not None:
            text = "".join(choice.thoughts)
            delta["thinking_blocks"] = [thinking_block(text, closed.signature, closed.id)]
        elif opened.kind is BlockKind.HIDDEN_THINKING and opened.data is not None:
            delta["thinking_blocks"] = [hidden_block(opened.data, closed.id)]
        elif opened.media is not None and not is_sound(opened.media):
            delta["images"] = [picture(opened.media, choice.pictures, closed.signature)]
            choice.pictures += 1
        elif opened.kind is BlockKind.TOOL_CALL and (extra := google_extra(closed.signature)):
            delta = self._call(choice, extra)
        if delta:
            self._chunk(number, delta, out)

    def _cite(self, cited: Cited, out: list[bytes]) -> None:
        """At once where the place is known, else when the block is whole that it belongs to."""
        choice, one = self._choice(cited.choice), cited.citation
        if one.start >= 0 and one.end >= 0:
            written = annotation(one, one.start, one.end)
        elif choice.opened is not None and choice.opened.kind is BlockKind.TEXT:
            choice.citations.append(one)
            return
        else:
            written = annotation(one, choice.begin, choice.length)
        self._chunk(cited.choice, {"annotations": [written]}, out)

    def _keep(self, extra: Extra, out: list[bytes]) -> None:
        if extra.choice is None:
            if extra.name not in _OWN:
                self._extra[extra.name] = extra.value
        elif extra.name not in _OWN:
            self._chunk(extra.choice, {}, out, end={"finish_reason": None, extra.name: extra.value})

    # -- the end

    def _end(self, out: list[bytes]) -> None:
        self._over = True
        for number in sorted(self._choices) or [0]:
            choice = self._begin(number, "", out)
            if choice.sound is not None and (rest := choice.sound.rest()):
                self._chunk(number, {"audio": rest}, out)
            refusal = explanation(choice.stopped)
            if refusal and not choice.refused:
                self._chunk(number, {"refusal": refusal}, out)
            self._chunk(number, {}, out, end=finish(choice.stopped, choice.calls, self._old))
        if self._asked.stream_usage and self._counted is not None:
            usage = to_json(write_usage(self._counted))
            out += (self._head, b'],"usage":', usage, b"}\n\n")
        out.append(DONE)
