"""A streamed answer for a caller of Messages: its events in the order that SDKs rely on (dialects, A3, B10).

A block is written when there is something in it. A text stays open until something else comes, since what it rests on
may be told behind its end. Every event has its name, since SDKs skip those without.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from penstock.wire.dialects.answer import merged, merged_began
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
from penstock.wire.dialects.conversation import Conversation, Opaque
from penstock.wire.dialects.json_value import Object, to_json
from penstock.wire.dialects.messages import citations, usage
from penstock.wire.dialects.messages.answer_parts import (
    OWN,
    End,
    call_block,
    head,
    hidden_block,
    input_of,
    media_block,
    native_block,
    thinking_block,
)
from penstock.wire.dialects.messages.errors import write_error
from penstock.wire.dialects.signatures import CALL, CALLED, TEXT, marked
from penstock.wire.dialects.sse_writing import named_event

_PING: Final = named_event("ping", {"type": "ping"})
_DELTA: Final = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":'
_TEXT_DELTA: Final = _DELTA + b'{"type":"text_delta","text":'
_THINKING_DELTA: Final = _DELTA + b'{"type":"thinking_delta","thinking":'
_INPUT_DELTA: Final = _DELTA + b'{"type":"input_json_delta","partial_json":'
_DELTA_END: Final = b"}}\n\n"
_encode: Final = msgspec.json.Encoder().encode


class StreamWriter:
    """Writes one answer."""

    __slots__ = (
        "_asked",
        "_began",
        "_end",
        "_held",
        "_index",
        "_is_object",
        "_kind",
        "_opened",
        "_out",
        "_prefix",
        "_started",
    )

    def __init__(self, asked: Conversation) -> None:
        self._asked = asked
        self._began = Began()
        self._end = End(extra={})
        self._started = False
        self._index = -1  # of the block that was begun last
        self._kind: BlockKind | None = None  # of the block that is open here
        self._opened: Opened | None = None  # the source's open block
        self._prefix = b""  # of pieces of the open block
        self._held: list[str] = []  # arguments that are not known to be an object
        self._is_object: bool | None = None  # whether they are; None: nothing has come yet
        self._out: list[bytes] = []

    def write(self, events: Iterable[Event]) -> bytes:
        """The bytes for some events."""
        for event in events:
            if type(event) is Piece:
                self._piece(event)
            elif not getattr(event, "choice", None):  # the dialect has one
                self._write(event)
        out, self._out = self._out, []
        return b"".join(out)

    def _write(self, event: Event) -> None:
        match event:
            case Piece() | Logprobs():
                pass
            case Opened():
                self._open(event)
            case Closed():
                self._closed(event)
            case Cited():
                self._cited(event.citation)
            case Began():
                self._began = merged_began(self._began, event)
            case Counted():
                self._end.counted = event if self._end.counted is None else merged(self._end.counted, event)
            case Stopped():
                self._end.stopped = event
            case Extra():
                self._end.extra[event.name] = event.value
            case Alive():
                self._out.append(_PING)
            case Ended():
                self._finish()
            case Failed():
                self._out.append(named_event("error", write_error(event.failure)))

    # -- the answer

    def _start(self) -> None:
        """The head, once something is there: until then the source may tell more of it."""
        if self._started:
            return
        self._started = True
        message: Object = {
            **head(self._began, self._asked),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage.written(self._end.counted),
        }
        self._out.append(named_event("message_start", {"type": "message_start", "message": message}))

    def _finish(self) -> None:
        self._start()
        self._stop()
        delta: Object = {
            "type": "message_delta",
            "delta": self._end.why(),
            "usage": self._end.usage(),
            **self._end.beside(),
        }
        self._out.append(named_event("message_delta", delta))
        self._out.append(named_event("message_stop", {"type": "message_stop"}))

    # -- its blocks

    def _begin(self, kind: BlockKind, block: Object) -> None:
        """A block begins, after the end of the one before it."""
        self._start()
        self._stop()
        self._index += 1
        self._kind = kind
        event: Object = {"type": "content_block_start", "index": self._index, "content_block": block}
        self._out.append(named_event("content_block_start", event))

    def _stop(self) -> None:
        """The open block ends; nothing where none is open."""
        if self._kind is None:
            return
        self._kind = None
        self._out.append(
            named_event("content_block_stop", {"type": "content_block_stop", "index": self._index})
        )

    def _delta(self, delta: Object) -> None:
        event: Object = {"type": "content_block_delta", "index": self._index, "delta": delta}
        self._out.append(named_event("content_block_delta", event))

    def _lone(self, block: Object) -> None:
        """A block that comes whole."""
        self._begin(BlockKind.NATIVE, block)
        self._stop()

    def _signature(self, signature: Opaque, of: str) -> None:
        """A signature without a place of its own: thinking that says nothing."""
        self._begin(BlockKind.THINKING, thinking_block("", None))
        self._delta({"type": "signature_delta", "signature": marked(signature, OWN, of)})
        self._stop()

    def _open(self, opened: Opened) -> None:
        self._stop()
        self._opened = opened
        self._prefix = b""
        match opened.kind:
            case BlockKind.TOOL_CALL:
                self._end.calls = True
                if opened.signature is not None:
                    self._signature(opened.signature, CALL)
                self._begin(BlockKind.TOOL_CALL, call_block(opened))
                self._held, self._is_object = [], None
            case BlockKind.HIDDEN_THINKING:
                self._lone(hidden_block(opened))
            case BlockKind.MEDIA:
                self._lone(media_block(opened))
            case BlockKind.NATIVE:
                native = native_block(opened)
                if native is not None:
                    self._lone(native)
            case BlockKind.REFUSAL:
                self._end.refused = True
            case _:
                pass

    def _piece(self, piece: Piece) -> None:
        if piece.choice:
            return
        if self._prefix or self._first(piece.text):
            self._out += (self._prefix, _encode(piece.text), _DELTA_END)

    def _first(self, text: str) -> bool:
        """Opens what a piece is of, and says whether the piece is to be written now."""
        if self._opened is None:
            return False
        match self._opened.kind:
            case BlockKind.TOOL_CALL:
                return self._first_of_call(text)
            case BlockKind.THINKING:
                self._begin(BlockKind.THINKING, thinking_block("", None))
                self._prefix = _THINKING_DELTA % self._index
            case _:
                self._begin(BlockKind.TEXT, {"type": "text", "text": ""})
                self._prefix = _TEXT_DELTA % self._index
        return True

    def _first_of_call(self, text: str) -> bool:
        """Arguments are held back until they begin an object; what is none goes out at its end."""
        self._held.append(text)
        if self._is_object is None and (begin := text.lstrip()):
            self._is_object = begin.startswith("{")
        if self._is_object:
            self._prefix = _INPUT_DELTA % self._index
            self._out.append(self._prefix + to_json("".join(self._held)) + _DELTA_END)
        return False

    def _closed(self, closed: Closed) -> None:
        opened, self._opened = self._opened, None
        if opened is None:
            return
        match opened.kind:
            case BlockKind.TEXT | BlockKind.MEDIA:
                if closed.signature is not None:
                    self._signature(closed.signature, TEXT)
            case BlockKind.THINKING:
                self._end_thinking(closed)
            case BlockKind.TOOL_CALL:
                self._end_call(opened, closed)
            case _:
                self._stop()

    def _end_thinking(self, closed: Closed) -> None:
        if closed.signature is not None:
            if self._kind is None:
                self._begin(BlockKind.THINKING, thinking_block("", None))
            self._delta({"type": "signature_delta", "signature": marked(closed.signature, OWN)})
        self._stop()

    def _end_call(self, opened: Opened, closed: Closed) -> None:
        if self._is_object is False:
            whole = to_json(input_of("".join(self._held))).decode()
            self._delta({"type": "input_json_delta", "partial_json": whole})
        self._stop()
        if closed.signature is not None and opened.signature is None:
            self._signature(closed.signature, CALLED)

    def _cited(self, citation: Citation) -> None:
        written = citations.written(citation)
        if written is None:
            return
        if self._kind is None and self._opened is not None and self._opened.kind is BlockKind.TEXT:
            self._first("")
        if self._kind is BlockKind.TEXT:
            self._delta({"type": "citations_delta", "citation": written})
