"""Tool calls in the pieces of a Chat answer: which call a piece is of, and when the next one begins.

Vendors number calls, or give ids, or both, or neither, and write them in one piece or in many: a new id or a new number
is a new call (dialects, C 2, 3, 7).
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from penstock.wire.dialects.answer_events import BlockKind, Event, Opened
from penstock.wire.dialects.blocks import OpenBlocks
from penstock.wire.dialects.chat.answer_shapes import Call, Delta, json_of
from penstock.wire.dialects.conversation import Family, Opaque
from penstock.wire.dialects.json_value import Json
from penstock.wire.dialects.tool_names import ToolNames, made_id


class Senseless(Exception):
    """An answer that nobody can make sense of, such as pieces of several calls in turns."""


class CallPiece(msgspec.Struct):
    """A piece of a call, and whether a call begins with it."""

    call: Call
    begins: bool


class _Current(msgspec.Struct):
    """The call that is being made."""

    index: int | None
    id: str
    opened: bool = False
    waiting: list[str] = []  # arguments that came before the name


class CallReader:
    """The calls of one choice. `is_open`: whether more of one may come; `made`: how many there were."""

    __slots__ = (
        "_blocks",
        "_call_id",
        "_choice",
        "_current",
        "_ids",
        "_names",
        "_signatures",
        "is_open",
        "made",
    )

    def __init__(self, blocks: OpenBlocks, names: ToolNames, call_id: str, choice: int) -> None:
        self._blocks = blocks
        self._names = names
        self._call_id = call_id
        self._choice = choice
        self._current: _Current | None = None
        self._ids: dict[int, str] = {}  # of calls by their numbers
        self._signatures: dict[str, Opaque] = {}  # by the ids of calls, of which some may never come
        self.is_open = False
        self.made = 0

    def pieces(self, delta: Delta) -> Iterator[CallPiece]:
        """The pieces of calls in one delta, each with whether it begins a call."""
        for call in delta.tool_calls or ():
            yield CallPiece(call=call, begins=self._begins(call))
        if delta.function_call is not None:
            call = Call(index=-1, function=delta.function_call)
            yield CallPiece(call=call, begins=self._begins(call))

    def _begins(self, call: Call) -> bool:
        """A new number or a new id is a new call; where there is neither, a name is. Raises `Senseless`."""
        current = self._current
        if current is None:
            return True
        if call.index is None:
            if call.id:
                return call.id != current.id
            return bool(call.function and call.function.name and current.opened)
        if call.id and (self._ids.get(call.index) or call.id) != call.id:
            return True
        if call.index == current.index:
            return False
        if call.index not in self._ids:
            return True
        if _text(call):
            raise Senseless(f"more of the tool call numbered {call.index} came after the next one")
        return False

    def sign(self, number: str, signature: Opaque) -> None:
        """What the call of that id is signed with, whether it has come or is yet to come."""
        current = self._current
        if current is not None and current.id == number and self.is_open:
            self._blocks.sign(signature, self._choice)
        else:
            self._signatures[number] = signature

    def unclaimed(self) -> dict[str, Opaque]:
        """Signatures whose calls did not come, or had ended before them."""
        left, self._signatures = self._signatures, {}
        return left

    def close(self) -> None:
        """No more of the call that is being made. Raises `Senseless` for one without a name."""
        self._check()
        self.is_open = False

    def _check(self) -> None:
        current = self._current
        if current is not None and not current.opened and any(current.waiting):
            raise Senseless("a tool call has no name")

    def take(self, piece: CallPiece) -> list[Event]:
        """The events of one piece. Raises `Senseless`."""
        call = piece.call
        if piece.begins:
            self._check()
            number = call.id or made_id(self._call_id, self.made, self._choice)
            self._current = _Current(index=call.index, id=number)
            if call.index is not None:
                self._ids[call.index] = call.id or ""
        current = self._current
        if current is None or (call.index is not None and call.index != current.index):
            return []
        events: list[Event] = []
        if not current.opened:
            inner = call.custom or call.function
            if inner is None or not inner.name:
                current.waiting.append(_text(call))
                return []
            events += self._open(call, current, inner.name)
        events += self._blocks.piece(BlockKind.TOOL_CALL, _text(call), self._choice)
        return events

    def _open(self, call: Call, current: _Current, name: str) -> list[Event]:
        current.opened = self.is_open = True
        self.made += 1
        opened = Opened(
            kind=BlockKind.TOOL_CALL,
            choice=self._choice,
            call_id=current.id,
            name=self._names.original(name),
            free=call.custom is not None,
            signature=_google_signature(json_of(call.extra_content))
            or self._signatures.pop(current.id, None),
        )
        waiting = "".join(current.waiting)
        return [*self._blocks.open(opened), *self._blocks.piece(BlockKind.TOOL_CALL, waiting, self._choice)]


def _text(call: Call) -> str:
    """More of the arguments: JSON text, or a value that is none yet."""
    if call.custom is not None:
        return call.custom.input or ""
    arguments = call.function.arguments if call.function else None
    if isinstance(arguments, str) or arguments is None:
        return arguments or ""
    return msgspec.json.encode(arguments).decode()


def _google_signature(extra: Json) -> Opaque | None:
    """`extra_content.google.thought_signature`, as Google's own tree of this dialect has it."""
    google = extra.get("google") if isinstance(extra, dict) else None
    signature = google.get("thought_signature") if isinstance(google, dict) else None
    return Opaque(Family.GOOGLE, signature) if isinstance(signature, str) and signature else None
