"""Functions, Google's own tools, and the choice among them (dialects, A4, B4)."""

from __future__ import annotations

from typing import Final

from penstock.wire.dialects.conversation import Conversation, Family, HostedTool, Tool, ToolChoice, WebSearch
from penstock.wire.dialects.dialect import Target
from penstock.wire.dialects.gemini.hosts import is_vertex
from penstock.wire.dialects.gemini.schema_subset import in_subset
from penstock.wire.dialects.gemini_models import GeminiRules, rules_of
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.schemas import Loss, sound
from penstock.wire.dialects.tool_names import GEMINI_NAME, ToolNames

_EMPTY: Final = frozenset({"type", "properties", "required", "additionalProperties", "$schema"})
"""Keywords of a schema that may stand where there are no parameters."""


def tool_names(asked: Conversation) -> ToolNames:
    """The names that the model gets for the caller's, and the way back."""
    return ToolNames(GEMINI_NAME, (tool.name for tool in asked.tools))


def tools(asked: Conversation, target: Target, names: ToolNames, dropped: Dropped) -> list[Json]:
    """Empty where the caller offers none. Raises `Refused`."""
    rules = rules_of(target.model)
    found: list[Json] = []
    if asked.tools:
        declared: list[Json] = [_declaration(asked, tool, rules, names, dropped) for tool in asked.tools]
        found.append({"functionDeclarations": declared})
    for hosted in asked.hosted:
        if found and asked.tools and not rules.search_beside_functions:
            raise Refused(hosted.at, "this model takes no search tool beside functions")
        found.append(_hosted(hosted, target, dropped))
    return found


def _declaration(
    asked: Conversation, tool: Tool, rules: GeminiRules, names: ToolNames, dropped: Dropped
) -> Object:
    if tool.free is not None:
        raise Refused(tool.at, "Gemini has no free-form tools")
    name = names.legal(tool.name)
    if name != tool.name:
        dropped(_member(asked, tool, "name"))
    declaration: Object = {"name": name}
    if tool.description.strip():
        declaration["description"] = tool.description
    if tool.parameters is not None and not _is_empty(tool.parameters):
        at = _member(asked, tool, "input_schema" if asked.family is Family.ANTHROPIC else "parameters")
        loss = Loss(dropped, strict=bool(tool.strict))
        if rules.json_schema:
            declaration["parametersJsonSchema"] = sound(tool.parameters, at, loss)
        else:
            declaration["parameters"] = in_subset(tool.parameters, at, loss)
    for member in tool.extra:
        dropped(f"{tool.at}.{member}")
    if tool.cache is not None:
        dropped(tool.cache.at)
    return declaration


def _member(asked: Conversation, tool: Tool, name: str) -> str:
    """The caller's path of a function's member, which in Chat stands in an object of its own but for the older form."""
    nested = asked.family is None and not tool.at.startswith("functions")
    return f"{tool.at}.function.{name}" if nested else f"{tool.at}.{name}"


def _is_empty(schema: Object) -> bool:
    """Whether there are no parameters, which Gemini has no schema for."""
    return set(schema) <= _EMPTY and not schema.get("properties") and not schema.get("required")


def _hosted(tool: HostedTool | WebSearch, target: Target, dropped: Dropped) -> Json:
    if isinstance(tool, HostedTool):
        if tool.family is not Family.GOOGLE:
            raise Refused(tool.at, f"Gemini has no tool {tool.kind}")
        return tool.value
    search: Object = {}
    if tool.domains:
        raise Refused(tool.at, "Google's search cannot be kept to some domains")
    if tool.blocked_domains:
        if not is_vertex(target):
            raise Refused(tool.at, "Google's search cannot leave out domains, but on Vertex")
        search["excludeDomains"] = list(tool.blocked_domains)
    tuning = {
        "search_context_size": tool.context_size,
        "max_uses": tool.most_uses,
        "user_location": tool.location,
    }
    for member, said in tuning.items():
        if said:
            dropped(f"{tool.at}.{member}")
    return {"googleSearch": search}


# -- the choice


def tool_config(asked: Conversation, names: ToolNames, dropped: Dropped) -> Object:
    """Empty where there is nothing to choose among, or nothing was chosen. Raises `Refused`."""
    choice = asked.tool_choice
    if not asked.tools:
        if choice is not None and choice.mode not in ("auto", "none"):
            raise Refused(choice.at, "there are no functions to choose from")
        return {}
    if asked.parallel_tools is False:
        dropped(asked.at("parallel_tools"))
    calling = _calling(asked, choice, names)
    return {"functionCallingConfig": calling} if calling else {}


def _calling(asked: Conversation, choice: ToolChoice | None, names: ToolNames) -> Object:
    strict = any(tool.strict for tool in asked.tools)
    if choice is None:
        return {"mode": "VALIDATED"} if strict else {}
    if choice.mode == "none":
        return {"mode": "NONE"}
    mode = "ANY" if choice.mode in ("required", "one") else "VALIDATED" if strict or choice.names else "AUTO"
    calling: Object = {"mode": mode}
    if choice.names:
        calling["allowedFunctionNames"] = [_defined(asked, choice, name, names) for name in choice.names]
    return calling


def _defined(asked: Conversation, choice: ToolChoice, name: str, names: ToolNames) -> str:
    if all(tool.name != name for tool in asked.tools):
        raise Refused(choice.at, f"no function has the name {name!r}")
    return names.legal(name)
