"""A whole answer for a caller of Messages (dialects, A3)."""

from __future__ import annotations

from penstock.wire.dialects.answer import Answer, Block
from penstock.wire.dialects.answer_events import BlockKind
from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.messages import citations
from penstock.wire.dialects.messages.answer_parts import (
    End,
    call_block,
    head,
    hidden_block,
    media_block,
    native_block,
    thinking_block,
)
from penstock.wire.dialects.signatures import CALL, CALLED, TEXT


def write_answer(answer: Answer, asked: Conversation) -> Object:
    """The first choice: the dialect has no others, and its callers cannot ask for them."""
    choice = answer.choice(0)
    kinds = {block.opened.kind for block in choice.blocks}
    end = End(
        stopped=choice.stopped,
        counted=answer.counted,
        extra={**answer.extra, **choice.extra},
        calls=BlockKind.TOOL_CALL in kinds,
        refused=BlockKind.REFUSAL in kinds,
    )
    content: list[Json] = [one for block in choice.blocks for one in _blocks(block)]
    return {
        **head(answer.began, asked),
        "content": content,
        **end.why(),
        "usage": end.usage(),
        **end.beside(),
    }


def _blocks(block: Block) -> list[Object]:
    opened = block.opened
    match opened.kind:
        case BlockKind.TEXT:
            return _text(block)
        case BlockKind.REFUSAL:
            return [{"type": "text", "text": block.text}] if block.text else []
        case BlockKind.THINKING:
            text = block.text
            return [thinking_block(text, block.signature)] if text or block.signature else []
        case BlockKind.HIDDEN_THINKING:
            return [hidden_block(opened)]
        case BlockKind.MEDIA:
            signed = [] if block.signature is None else [thinking_block("", block.signature, TEXT)]
            return [media_block(opened), *signed]
        case BlockKind.TOOL_CALL:
            return _call(block)
        case _:
            native = native_block(opened)
            return [] if native is None else [native]


def _text(block: Block) -> list[Object]:
    found: list[Object] = []
    text = block.text
    cited: list[Json] = [one for each in block.citations if (one := citations.written(each)) is not None]
    if text or cited:
        found.append(
            {"type": "text", "text": text, "citations": cited} if cited else {"type": "text", "text": text}
        )
    if block.signature is not None:
        found.append(thinking_block("", block.signature, TEXT))
    return found


def _call(block: Block) -> list[Object]:
    opened = block.opened
    call = call_block(opened, block.text)
    if opened.signature is not None:
        return [thinking_block("", opened.signature, CALL), call]
    if block.signature is not None:
        return [call, thinking_block("", block.signature, CALLED)]
    return [call]
