"""How many tokens a request has: `:countTokens`, asked of AI Studio and of Vertex (dialects, C143, C144).

The system's text and the tools count too. AI Studio gets the whole request in a member of its own; Vertex the members
that it counts.
"""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.dialect import Sent, Target
from penstock.wire.dialects.gemini.hosts import is_vertex
from penstock.wire.dialects.gemini.request_writer import write_request
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Dropped

_COUNTED: Final = ("contents", "systemInstruction", "tools")


class _Told(msgspec.Struct, rename="camel"):
    total_tokens: int | None = None


_decode: Final = msgspec.json.Decoder(_Told).decode


def write_count_request(asked: Conversation, target: Target, dropped: Dropped) -> Sent:
    """The question. Raises `Refused`."""
    body = write_request(asked, target, dropped).body
    counted: Object = {name: body[name] for name in _COUNTED if name in body}
    if is_vertex(target):
        return Sent(body=counted)
    model = f"models/{target.model.rpartition('/')[2]}"
    return Sent(body={"generateContentRequest": {"model": model, **counted}})


def read_count(body: bytes) -> int | None:
    """The answer; None where it tells no number. Raises `msgspec.MsgspecError`."""
    return _decode(body).total_tokens
