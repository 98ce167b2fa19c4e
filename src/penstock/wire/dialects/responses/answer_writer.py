"""A whole answer for callers of Responses (dialects, A2, B10)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from penstock.wire.dialects.answer import Answer, Block, Choice
from penstock.wire.dialects.answer_events import BlockKind, TokenLogprob
from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.responses import items, searches
from penstock.wire.dialects.responses.response_object import (
    Verdict,
    beside,
    explanation,
    response,
    verdict,
)
from penstock.wire.dialects.responses.searches import Search
from penstock.wire.dialects.responses.text_parts import TextPart, TextParts, is_placed
from penstock.wire.dialects.signatures import CALL, CALLED, HIDDEN, TEXT


def write_answer(answer: Answer, asked: Conversation) -> Object:
    """`response`, of the first choice: the dialect has no others, and its callers cannot ask for them."""
    choice = answer.choice(0)
    end = verdict(choice.stopped, said=any(map(_is_said, choice.blocks)))
    output = _Output(asked, choice, end).items()
    written = response(answer.began, asked, output, end, answer.counted)
    return {**written, **beside(choice.stopped, {**answer.extra, **choice.extra}, written)}


def _is_said(block: Block) -> bool:
    """Whether it is something to the caller."""
    match block.opened.kind:
        case BlockKind.TOOL_CALL | BlockKind.MEDIA:
            return True
        case BlockKind.TEXT | BlockKind.REFUSAL:
            return bool(block.pieces or block.citations)
        case _:
            return False


def _is_written(block: Block) -> bool:
    """Whether there is something of it in the answer. Of what hosted tools did, searches have a place here."""
    if block.opened.kind is BlockKind.NATIVE:
        return True
    return (
        _is_said(block) or bool(block.pieces) or block.signature is not None or block.opened.data is not None
    )


class _Output:
    """The items of one answer."""

    def __init__(self, asked: Conversation, choice: Choice, end: Verdict) -> None:
        self._asked = asked
        self._choice = choice
        self._cut = items.CUT if end.cut else items.DONE
        self._items: list[Json] = []
        self._content: list[Json] = []  # of the message that is being written
        self._texts = TextParts()
        self._parts: list[tuple[Block, TextPart]] = []
        self._blocks = [block for block in choice.blocks if _is_written(block)]
        texts = [block.text for block in self._blocks if block.opened.kind is BlockKind.TEXT]
        self._tokens = iter(_shared_out(choice.logprobs, texts))

    def items(self) -> list[Json]:
        """All of them, in the order of production."""
        blocks = self._blocks
        pieces = _with_searches(blocks)
        for number, one in enumerate(pieces):
            if isinstance(one, Search):
                self._end_message(items.DONE)
                self._items.append(searches.item(self._id(items.SEARCH), one))
            else:
                self._block(one, last=number == len(pieces) - 1)
        refusal = explanation(self._choice.stopped)
        if refusal and not any(block.opened.kind is BlockKind.REFUSAL for block in blocks):
            self._content.append(items.refusal_part(refusal))
        self._end_message(self._cut)
        self._annotate()
        return self._items

    def _id(self, kind: str) -> str:
        return items.item_id(kind, self._asked, len(self._items))

    def _block(self, block: Block, *, last: bool) -> None:
        opened = block.opened
        match opened.kind:
            case BlockKind.TEXT:
                self._text(block, last=last)
            case BlockKind.REFUSAL:
                self._content.append(items.refusal_part(block.text))
            case BlockKind.TOOL_CALL:
                self._end_message(items.DONE)
                self._call(block, self._cut if last else items.DONE)
            case BlockKind.MEDIA:
                self._end_message(items.DONE)
                self._items.append(items.picture(self._id(items.PICTURE), opened))
                if block.signature is not None:
                    self._items.append(items.reasoning(self._id(items.REASONING), "", block.signature, TEXT))
            case BlockKind.THINKING:
                self._end_message(items.DONE)
                self._items.append(items.reasoning(self._id(items.REASONING), block.text, block.signature))
            case _:
                self._end_message(items.DONE)
                self._items.append(items.reasoning(self._id(items.REASONING), "", opened.data, HIDDEN))

    def _text(self, block: Block, *, last: bool) -> None:
        text, tokens = block.text, next(self._tokens)
        if _is_said(block):
            part = self._texts.begin()
            part.length = len(text)
            self._content.append(items.text_part(text, part.annotations, tokens))
            self._parts.append((block, part))
        if block.signature is not None:
            self._end_message(self._cut if last and _is_said(block) else items.DONE)
            self._items.append(items.reasoning(self._id(items.REASONING), "", block.signature, TEXT))

    def _call(self, block: Block, status: str) -> None:
        opened = block.opened
        if opened.signature is not None:
            self._items.append(items.reasoning(self._id(items.REASONING), "", opened.signature, CALL))
        number = self._id(items.call_kind(opened))
        self._items.append(items.call(number, opened, block.text, status))
        if block.signature is not None and opened.signature is None:
            self._items.append(items.reasoning(self._id(items.REASONING), "", block.signature, CALLED))

    def _end_message(self, status: str) -> None:
        if self._content:
            self._items.append(items.message(self._id(items.MESSAGE), self._content, status))
            self._content = []

    def _annotate(self) -> None:
        """Those with places stand before those that are of the whole part, as in streams."""
        for block, part in self._parts:
            for citation in sorted(block.citations, key=lambda one: not is_placed(one)):
                place, written = self._texts.cite(citation, part)
                place.annotations.append(written)


def _with_searches(blocks: Iterable[Block]) -> list[Block | Search]:
    """The blocks in order, each search in place of the blocks that tell of it, without what other hosted tools did."""
    found: list[Block | Search] = []
    for block in blocks:
        last = found[-1] if found else None
        if block.opened.kind is not BlockKind.NATIVE:
            found.append(block)
        elif isinstance(last, Search) and last.goes_on_with(block.opened):
            last.blocks.append(block.opened.native)
        elif (search := searches.begun(block.opened)) is not None:
            found.append(search)
    return found


def _shared_out(tokens: Sequence[TokenLogprob], texts: Sequence[str]) -> list[list[TokenLogprob]]:
    """Log-probabilities of a choice as they belong to its texts, which they make up in order."""
    left = list(reversed(tokens))
    found: list[list[TokenLogprob]] = []
    for text in texts:
        own: list[TokenLogprob] = []
        length = 0
        while left and length < len(text):
            own.append(left.pop())
            length += len(own[-1].token)
        found.append(own)
    if found:
        found[-1] += reversed(left)
    return found
