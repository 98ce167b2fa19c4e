"""A streamed answer for callers of Responses: its events in their order, each with its number (dialects, A2, B10).

An item begins when there is something in it; how items are written is in `stream_items.py`. What a whole answer would
say is in `answer_writer.py`, and the two say the same.
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
from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.responses import items
from penstock.wire.dialects.responses.response_object import (
    Verdict,
    beside,
    error_of,
    explanation,
    response,
    verdict,
)
from penstock.wire.dialects.responses.stream_items import StreamItems
from penstock.wire.dialects.signatures import CALL, CALLED, HIDDEN, TEXT
from penstock.wire.dialects.sse_writing import KEEP_ALIVE

_IN_PROGRESS: Final = Verdict(status="in_progress")


class ResponsesStreamWriter:
    """Writes one answer."""

    __slots__ = (
        "_asked", "_began", "_begun", "_counted", "_extra", "_held", "_items", "_opened", "_over", "_started",
        "_stopped", "_weighed",
    )  # fmt: skip

    def __init__(self, asked: Conversation) -> None:
        self._asked = asked
        self._weighed = bool(asked.sampling.logprobs)
        self._began = Began()
        self._counted: Counted | None = None
        self._stopped: Stopped | None = None
        self._extra: Object = {}
        self._items = StreamItems(asked)
        self._started = self._over = False
        self._opened: Opened | None = None  # the source's open block
        self._begun = False  # whether something of it is written
        self._held = ""  # a piece whose log-probabilities may come behind it

    def write(self, events: Iterable[Event]) -> bytes:
        """The bytes for some events; none after the end."""
        for event in events:
            if self._over:
                break
            if type(event) is Piece:
                self._piece(event)
            elif not getattr(event, "choice", None) and not (self._held and self._release(event)):
                self._other(event)  # of the first choice: the dialect has one
        return self._items.written()

    def _other(self, event: Event) -> None:
        match event:
            case Opened():
                self._open(event)
            case Closed():
                self._close(event)
            case Cited():
                if self._opened is not None and self._opened.kind is BlockKind.TEXT and not self._begun:
                    self._begin_block()
                self._items.cite(event.citation)
            case Logprobs() if not event.refusal:
                self._items.weigh(event.tokens)
            case Began():
                self._begin(event)
            case Counted():
                self._counted = event if self._counted is None else merged(self._counted, event)
            case Stopped():
                self._stopped = event
            case Extra():
                self._extra[event.name] = event.value
            case Alive():
                self._items.out.append(KEEP_ALIVE)
            case Ended():
                self._finish()
            case Failed():
                self._fail(error_of(event.failure))
            case _:
                pass

    # -- the answer

    def _begin(self, told: Began) -> None:
        """The answer's id is the one that it began with."""
        if self._started:
            told = msgspec.structs.replace(told, id="")
        self._began = merged_began(self._began, told)
        if self._began.id:
            self._start()

    def _start(self) -> None:
        if self._started:
            return
        self._started = True
        for name in ("response.created", "response.in_progress"):
            self._whole(name, _IN_PROGRESS, [])

    def _whole(self, name: str, end: Verdict, output: list[Json]) -> None:
        """An event with the whole response so far."""
        if end is _IN_PROGRESS:
            members = response(self._began, self._asked, output, end)
        else:
            members = response(self._began, self._asked, output, end, self._counted)
            members |= beside(self._stopped, self._extra, members)
        self._items.event(name, {"response": members})

    def _finish(self) -> None:
        self._start()
        self._over = True
        end = verdict(self._stopped, said=self._items.said)
        status = items.CUT if end.cut else items.DONE
        refusal = explanation(self._stopped)
        if refusal and not self._items.refused:
            if not self._items.in_message:
                self._items.settle(status)
            self._items.begin_part(BlockKind.REFUSAL)
            self._items.piece(refusal)
        self._items.settle(status)
        self._whole(f"response.{end.status}", end, self._items.ended)

    def _fail(self, error: Object) -> None:
        """What is open stays as far as it has come, and is not said to be done."""
        self._start()
        self._over = True
        output = [*self._items.ended, *self._items.unfinished()]
        self._whole("response.failed", Verdict(status="failed", error=error), output)

    # -- blocks

    def _open(self, opened: Opened) -> None:
        self._start()
        self._opened, self._begun = opened, False
        match opened.kind:
            case BlockKind.TOOL_CALL:
                self._items.settle()
                if opened.signature is not None:
                    self._items.lone(opened.signature, CALL)
                self._items.begin_call(opened)
                self._begun = True
            case BlockKind.HIDDEN_THINKING if opened.data is not None:
                self._items.settle()
                self._items.lone(opened.data, HIDDEN)
            case BlockKind.MEDIA:
                self._items.picture(opened)
            case BlockKind.NATIVE:
                self._items.native(opened)
            case _:
                pass

    def _piece(self, piece: Piece) -> None:
        if piece.choice:
            return
        if self._weighed:
            if self._held:
                self._release(piece)
            self._held = piece.text
        elif self._begun or self._begin_block():
            self._items.piece(piece.text)

    def _release(self, event: Event) -> bool:
        """The piece that was held, with its log-probabilities: whether those are what came behind it."""
        text, self._held = self._held, ""
        weighs = isinstance(event, Logprobs)
        if self._begun or self._begin_block():
            tokens = event.tokens if isinstance(event, Logprobs) and not event.refusal else ()
            self._items.weighed_piece(text, tokens)
        return weighs

    def _begin_block(self) -> bool:
        """Begins what the open block is of; whether its pieces are written at all."""
        match None if self._opened is None else self._opened.kind:
            case BlockKind.TEXT | BlockKind.REFUSAL as kind:
                self._items.begin_part(kind)
            case BlockKind.THINKING:
                self._items.begin_reasoning()
                self._items.begin_summary()
            case _:  # nothing here says what a hosted tool did
                return False
        self._begun = True
        return True

    def _close(self, closed: Closed) -> None:
        opened, self._opened = self._opened, None
        begun, self._begun = self._begun, False
        signature = closed.signature
        if opened is None or signature is None:
            return
        match opened.kind:
            case BlockKind.THINKING:
                if not begun:
                    self._items.begin_reasoning()
                self._items.sign(signature)
            case BlockKind.TEXT:
                if not begun:
                    self._items.settle()
                self._items.behind = (signature, TEXT)
            case BlockKind.MEDIA:
                self._items.lone(signature, TEXT)
            case BlockKind.TOOL_CALL if opened.signature is None:
                self._items.behind = (signature, CALLED)
            case _:
                pass
