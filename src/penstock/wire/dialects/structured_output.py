"""An answer that keeps to a schema: an output format where the model has it, else one forced tool (dialects, B5).

The tool is the gateway's own: the caller never sees it. Who reads the answer knows it by `emulated_tool`.
"""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.wire.dialects.conversation import Conversation, OutputFormat, Text
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.schemas import Loss, changed, closed
from penstock.wire.dialects.tool_names import CONVERSE_NAME

_NAME: Final = "answer"
_LIMITS: Final = (
    "exclusiveMaximum",
    "exclusiveMinimum",
    "maxItems",
    "maxLength",
    "maximum",
    "minLength",
    "minimum",
    "multipleOf",
    "uniqueItems",
)
_MOST_LEAST_ITEMS: Final = 1  # of `minItems`


class StandIn(msgspec.Struct, frozen=True, kw_only=True):
    """The one tool that is offered, and forced."""

    name: str
    schema: Object
    description: str = ""


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """What goes out for it: at most one of these."""

    schema: Object | None = None  # for the model's own output format
    tool: StandIn | None = None


def planned(
    asked: Conversation, *, native: bool, thinks: bool, dropped: Dropped, forces: bool = True
) -> Format:
    """`native`: the model has an output format; `forces`: it can be made to call a tool.

    Raises `Refused` where the model can do neither.
    """
    wanted = asked.format
    if wanted is None:
        return Format()
    if wanted.kind == "json":
        return _plain_json(asked, wanted, dropped)
    if wanted.schema is None:
        raise Refused(wanted.at, "has no schema")
    if native:
        return Format(schema=_fitting(asked, wanted, wanted.schema, dropped))
    if not forces:
        raise Refused(wanted.at, "this model has no output format, and cannot be made to call a tool instead")
    if asked.tools or asked.hosted or thinks:
        why = "reasoning" if thinks else "tools"
        raise Refused(wanted.at, f"this model has no output format, and no stand-in for it beside {why}")
    if not _is_object(wanted.schema):
        raise Refused(
            wanted.at, "this model has no output format, and its stand-in needs an object at the root"
        )
    schema = {**wanted.schema, "type": "object"}
    return Format(tool=StandIn(name=emulated_name(wanted), schema=schema, description=wanted.description))


def emulated_tool(asked: Conversation, *, native: bool) -> str:
    """The name of the tool whose input is the answer; empty where there is none."""
    wanted = asked.format
    if wanted is None or wanted.kind != "schema" or native:
        return ""
    return emulated_name(wanted)


def emulated_name(wanted: OutputFormat) -> str:
    """Of the tool."""
    return CONVERSE_NAME.legal(wanted.name or _NAME)


def _plain_json(asked: Conversation, wanted: OutputFormat, dropped: Dropped) -> Format:
    """OpenAI asks that the prompt says JSON; then the model gives it, though nothing makes sure."""
    said = (part.text for message in asked.messages for part in message.parts if isinstance(part, Text))
    if not any("json" in text.lower() for text in said):
        raise Refused(wanted.at, "the model has no such mode, and no message asks for JSON")
    dropped(wanted.at)
    return Format()


def _fitting(asked: Conversation, wanted: OutputFormat, schema: Object, dropped: Dropped) -> Object:
    """With every object closed, and without limits, which it does not know."""
    loss = Loss(dropped, bool(wanted.strict))

    def change(value: Object, at: str) -> Json:
        for name in _LIMITS:
            if value.pop(name, None) is not None:
                loss(f"{at}.{name}", "the model's output format does not know it")
        least = value.get("minItems")
        if isinstance(least, int) and least > _MOST_LEAST_ITEMS:
            del value["minItems"]
            loss(f"{at}.minItems", "the model's output format knows 0 and 1 only")
        return value

    at = f"{wanted.at}.schema" if asked.family is not None else f"{wanted.at}.json_schema.schema"
    return closed(changed(schema, at, change), at, dropped)


def _is_object(schema: Object) -> bool:
    return schema.get("type", "object" if "properties" in schema else None) == "object"
