"""What whole answers and streams for Messages callers have in common: their head, blocks, end and counts."""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.wire.dialects.answer_events import Began, Counted, Opened, Stopped, StopReason
from penstock.wire.dialects.conversation import Conversation, Data, Family, Opaque
from penstock.wire.dialects.json_value import Json, Object, from_json, to_json
from penstock.wire.dialects.messages import stop_reasons, usage
from penstock.wire.dialects.signatures import marked

OWN: Final = Family.ANTHROPIC
RAW: Final = "_raw"
"""Where arguments stand that are no JSON object, as the model wrote them (dialects, B4)."""

_MOST_LEVELS: Final = 500  # that can be written wherever they stand
_LEVELS_AROUND: Final = 20
_PREFIX: Final = "msg_"
_IN_DELTA: Final = ("container", "stop_details")
_TAKEN: Final = frozenset(
    {"id", "type", "role", "content", "model", "stop_reason", "stop_sequence", "usage", "delta", *_IN_DELTA}
)


def head(began: Began, asked: Conversation) -> Object:
    """The members that begin an answer. Its id has the provider's own in it, so that it can be found again."""
    own = began.id or asked.call_id
    return {
        "id": own if own.startswith(_PREFIX) else _PREFIX + own,
        "type": "message",
        "role": "assistant",
        "model": began.model or asked.model,
    }


def thinking_block(text: str, signature: Opaque | None, of: str = "") -> Object:
    """Thinking; with `of`, a signature that has no place of its own at what it is of."""
    found = "" if signature is None else marked(signature, OWN, of)
    return {"type": "thinking", "thinking": text, "signature": found}


def hidden_block(opened: Opened) -> Object:
    """Hidden thinking."""
    return {"type": "redacted_thinking", "data": "" if opened.data is None else marked(opened.data, OWN)}


def call_block(opened: Opened, arguments: str = "") -> Object:
    """A tool call."""
    return {"type": "tool_use", "id": opened.call_id, "name": opened.name, "input": input_of(arguments)}


def input_of(arguments: str) -> Object:
    """Arguments as an object; text that is none goes whole under `_raw`."""
    if not arguments.strip():
        return {}
    try:
        found = from_json(arguments)
        if arguments.count("{") + arguments.count("[") > _MOST_LEVELS:
            to_json(_deeper(found))
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return {RAW: arguments}
    return found if isinstance(found, dict) else {RAW: arguments}


def _deeper(value: Json) -> Json:
    """As deep in other things as it may come to stand."""
    for _ in range(_LEVELS_AROUND):
        value = [value]
    return value


def media_block(opened: Opened) -> Object:
    """A picture, as callers of this dialect write them; the service's own answers have none."""
    media = opened.media or Data("", "")
    source: Object = {"type": "base64", "media_type": media.media_type, "data": media.base64}
    return {"type": media.media_type.partition("/")[0] or "document", "source": source}


def native_block(opened: Opened) -> Object | None:
    """What a hosted tool did, where that was Anthropic's; None for others, whose blocks nobody here can read."""
    return opened.native if opened.family is OWN else None


class End(msgspec.Struct):
    """What is known when an answer ends."""

    stopped: Stopped | None = None
    counted: Counted | None = None
    extra: dict[str, Json] = {}
    calls: bool = False
    refused: bool = False

    def why(self) -> Object:
        """`stop_reason` and what goes with it."""
        reason = None if self.stopped is None else self.stopped.reason
        word = stop_reasons.word_for(reason, calls=self.calls, refused=self.refused)
        sequence = "" if self.stopped is None else self.stopped.sequence
        found: Object = {"stop_reason": word, "stop_sequence": sequence or None}
        found |= {name: self.extra[name] for name in _IN_DELTA if name in self.extra}
        if reason is StopReason.REFUSED and self._explanation and "stop_details" not in found:
            found["stop_details"] = {
                "type": "refusal",
                "category": None,
                "explanation": self._explanation,
            }
        return found

    @property
    def _explanation(self) -> str:
        return "" if self.stopped is None else self.stopped.explanation

    def usage(self) -> Object:
        """`usage`."""
        beside = self.extra.get("usage")
        written = usage.written(self.counted)
        return {**beside, **written} if isinstance(beside, dict) else written

    def beside(self) -> Object:
        """Members that only this provider has."""
        return {name: value for name, value in self.extra.items() if name not in _TAKEN}
