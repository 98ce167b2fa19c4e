"""Tools of a caller and the choice among them, for models behind Converse (dialects, A5, B4)."""

from __future__ import annotations

import msgspec

from penstock.wire.dialects.bedrock_models import BedrockRules
from penstock.wire.dialects.cache_marks import KeptMarks
from penstock.wire.dialects.conversation import (
    CacheMark,
    Conversation,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.structured_output import StandIn
from penstock.wire.dialects.tool_names import CONVERSE_NAME, ToolNames


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """What goes out."""

    config: Object = {}  # `toolConfig`
    fields: Object = {}  # of the model's own


def names_of(asked: Conversation) -> ToolNames:
    """The names of a request's tools as Converse takes them, and the way back."""
    return ToolNames(CONVERSE_NAME, (tool.name for tool in asked.tools))


def cache_point(mark: CacheMark) -> Object:
    """What stands behind the block, the system text or the tool that a mark is on."""
    return {"cachePoint": {"type": "default", "ttl": mark.ttl} if mark.ttl else {"type": "default"}}


def stand_in(tool: StandIn, rules: BedrockRules) -> Tools:
    """The one tool whose input is the answer."""
    spec: Object = {"name": tool.name}
    if tool.description.strip():
        spec["description"] = tool.description
    spec["inputSchema"] = {"json": tool.schema}
    choice: Object = {"tool": {"name": tool.name}} if rules.forces_one else {"any": {}}
    return Tools(config={"tools": [{"toolSpec": spec}], "toolChoice": choice})


class ToolWriter:
    """Writes them. Methods raise `Refused`."""

    def __init__(
        self, asked: Conversation, rules: BedrockRules, names: ToolNames, marks: KeptMarks, dropped: Dropped
    ) -> None:
        self._asked = asked
        self._rules = rules
        self._names = names
        self._marks = marks
        self._dropped = dropped

    def write(self, *, thinks: bool) -> Tools:
        """All of it; nothing where there are no tools, or none may be called and none was."""
        asked, choice = self._asked, self._asked.tool_choice
        for hosted in asked.hosted:
            raise Refused(hosted.at, "Converse has no such tool")
        called = _has_calls(asked)
        if not asked.tools:
            if choice is not None and choice.mode in ("required", "one"):
                raise Refused(choice.at, "there are no tools to choose from")
            if called:
                raise Refused(
                    asked.at("tools"),
                    "is missing: the messages have tool calls, and Converse takes those only beside tools",
                )
            return Tools()
        if choice is not None and choice.mode == "none":
            if not called:
                return Tools()
            self._dropped(choice.at)  # Converse wants the tools for the history, and has no word for it
            return Tools(config={"tools": self._tools()})
        return self._chosen(choice, thinks=thinks)

    # -- the choice

    def _chosen(self, choice: ToolChoice | None, *, thinks: bool) -> Tools:
        config: Object = {"tools": self._tools()}
        named = None if choice is None else self._choice(choice, thinks=thinks)
        if self._asked.parallel_tools is not False:
            return Tools(config={**config, "toolChoice": named} if named else config)
        claude = self._rules.claude
        if claude is None or not claude.bedrock_parallel_switch:
            self._dropped(self._asked.at("parallel_tools"))
            return Tools(config={**config, "toolChoice": named} if named else config)
        # Claude's own member has the switch; beside it Converse's own choice would be a second one.
        kind, inner = next(iter(named.items())) if named else ("auto", {})
        own: Object = {"type": kind, **(inner if isinstance(inner, dict) else {})}
        return Tools(config=config, fields={"tool_choice": {**own, "disable_parallel_tool_use": True}})

    def _choice(self, choice: ToolChoice, *, thinks: bool) -> Object:
        offered = {tool.name for tool in self._asked.tools}
        for name in choice.names:
            if name not in offered:
                raise Refused(choice.at, f"no tool has the name {name!r}")
        if choice.mode == "auto":
            return {"auto": {}}
        if thinks:
            raise Refused(
                choice.at,
                "tools cannot be forced while the model thinks: ask for no reasoning, or for auto",
            )
        if choice.mode == "one" and self._rules.forces_one:
            return {"tool": {"name": self._names.legal(choice.names[0])}}
        if self._rules.forces_any and (choice.mode == "required" or len(offered) == 1):
            return {"any": {}}
        raise Refused(choice.at, "this model cannot be made to call a tool")

    # -- the tools

    def _tools(self) -> list[Json]:
        choice = self._asked.tool_choice
        some = frozenset(choice.names) if choice is not None and choice.mode != "one" else None
        found: list[Json] = []
        for tool in self._asked.tools:
            if some and tool.name not in some:
                continue
            found.append({"toolSpec": self._spec(tool)})
            found += self._mark(tool)
        return found

    def _mark(self, tool: Tool) -> list[Json]:
        if tool.cache is None:
            return []
        if not self._rules.caches_tools:
            self._dropped(tool.cache.at)
            return []
        return [cache_point(tool.cache)] if tool.cache in self._marks else []

    def _spec(self, tool: Tool) -> Object:
        if tool.free is not None:
            raise Refused(tool.at, f"free-form tools cannot be carried, and {tool.name!r} is one")
        nested = self._asked.family is None and self._asked.at("tools") == "tools"
        at = f"{tool.at}.function" if nested else tool.at
        for name in tool.extra:
            self._dropped(f"{at}.{name}")
        spec: Object = {"name": self._names.legal(tool.name)}
        if tool.description.strip():
            spec["description"] = tool.description
        spec["inputSchema"] = {"json": {"type": "object", **(tool.parameters or {})}}
        if tool.strict and self._rules.text_format:
            spec["strict"] = True
        elif tool.strict:
            self._dropped(f"{at}.strict")
        return spec


def _has_calls(asked: Conversation) -> bool:
    parts = (part for message in asked.messages for part in message.parts)
    return any(isinstance(part, ToolCall | ToolResult) for part in parts)
