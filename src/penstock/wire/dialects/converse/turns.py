"""Messages as Converse's turns: they alternate, begin with the user, and none is empty (dialects, A5, B3, C13, C44)."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.wire.dialects.bedrock_models import BedrockRules
from penstock.wire.dialects.cache_marks import KeptMarks
from penstock.wire.dialects.conversation import CacheMark, Conversation, Message, Text
from penstock.wire.dialects.converse.blocks import BlockWriter, can_be_marked
from penstock.wire.dialects.converse.tools import cache_point
from penstock.wire.dialects.json_value import Json
from penstock.wire.dialects.loss import Dropped, Refused


def turns(
    asked: Conversation, blocks: BlockWriter, rules: BedrockRules, marks: KeptMarks, dropped: Dropped
) -> list[Json]:
    """Neighbours of one role are one turn, with their blocks in order. Raises `Refused`."""
    found: list[tuple[str, list[Json]]] = []
    for message in asked.messages:
        if message.name:
            dropped(f"{message.at}.name")
        if message.phase:
            dropped(f"{message.at}.phase")
        if message.role == "system":
            continue
        content = blocks.content(message.parts)
        if not content:
            _refuse_blank(message)
        elif found and found[-1][0] == message.role:
            found[-1][1].extend(content)
        elif not found and message.role != "user":
            raise Refused(message.at, "Converse begins with a message of the user")
        else:
            found.append((message.role, content))
    if not found:
        raise Refused(asked.at("messages"), "there must be at least one message of the user")
    if asked.cache is not None and asked.cache in marks:
        _mark_last(asked.cache, [content for _, content in found], rules, dropped)
    return [{"role": role, "content": content} for role, content in found]


def _refuse_blank(message: Message) -> None:
    """A message of which nothing is left since its parts cannot be read there was told; a blank one never was more."""
    if all(isinstance(part, Text) and part.signature is None for part in message.parts):
        raise Refused(message.at, "has only blank text, which Converse does not take")


def _mark_last(
    mark: CacheMark, contents: Sequence[list[Json]], rules: BedrockRules, dropped: Dropped
) -> None:
    """A mark of the whole request stands behind the last block that can bear one, if none stands there already."""
    for content in reversed(contents) if rules.caches else ():
        for place in range(len(content) - 1, -1, -1):
            block = content[place]
            if isinstance(block, dict) and "cachePoint" in block:
                return
            if isinstance(block, dict) and can_be_marked(block):
                content.insert(place + 1, cache_point(mark))
                return
    dropped(mark.at)
