"""Items of a streamed Responses answer: what is open, what has ended, and the events around both (dialects, A2).

An item is ended when the next one begins or the answer ends: only then it is known whether it is whole, and what its
text rests on may be told behind its last piece. What makes an item begin is for `stream_writer.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from penstock.wire.dialects.answer_events import BlockKind, Citation, Opened, TokenLogprob
from penstock.wire.dialects.conversation import Conversation, Opaque
from penstock.wire.dialects.json_value import Json, Object, to_json
from penstock.wire.dialects.responses import items, searches
from penstock.wire.dialects.responses.searches import Search, begun
from penstock.wire.dialects.responses.text_parts import TextPart, TextParts, is_placed

_IN_PROGRESS: Final = "in_progress"
_TAIL: Final = b"}\n\n"  # of the event of a piece
_TEXT_TAIL: Final = b',"logprobs":[]}\n\n'
_encode: Final = msgspec.json.Encoder().encode


class _Message:
    """The message that is being written, and its open part."""

    __slots__ = ("cited", "content", "kind", "part", "pieces", "tokens")

    def __init__(self) -> None:
        self.content: list[Json] = []  # parts that have ended
        self.kind: BlockKind | None = None  # of the open part
        self.pieces: list[str] = []
        self.part: TextPart | None = None
        self.tokens: list[TokenLogprob] = []
        self.cited: list[Citation] = []  # of the whole of the open part

    def open_part(self) -> Object:
        """The open part, as far as it has come."""
        text = "".join(self.pieces)
        if self.kind is BlockKind.TEXT and self.part is not None:
            return items.text_part(text, self.part.annotations, self.tokens)
        return items.refusal_part(text)


class _Call:
    """The tool call that is being written."""

    __slots__ = ("opened", "pieces")

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.pieces: list[str] = []


class _Reasoning:
    """The reasoning that is being written."""

    __slots__ = ("pieces", "signature")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.signature: Opaque | None = None


class _Events:
    """The events of one answer, numbered."""

    __slots__ = ("_number", "out")

    def __init__(self) -> None:
        self._number = 0  # of the next event
        self.out: list[bytes] = []  # what is written, since the last time

    def written(self) -> bytes:
        """The events since the last time."""
        out, self.out = self.out, []
        return b"".join(out)

    def event(self, name: str, members: Object) -> None:
        """The next event."""
        data: Object = {"type": name, "sequence_number": self._number, **members}
        self._number += 1
        self.out += (b"event: ", name.encode(), b"\ndata: ", to_json(data), b"\n\n")


class StreamItems(_Events):
    """Items of one answer, with their events."""

    __slots__ = (
        "_asked", "_head", "_id", "_item", "_pieces", "_tail", "_texts", "behind", "ended", "refused", "said",
    )  # fmt: skip

    def __init__(self, asked: Conversation) -> None:
        super().__init__()
        self._asked = asked
        self._texts = TextParts()
        self._item: _Message | _Call | _Reasoning | Search | None = None  # what is open
        self._id = ""  # of it
        self._head = b""  # of the events of pieces, up to their number
        self._tail = _TAIL  # of the same, behind the piece
        self._pieces: list[str] = []  # where they are gathered
        self.ended: list[Json] = []  # items that have ended
        self.behind: tuple[Opaque, str] | None = None  # a signature that goes out behind the open item
        self.said = self.refused = False  # there is something for the caller; it is a refusal

    # -- events

    def piece(self, text: str) -> None:
        """More of what was begun last."""
        self._pieces.append(text)
        self.out.append(b'%b%d,"delta":%b%b' % (self._head, self._number, _encode(text), self._tail))
        self._number += 1

    def weighed_piece(self, text: str, tokens: Iterable[TokenLogprob]) -> None:
        """The same with log-probabilities, which only texts have."""
        message = self._item
        if not isinstance(message, _Message) or message.kind is not BlockKind.TEXT:
            self.piece(text)
            return
        known = tuple(tokens)
        message.tokens += known
        before = self._tail
        self._tail = b',"logprobs":%b}\n\n' % to_json([items.probability(token) for token in known])
        self.piece(text)
        self._tail = before

    def _of_item(self, name: str, members: Object, **more: Json) -> None:
        self.event(name, {"item_id": self._id, "output_index": len(self.ended), **more, **members})

    def _delta(self, name: str, pieces: list[str], tail: bytes = _TAIL, **more: Json) -> None:
        """Encodes what is the same in all pieces."""
        members: Object = {"type": name, "item_id": self._id, "output_index": len(self.ended), **more}
        self._head = b'event: %b\ndata: %b,"sequence_number":' % (name.encode(), to_json(members)[:-1])
        self._tail = tail
        self._pieces = pieces

    # -- items

    def _new_id(self, kind: str) -> str:
        self._id = items.item_id(kind, self._asked, len(self.ended))
        return self._id

    def _added(self, written: Object) -> None:
        self.event("response.output_item.added", {"output_index": len(self.ended), "item": written})

    def _end_item(self, written: Object) -> None:
        self.event("response.output_item.done", {"output_index": len(self.ended), "item": written})
        self.ended.append(written)
        self._item = None

    def settle(self, status: str = items.DONE) -> None:
        """Ends what is open, with what goes out behind it."""
        match self._item:
            case _Message() as message:
                self._end_part(message)
                self._end_item(items.message(self._id, message.content, status))
            case _Call() as call:
                self._end_call(call, status)
            case _Reasoning() as reasoning:
                self._end_reasoning(reasoning)
            case Search() as search:
                self._end_search(search)
            case _:
                pass
        if self.behind is not None:
            (signature, of), self.behind = self.behind, None
            self.lone(signature, of)

    def lone(self, signature: Opaque, of: str) -> None:
        """Reasoning that is only to be sent back."""
        number = self._new_id(items.REASONING)
        self._added(items.reasoning(number, ""))
        self._end_item(items.reasoning(number, "", signature, of))

    def unfinished(self) -> list[Json]:
        """The open item as far as it has come; none where none is open."""
        match self._item:
            case _Message() as message:
                part = [] if message.kind is None else [message.open_part()]
                return [items.message(self._id, [*message.content, *part], items.CUT)]
            case _Call() as call:
                return [items.call(self._id, call.opened, "".join(call.pieces), items.CUT)]
            case _Reasoning() as reasoning:
                return [items.reasoning(self._id, "".join(reasoning.pieces), reasoning.signature)]
            case Search() as search:
                return [searches.item(self._id, search)]
            case _:
                return []

    # -- messages

    @property
    def in_message(self) -> bool:
        """Whether a further part would stand in the message that is open."""
        return isinstance(self._item, _Message) and self.behind is None

    def begin_part(self, kind: BlockKind) -> None:
        """A text or a refusal, in the open message or in a new one."""
        self.said = True
        self.refused |= kind is BlockKind.REFUSAL
        message = self._item
        if not isinstance(message, _Message) or self.behind is not None:
            self.settle()
            self._item = message = _Message()
            self._added(items.message(self._new_id(items.MESSAGE), (), _IN_PROGRESS))
        self._end_part(message)
        place = len(message.content)
        message.kind, message.pieces, message.tokens, message.cited = kind, [], [], []
        if kind is BlockKind.TEXT:
            message.part = self._texts.begin(len(self.ended), place)
        added: Object = {"part": message.open_part()}
        self._of_item("response.content_part.added", added, content_index=place)
        if kind is BlockKind.TEXT:
            self._delta("response.output_text.delta", message.pieces, _TEXT_TAIL, content_index=place)
        else:
            self._delta("response.refusal.delta", message.pieces, content_index=place)

    def _end_part(self, message: _Message) -> None:
        """The end of the open part; nothing where none is open."""
        kind, place = message.kind, len(message.content)
        if kind is None:
            return
        if kind is BlockKind.TEXT and message.part is not None:
            message.part.length = sum(map(len, message.pieces))
            for citation in message.cited:
                self._annotate(citation, message.part)
        part = message.open_part()
        if kind is BlockKind.TEXT:
            done: Object = {"text": part["text"], "logprobs": part["logprobs"]}
            self._of_item("response.output_text.done", done, content_index=place)
        else:
            self._of_item("response.refusal.done", {"refusal": part["refusal"]}, content_index=place)
        self._of_item("response.content_part.done", {"part": part}, content_index=place)
        message.content.append(part)
        message.kind = None

    def cite(self, citation: Citation) -> None:
        """At once where the place is known, else when the part is whole; also behind the end of its item."""
        message, last = self._item, self._texts.last
        if isinstance(message, _Message) and message.kind is BlockKind.TEXT and not is_placed(citation):
            message.cited.append(citation)
        elif last is not None:
            self._annotate(citation, last)

    def _annotate(self, citation: Citation, last: TextPart) -> None:
        part, written = self._texts.cite(citation, last)
        event: Object = {
            "item_id": items.item_id(items.MESSAGE, self._asked, part.item),
            "output_index": part.item,
            "content_index": part.place,
            "annotation_index": len(part.annotations),
            "annotation": written,
        }
        part.annotations.append(written)
        self.event("response.output_text.annotation.added", event)

    def weigh(self, tokens: Iterable[TokenLogprob]) -> None:
        """Log-probabilities of pieces that are written already."""
        message = self._item
        if isinstance(message, _Message) and message.kind is BlockKind.TEXT:
            message.tokens += tokens

    # -- calls and reasoning

    def begin_call(self, opened: Opened) -> None:
        """A tool call."""
        self.said = True
        self._item = call = _Call(opened)
        self._added(items.call(self._new_id(items.call_kind(opened)), opened, "", _IN_PROGRESS))
        kind = "custom_tool_call_input" if opened.free else "function_call_arguments"
        self._delta(f"response.{kind}.delta", call.pieces)

    def _end_call(self, call: _Call, status: str) -> None:
        opened, written = call.opened, "".join(call.pieces)
        if opened.free:
            self._of_item("response.custom_tool_call_input.done", {"input": written})
        else:
            done: Object = {"name": opened.name, "arguments": written}
            self._of_item("response.function_call_arguments.done", done)
        self._end_item(items.call(self._id, opened, written, status))

    def picture(self, opened: Opened) -> None:
        """A picture that the model made."""
        self.said = True
        self.settle()
        number = self._new_id(items.PICTURE)
        self._added(items.picture(number, opened, added=True))
        for name in ("in_progress", "completed"):
            self._of_item(f"response.image_generation_call.{name}", {})
        self._end_item(items.picture(number, opened))

    def native(self, opened: Opened) -> None:
        """What a hosted tool did: a search, or the result of the open one. Others have no place here."""
        if isinstance(self._item, Search) and self._item.goes_on_with(opened):
            self._item.blocks.append(opened.native)
            self.settle()
        elif (search := begun(opened)) is not None:
            self.settle()
            self._item = search
            self._added(searches.item(self._new_id(items.SEARCH), search, added=True))
            for name in ("in_progress", "searching"):
                self._of_item(f"response.web_search_call.{name}", {})

    def _end_search(self, search: Search) -> None:
        if search.whole:
            self._of_item("response.web_search_call.completed", {})
        self._end_item(searches.item(self._id, search))

    def begin_reasoning(self) -> None:
        """Reasoning, of which nothing is said yet."""
        self.settle()
        self._item = _Reasoning()
        self._added(items.reasoning(self._new_id(items.REASONING), ""))

    def begin_summary(self) -> None:
        """What it says."""
        if isinstance(self._item, _Reasoning):
            part: Object = {"part": items.summary_part("")}
            self._of_item("response.reasoning_summary_part.added", part, summary_index=0)
            self._delta("response.reasoning_summary_text.delta", self._item.pieces, summary_index=0)

    def sign(self, signature: Opaque) -> None:
        """What the open reasoning is signed with."""
        if isinstance(self._item, _Reasoning):
            self._item.signature = signature

    def _end_reasoning(self, reasoning: _Reasoning) -> None:
        text = "".join(reasoning.pieces)
        if text:
            self._of_item("response.reasoning_summary_text.done", {"text": text}, summary_index=0)
            part: Object = {"part": items.summary_part(text)}
            self._of_item("response.reasoning_summary_part.done", part, summary_index=0)
        self._end_item(items.reasoning(self._id, text, reasoning.signature))
