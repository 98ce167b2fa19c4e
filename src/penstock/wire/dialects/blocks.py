"""Events of a source that tells only pieces: which block each belongs to, opened and closed around it.

For readers of dialects whose streams do not say where a block begins and ends (OpenAI's chat, Gemini's, Converse's
text): they say what a piece is of, and get the events with what has to stand between.
"""

from __future__ import annotations

from penstock.wire.dialects.answer_events import BlockKind, Closed, Event, Opened, Piece
from penstock.wire.dialects.conversation import Opaque


class OpenBlocks:
    """What is open in each choice of one answer."""

    __slots__ = ("_open", "_signatures")

    def __init__(self) -> None:
        self._open: dict[int, Opened] = {}
        self._signatures: dict[int, Opaque] = {}  # of open blocks, told at their ends

    def kind(self, choice: int = 0) -> BlockKind | None:
        """Of the open block; None where none is open."""
        opened = self._open.get(choice)
        return None if opened is None else opened.kind

    def piece(self, kind: BlockKind, text: str, choice: int = 0) -> list[Event]:
        """A piece of a block of that kind, after what opens it. An empty piece opens nothing, and is none."""
        if not text:
            return []
        opened = self._open.get(choice)
        if opened is not None and opened.kind is kind:
            return [Piece(text=text, choice=choice)]
        return [*self.open(Opened(kind=kind, choice=choice)), Piece(text=text, choice=choice)]

    def open(self, opened: Opened) -> list[Event]:
        """A new block, after the end of the one before it."""
        events = self.close(opened.choice)
        self._open[opened.choice] = opened
        events.append(opened)
        return events

    def sign(self, signature: Opaque, choice: int = 0) -> None:
        """What the open block is signed with."""
        if choice in self._open:
            self._signatures[choice] = signature

    def close(self, choice: int = 0, signature: Opaque | None = None, id: str = "") -> list[Event]:
        """The end of the open block; nothing where none is open."""
        if self._open.pop(choice, None) is None:
            return []
        if self._signatures:
            signature = self._signatures.pop(choice, signature)
        return [Closed(choice=choice, signature=signature, id=id)]

    def close_all(self) -> list[Event]:
        """The end of all that is open."""
        return [event for choice in tuple(self._open) for event in self.close(choice)]
