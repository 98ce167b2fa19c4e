"""How many tokens a request has: `count_tokens`, asked by callers and of providers (dialects, A3, C143–C145)."""

from __future__ import annotations

import binascii
from typing import Final

import msgspec

from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.dialect import Sent, Target
from penstock.wire.dialects.json_value import Object, to_json
from penstock.wire.dialects.loss import Dropped
from penstock.wire.dialects.messages.request_writer import write_request

# Of a request, what says nothing about its input.
_NOT_COUNTED: Final = frozenset(
    {"max_tokens", "metadata", "service_tier", "stop_sequences", "stream", "temperature", "top_k", "top_p"}
)
_AMAZON_LEAST: Final = 1  # `max_tokens` has to be in a body that Bedrock counts


class _Told(msgspec.Struct):
    input_tokens: int | None = None
    amazon: int | None = msgspec.field(name="inputTokens", default=None)


_read: Final = msgspec.json.Decoder(_Told).decode


def write_count_request(asked: Conversation, target: Target, dropped: Dropped) -> Sent:
    """The question. Bedrock gets the whole body of a call, in base64; Vertex AI the model in the body.

    Raises `Refused`.
    """
    sent = write_request(asked, target, dropped)
    body = {name: value for name, value in sent.body.items() if name not in _NOT_COUNTED}
    if target.host == "bedrock":
        call = to_json({**body, "max_tokens": _AMAZON_LEAST})
        encoded = binascii.b2a_base64(call, newline=False).decode()
        return Sent(body={"input": {"invokeModel": {"body": encoded}}}, headers=sent.headers)
    return Sent(body={**body, "model": target.model}, headers=sent.headers)


def read_count(body: bytes) -> int | None:
    """The answer; None where it tells no number. Raises `msgspec.MsgspecError` for what is no object."""
    told = _read(body)
    return told.amazon if told.input_tokens is None else told.input_tokens


def write_count(tokens: int) -> Object:
    """The answer to a caller."""
    return {"input_tokens": tokens}
