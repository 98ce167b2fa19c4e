"""Tools of a request, and which of them may be called, as one vendor of the Chat dialect takes them."""

from __future__ import annotations

from penstock.wire.dialects.chat.vendors import Vendor
from penstock.wire.dialects.conversation import Conversation, HostedTool, Tool, WebSearch
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.tool_names import ToolNames


class ToolWriter:
    """Writes the members about tools of one request into its body. All of it may raise `Refused`."""

    def __init__(self, asked: Conversation, vendor: Vendor, names: ToolNames, dropped: Dropped) -> None:
        self._asked = asked
        self._vendor = vendor
        self._names = names
        self._dropped = dropped

    def write(self, model: str, body: Object) -> None:
        """`tools`, `tool_choice`, `parallel_tool_calls`, `web_search_options`."""
        asked, vendor = self._asked, self._vendor
        for hosted in asked.hosted:
            body["web_search_options"] = self._web_search(hosted)
        if not asked.tools:
            return
        if not vendor.tools or (vendor.toolless and vendor.toolless.search(model)):
            raise Refused(asked.at("tools"), "this provider has no tools")
        body["tools"] = [self._tool(tool) for tool in self._offered()]
        self._choice(body)
        if asked.parallel_tools is None:
            return
        if "parallel_tool_calls" in vendor.takes:
            body["parallel_tool_calls"] = asked.parallel_tools
        elif not asked.parallel_tools:
            self._dropped(asked.at("parallel_tools"))

    def _offered(self) -> list[Tool]:
        """All of them, or those that are allowed, where the vendor has no other way to allow some only."""
        choice, tools = self._asked.tool_choice, list(self._asked.tools)
        if choice is None or choice.mode == "one" or not choice.names or self._vendor.some_tools:
            return tools
        return [tool for tool in tools if tool.name in choice.names]

    def _tool(self, tool: Tool) -> Object:
        for name in tool.extra:
            self._dropped(f"{tool.at}.{name}")
        if tool.cache is not None:
            self._dropped(tool.cache.at)
        inner: Object = {"name": self._names.legal(tool.name)}
        if tool.description.strip():
            inner["description"] = tool.description
        if tool.free is not None:
            if not self._vendor.custom_tools:
                raise Refused(tool.at, f"the free-form tool {tool.name!r}: this provider has functions only")
            return {"type": "custom", "custom": {**inner, **_nested(tool.free)}}
        if tool.parameters is not None:
            inner["parameters"] = tool.parameters
        elif self._vendor.parameters:
            inner["parameters"] = {"type": "object", "properties": {}}
        if tool.strict is not None:
            inner["strict"] = tool.strict
        return {"type": "function", "function": inner}

    def _choice(self, body: Object) -> None:
        choice = self._asked.tool_choice
        if choice is None:
            return
        if choice.mode in ("required", "one") and not self._vendor.forced_tools:
            raise Refused(choice.at, "this provider cannot be made to call a tool")
        if choice.mode == "one":
            body["tool_choice"] = self._named(choice.names[0])
        elif choice.names and self._vendor.some_tools:
            named: list[Json] = [self._named(name) for name in choice.names]
            body["tool_choice"] = {
                "type": "allowed_tools",
                "allowed_tools": {"mode": choice.mode, "tools": named},
            }
        else:
            body["tool_choice"] = self._vendor.required if choice.mode == "required" else choice.mode

    def _named(self, name: str) -> Object:
        free = any(tool.free is not None for tool in self._asked.tools if tool.name == name)
        kind = "custom" if free else "function"
        return {"type": kind, kind: {"name": self._names.legal(name)}}

    def _web_search(self, hosted: HostedTool | WebSearch) -> Object:
        if isinstance(hosted, HostedTool):
            raise Refused(hosted.at, f"this provider does not have the tool {hosted.kind!r}")
        if not self._vendor.web_search:
            raise Refused(hosted.at, "this provider has no web search")
        if hosted.domains or hosted.blocked_domains:
            raise Refused(hosted.at, "this provider's search cannot be limited to domains")
        if hosted.most_uses is not None:
            self._dropped(f"{hosted.at}.max_uses")
        options: Object = {}
        if hosted.context_size:
            options["search_context_size"] = hosted.context_size
        if hosted.location:
            options["user_location"] = {"type": "approximate", "approximate": hosted.location}
        return options


def _nested(free: Object) -> Object:
    """A grammar stands in an object of its own in this dialect."""
    form = free.get("format")
    if not isinstance(form, dict) or form.get("type") != "grammar":
        return free
    return {"format": {"type": "grammar", "grammar": {k: v for k, v in form.items() if k != "type"}}}
