"""A caller's tools, and the choice among them, for Claude (dialects, B4)."""

from __future__ import annotations

from typing import Final

from penstock.wire.dialects.claude_models import ClaudeRules
from penstock.wire.dialects.conversation import Conversation, Family, HostedTool, Tool, ToolChoice, WebSearch
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.messages.cache_marks import CacheMarks
from penstock.wire.dialects.messages.hosts import Host
from penstock.wire.dialects.tool_names import CLAUDE_NAME, ToolNames

_SEARCH: Final = "web_search_20250305"
_SEARCH_NAME: Final = "web_search"


def names_of(asked: Conversation) -> ToolNames:
    """The names of a request's tools as Claude gets them, and the way back."""
    return ToolNames(CLAUDE_NAME, (tool.name for tool in asked.tools))


def write_tools(
    asked: Conversation, rules: ClaudeRules, host: Host, marks: CacheMarks, names: ToolNames, dropped: Dropped
) -> list[Json]:
    """Raises `Refused` for tools that Claude cannot have."""
    choice = asked.tool_choice
    some = frozenset(choice.names) if choice is not None and choice.names else None
    if choice is not None and choice.mode == "one":
        some = None  # the others stay: the next turn may need them, and the prompt's cache does
    found: list[Json] = [
        marks.put(_function(tool, _at(asked, tool), rules, names, dropped), tool.cache)
        for tool in asked.tools
        if some is None or tool.name in some
    ]
    return [*found, *(_hosted(tool, host, dropped) for tool in asked.hosted)]


def _at(asked: Conversation, tool: Tool) -> str:
    """Where the members of a function stand: in an object of its own, in OpenAI's chat."""
    nested = asked.family is None and asked.at("tools") == "tools"
    return f"{tool.at}.function" if nested else tool.at


def _function(tool: Tool, at: str, rules: ClaudeRules, names: ToolNames, dropped: Dropped) -> Object:
    if tool.free is not None:
        raise Refused(tool.at, f"free-form tools cannot be carried, and {tool.name!r} is one")
    for name in tool.extra:
        dropped(f"{at}.{name}")
    found: Object = {"name": names.legal(tool.name)}
    if tool.description:
        found["description"] = tool.description
    found["input_schema"] = {"type": "object", **(tool.parameters or {})}
    if tool.strict and rules.output_format:
        found["strict"] = True
    elif tool.strict:
        dropped(f"{at}.strict")
    return found


def _hosted(tool: HostedTool | WebSearch, host: Host, dropped: Dropped) -> Object:
    if isinstance(tool, HostedTool):
        if tool.family is Family.ANTHROPIC:
            return tool.value
        raise Refused(tool.at, f"only the provider that has the tool {tool.kind!r} can run it")
    if not host.searches:
        raise Refused(tool.at, "this provider has no web search")
    if tool.family is Family.ANTHROPIC:
        return tool.value
    if tool.context_size:
        dropped(f"{tool.at}.search_context_size")
    found: Object = {"type": _SEARCH, "name": _SEARCH_NAME}
    if tool.most_uses is not None:
        found["max_uses"] = tool.most_uses
    if tool.domains:
        found["allowed_domains"] = list(tool.domains)
    if tool.blocked_domains:
        found["blocked_domains"] = list(tool.blocked_domains)
    if tool.location:
        found["user_location"] = {"type": "approximate", **tool.location}
    return found


def write_choice(
    asked: Conversation, rules: ClaudeRules, host: Host, names: ToolNames, *, thinks: bool, dropped: Dropped
) -> Object | None:
    """Raises `Refused` for a choice that cannot be forced."""
    choice, alone = asked.tool_choice, asked.parallel_tools is False
    if not asked.tools and not asked.hosted:
        if choice is not None and choice.mode in ("required", "one"):
            raise Refused(choice.at, "there are no tools to choose from")
        return None
    if choice is not None and choice.mode in ("required", "one") and not rules.forces:
        raise Refused(choice.at, "this model cannot be made to call a tool")
    found = None if choice is None else _chosen(asked, choice, names, thinks=thinks)
    if alone and host.betas_in_body and rules.known and not rules.bedrock_parallel_switch:
        dropped(asked.at("parallel_tools"))
        return found
    if alone and (found is None or found["type"] != "none"):
        return {**(found or {"type": "auto"}), "disable_parallel_tool_use": True}
    return found


def _chosen(asked: Conversation, choice: ToolChoice, names: ToolNames, *, thinks: bool) -> Object:
    if choice.mode in ("none", "auto"):
        return {"type": choice.mode}
    known = {tool.name for tool in asked.tools}
    for name in choice.names:
        if name not in known:
            raise Refused(choice.at, f"no tool has the name {name!r}")
    if thinks:
        raise Refused(
            choice.at, "tools cannot be forced while the model thinks: ask for no reasoning, or for auto"
        )
    if choice.mode == "required":
        return {"type": "any"}
    return {"type": "tool", "name": names.legal(choice.names[0])}
