"""Signatures and hidden reasoning as texts that a caller keeps and sends back: which family made them stands in front.

In its own family's dialect such a text goes as it is; a foreign one as `google:…`, or `google/call:…` where it belongs
to a thing that has no place for it there. The families' own texts are base64, so that none begins like that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from penstock.wire.dialects.conversation import (
    Family,
    HiddenThinking,
    Image,
    Opaque,
    Part,
    Text,
    Thinking,
    ToolCall,
)

CALL: Final = "call"  # of the tool call behind it
CALLED: Final = "called"  # of the tool call before it
TEXT: Final = "text"  # of the text or the picture before it, or of an empty text
HIDDEN: Final = (
    "hidden"  # no signature: reasoning that nobody may see, where a dialect has one place for both
)

_MARKED: Final = re.compile(rf"({'|'.join(Family)})(?:/({CALL}|{CALLED}|{TEXT}|{HIDDEN}))?:(.*)", re.DOTALL)


def marked(opaque: Opaque, own: Family, of: str = "") -> str:
    """What goes to a caller whose dialect is that of a family."""
    if opaque.family is own and not of:
        return opaque.value
    return f"{opaque.family}/{of}:{opaque.value}" if of else f"{opaque.family}:{opaque.value}"


def unmarked(text: str, own: Family) -> tuple[Opaque, str]:
    """What a caller sends back, and what it is of: empty, or one of the words above."""
    found = _MARKED.fullmatch(text)
    if found is None:
        return Opaque(own, text), ""
    return Opaque(Family(found[1]), found[3]), found[2] or ""


def returned(parts: Iterable[Part], own: Family) -> tuple[Part, ...]:
    """The parts of a turn that was sent back, with each signature at what it is of.

    Their signatures are still as `marked` wrote them; those without a place of their own stand in thinking that says
    nothing.
    """
    found: list[Part] = []
    of_next: Opaque | None = None
    for part in parts:
        if isinstance(part, Thinking) and part.signature is not None:
            opaque, of = unmarked(part.signature.value, own)
            if of == CALL:
                of_next = opaque
                continue
            if found and isinstance(found[-1], _BEFORE.get(of, ())):
                found[-1] = msgspec.structs.replace(found[-1], signature=opaque)
                continue
            part = _signed(part, opaque, of)
        elif isinstance(part, ToolCall) and of_next is not None:
            part, of_next = msgspec.structs.replace(part, signature=of_next), None
        found.append(part)
    return tuple(found)


def _signed(part: Thinking, opaque: Opaque, of: str) -> Part:
    if of == HIDDEN:
        return HiddenThinking(data=opaque, at=part.at)
    if of:
        return Text(text="", at=part.at, signature=opaque)
    return msgspec.structs.replace(part, signature=opaque)


_BEFORE: Final[Mapping[str, tuple[type, ...]]] = {CALLED: (ToolCall,), TEXT: (Text, Image)}
