"""Thinking of other families in a history that goes to Claude: a caller keeps it among Claude's own when answers came
from several providers, and Anthropic refuses what it has not signed (dialects, C70). It is left out, and told.

Nothing else of a caller's own request is touched. What such thinking is in other dialects, `block_reader.py` knows.
"""

from __future__ import annotations

import re
from typing import Final

from penstock.wire.dialects.conversation import Family
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Dropped
from penstock.wire.dialects.signatures import unmarked

_OWN: Final = Family.ANTHROPIC
_OTHERS: Final = "|".join(family for family in Family if family is not _OWN)
_SIGN: Final = re.compile(rb'"(?:signature|data)"\s*:\s*"(?:"|(?:%b)[:/])' % _OTHERS.encode())


def may_bear_foreign_thinking(body: bytes) -> bool:
    """Whether a request's bytes look as if: where they do not, they can go to Claude as they are."""
    return _SIGN.search(body) is not None


def without_foreign_thinking(body: Object, dropped: Dropped) -> Object:
    """The body, the same one where there is none of it. A message of nothing else is left out, too."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        return body
    found: list[Json] = []
    for number, message in enumerate(messages):
        kept = _without(message, f"messages[{number}].content", dropped)
        if kept is not None:
            found.append(kept)
    same = len(found) == len(messages) and all(a is b for a, b in zip(found, messages, strict=True))
    return body if same else {**body, "messages": found}


def _without(message: Json, at: str, dropped: Dropped) -> Json:
    if not isinstance(message, dict) or not isinstance(content := message.get("content"), list):
        return message
    kept: list[Json] = []
    for number, block in enumerate(content):
        if _is_foreign(block):
            dropped(f"{at}[{number}]")
        else:
            kept.append(block)
    if len(kept) == len(content):
        return message
    return {**message, "content": kept} if kept else None


def _is_foreign(block: Json) -> bool:
    if not isinstance(block, dict):
        return False
    if block.get("type") == "thinking":
        opaque = block.get("signature")
    elif block.get("type") == "redacted_thinking":
        opaque = block.get("data")
    else:
        return False
    return isinstance(opaque, str) and (not opaque or unmarked(opaque, _OWN)[0].family is not _OWN)
