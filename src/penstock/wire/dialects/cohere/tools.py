"""A caller's tools and the choice among them, for Cohere (dialects, A6, B4)."""

from __future__ import annotations

from penstock.wire.dialects.cohere.models import CohereRules
from penstock.wire.dialects.conversation import Conversation, Tool, ToolChoice
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.tool_names import OPENAI_NAME, ToolNames


def names_of(asked: Conversation) -> ToolNames:
    """The names of a request's tools as Cohere takes them, and the way back."""
    return ToolNames(OPENAI_NAME, (tool.name for tool in asked.tools))


def tool_members(asked: Conversation, rules: CohereRules, names: ToolNames, dropped: Dropped) -> Object:
    """`tools`, `strict_tools`, `tool_choice`. Raises `Refused`."""
    for hosted in asked.hosted:
        raise Refused(hosted.at, "Cohere has no such tool")
    choice = asked.tool_choice
    if not asked.tools:
        if choice is not None and choice.mode in ("required", "one"):
            raise Refused(choice.at, "there are no tools to choose from")
        return {}
    if choice is not None and choice.mode == "none" and not rules.chooses:
        return {}  # the model has no word for it, and calls none that it is not offered
    if asked.parallel_tools is False:
        dropped(asked.at("parallel_tools"))
    offered = _offered(asked)
    members: Object = {"tools": [_tool(asked, tool, names, dropped) for tool in offered]}
    if any(tool.strict for tool in offered):
        members["strict_tools"] = True
    word = None if choice is None else _word(choice, len(offered), rules)
    return {**members, "tool_choice": word} if word else members


def _offered(asked: Conversation) -> list[Tool]:
    """All of them, or those that the caller allows: there is no other way to allow some only."""
    choice = asked.tool_choice
    known = {tool.name for tool in asked.tools}
    for name in choice.names if choice is not None else ():
        if choice is not None and name not in known:
            raise Refused(choice.at, f"no tool has the name {name!r}")
    if choice is None or not choice.names or choice.mode == "one":
        return list(asked.tools)
    return [tool for tool in asked.tools if tool.name in choice.names]


def _word(choice: ToolChoice, offered: int, rules: CohereRules) -> str | None:
    if choice.mode == "auto":
        return None
    if choice.mode == "none":
        return "NONE"
    if choice.mode == "one" and offered > 1:
        raise Refused(choice.at, "Cohere can be made to call a tool, but not which of several")
    if not rules.chooses:
        raise Refused(choice.at, "this model cannot be made to call a tool")
    return "REQUIRED"


def _tool(asked: Conversation, tool: Tool, names: ToolNames, dropped: Dropped) -> Json:
    if tool.free is not None:
        raise Refused(tool.at, f"free-form tools cannot be carried, and {tool.name!r} is one")
    nested = asked.family is None and asked.at("tools") == "tools"
    at = f"{tool.at}.function" if nested else tool.at
    for name in tool.extra:
        dropped(f"{at}.{name}")
    if tool.cache is not None:
        dropped(tool.cache.at)
    inner: Object = {"name": names.legal(tool.name)}
    if tool.description.strip():
        inner["description"] = tool.description
    inner["parameters"] = {"type": "object", **(tool.parameters or {})}
    return {"type": "function", "function": inner}
