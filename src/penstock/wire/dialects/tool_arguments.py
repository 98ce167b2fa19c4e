"""Arguments of a caller's earlier tool calls, for dialects that want them as an object (dialects, B4)."""

from __future__ import annotations

import msgspec

from penstock.wire.dialects.conversation import ToolCall
from penstock.wire.dialects.json_value import Object, from_json
from penstock.wire.dialects.loss import Refused


def read_arguments(call: ToolCall) -> Object:
    """The object; an empty one where nothing is written. Raises `Refused` for what is none."""
    if not call.arguments.strip():
        return {}
    try:
        found = from_json(call.arguments)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise Refused(call.at, f"the arguments of {call.name!r} are not JSON: {error}") from None
    if not isinstance(found, dict):
        raise Refused(call.at, f"the arguments of {call.name!r} must be a JSON object")
    return found
