"""Reasoning of earlier turns in Chat messages, in all the forms in which it is sent back, and in which it is given.

`thinking_blocks` (blocks of Anthropic's shape, with signatures) tell most, then OpenRouter's `reasoning_details`, then
the bare text, `reasoning_content` or `reasoning`: several of them on one message say the same (dialects, B6, C 67).
What another family than Anthropic signed is marked with its name (`signatures.py`), and so never sent to Anthropic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeGuard

import msgspec

from penstock.wire.dialects.conversation import Family, HiddenThinking, Opaque, Part, Thinking, ToolCall
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Dropped
from penstock.wire.dialects.members import Members
from penstock.wire.dialects.signatures import marked, unmarked

FAMILIES: Final = {
    "anthropic-claude-v1": Family.ANTHROPIC,
    "openai-responses-v1": Family.OPENAI,
    "google-gemini-v1": Family.GOOGLE,
}
FORMAT_NAMES: Final = {family: name for name, family in FAMILIES.items()}
"""Of OpenRouter's `reasoning_details[].format`."""


def is_googles(signature: Opaque | None) -> TypeGuard[Opaque]:
    """Whether Gemini has signed it."""
    return signature is not None and signature.family is Family.GOOGLE


def signed_calls(parts: Iterable[Part]) -> tuple[Part, ...]:
    """A turn in which what is hidden and bears a call's id is that call's signature, as OpenRouter tells Gemini's."""
    parts = tuple(parts)
    calls = {part.id for part in parts if isinstance(part, ToolCall)}
    signatures = {
        part.id: part
        for part in parts
        if isinstance(part, HiddenThinking) and part.id in calls and is_googles(part.data)
    }
    if not signatures:
        return parts
    return tuple(
        msgspec.structs.replace(part, signature=signatures[part.id].data)
        if isinstance(part, ToolCall) and part.id in signatures and part.signature is None
        else part
        for part in parts
        if not (isinstance(part, HiddenThinking) and signatures.get(part.id) is part)
    )


def read_thinking(message: Members, dropped: Dropped) -> Iterator[Thinking | HiddenThinking]:
    """What an assistant message says of its reasoning: the fullest form that it has."""
    blocks = [_of_block(block, dropped) for block in message.objects("thinking_blocks")]
    details = [one for detail in message.objects("reasoning_details") if (one := _of_detail(detail))]
    shown: Thinking | None = None
    for name in ("reasoning", "reasoning_content"):
        if text := message.text(name):
            shown = Thinking(text=text, at=message.at(name))
    if blocks or details:
        yield from blocks or details
    elif shown is not None:
        yield shown


def _of_block(block: Members, dropped: Dropped) -> Thinking | HiddenThinking:
    kind = block.word("type", ("thinking", "redacted_thinking")) or "thinking"
    number = block.text("id") or ""
    if kind == "redacted_thinking":
        data, _ = unmarked(block.needed_text("data"), Family.ANTHROPIC)
        found: Thinking | HiddenThinking = HiddenThinking(data=data, at=block.path, id=number)
    else:
        signature = block.text("signature")
        found = Thinking(
            text=block.text("thinking") or "",
            at=block.path,
            signature=unmarked(signature, Family.ANTHROPIC)[0] if signature else None,
            id=number,
        )
    block.take("cache_control")
    for path in block.left_over():
        dropped(path)
    return found


def _of_detail(detail: Members) -> Thinking | HiddenThinking | None:
    """One of OpenRouter's; None for what belongs to nobody."""
    kind, family = detail.text("type"), FAMILIES.get(detail.text("format") or "")
    number = detail.text("id") or ""
    if kind == "reasoning.encrypted":
        data = detail.text("data")
        if not data or family is None:
            return None
        return HiddenThinking(data=Opaque(family, data), at=detail.path, id=number)
    text = detail.text("text") or detail.text("summary") or ""
    signature = detail.text("signature")
    opaque = Opaque(family, signature) if signature and family else None
    return Thinking(text=text, at=detail.path, signature=opaque, id=number) if text or opaque else None


def thinking_block(text: str, signature: Opaque | None, number: str = "") -> Object:
    """A block that callers keep and send back."""
    block: Object = {"type": "thinking", "thinking": text}
    if signature is not None:
        block["signature"] = marked(signature, Family.ANTHROPIC)
    return {**block, "id": number} if number else block


def hidden_block(data: Opaque, number: str = "") -> Object:
    """The same of reasoning that nobody may see."""
    block: Object = {"type": "redacted_thinking", "data": marked(data, Family.ANTHROPIC)}
    return {**block, "id": number} if number else block


def reasoning_details(parts: Iterable[Part], call_id: Callable[[str], str]) -> list[Json]:
    """Thinking of an earlier turn as OpenRouter takes it back, with what Gemini signed of its calls."""
    found: list[Json] = []
    for part in parts:
        if isinstance(part, Thinking):
            detail: Object = {"type": "reasoning.text", "text": part.text}
            if part.signature is not None:
                detail["signature"] = part.signature.value
            family = part.signature.family if part.signature else None
        elif isinstance(part, HiddenThinking):
            detail = {"type": "reasoning.encrypted", "data": part.data.value}
            family = part.data.family
        elif isinstance(part, ToolCall) and is_googles(part.signature):
            detail = {"type": "reasoning.encrypted", "data": part.signature.value, "id": call_id(part.id)}
            family = part.signature.family
        else:
            continue
        if not isinstance(part, ToolCall) and part.id:
            detail["id"] = part.id
        detail["format"] = FORMAT_NAMES.get(family, "unknown") if family else "unknown"
        found.append({**detail, "index": len(found)})
    return found
