"""Tools and the choice among them in a caller's Messages request (dialects, A3, B4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from penstock.wire.dialects.conversation import Family, HostedTool, Tool, ToolChoice, WebSearch
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.members import Members
from penstock.wire.dialects.messages.block_reader import cache_mark

Hosted = HostedTool | WebSearch

_SEARCH: Final = "web_search_"
_MODES: Final[dict[str, Literal["none", "auto", "required", "one"]]] = {
    "auto": "auto",
    "any": "required",
    "tool": "one",
    "none": "none",
}


def read_tools(members: Members, dropped: Dropped) -> tuple[tuple[Tool, ...], tuple[Hosted, ...]]:
    """The caller's functions, and tools that Anthropic defines. Raises `Refused`."""
    tools: list[Tool] = []
    hosted: list[Hosted] = []
    for tool in members.objects("tools"):
        kind = tool.text("type")
        if kind is None or kind == "custom":
            tools.append(_function(tool))
        elif kind.startswith(_SEARCH):
            hosted.append(_search(tool, kind))
        else:
            value: Object = {"type": kind, **tool.rest()}
            hosted.append(HostedTool(family=Family.ANTHROPIC, kind=kind, value=value, at=tool.path))
    return tuple(tools), tuple(hosted)


def read_choice(
    members: Members, tools: Sequence[Tool], hosted: Sequence[Hosted], dropped: Dropped
) -> tuple[ToolChoice | None, bool | None]:
    """The choice, and whether calls may come side by side. Raises `Refused`."""
    choice = members.object("tool_choice")
    if choice is None:
        return None, None
    kind = choice.word("type", tuple(_MODES))
    if kind is None:
        raise Refused(choice.at("type"), f"is missing: it must be one of {', '.join(_MODES)}")
    parallel = False if choice.flag("disable_parallel_tool_use") else None
    mode = _MODES[kind]
    names: tuple[str, ...] = ()
    if mode == "one":
        names = (_defined(choice, tools, hosted),)
    for path in choice.left_over():
        dropped(path)
    if not tools and not hosted:
        if mode == "required":
            raise Refused(choice.path, "there are no tools to choose from")
        return None, None
    return ToolChoice(mode=mode, at=choice.path, names=names), parallel


def _defined(choice: Members, tools: Sequence[Tool], hosted: Sequence[Hosted]) -> str:
    name = choice.needed_text("name")
    if name not in {tool.name for tool in tools} | {tool.value.get("name") for tool in hosted}:
        raise Refused(choice.at("name"), f"no tool has the name {name!r}")
    return name


def _function(tool: Members) -> Tool:
    return Tool(
        name=tool.needed_text("name"),
        at=tool.path,
        description=tool.text("description") or "",
        parameters=tool.plain_object("input_schema"),
        strict=tool.flag("strict"),
        cache=cache_mark(tool),
        extra=tool.rest(),
    )


def _search(tool: Members, kind: str) -> WebSearch:
    value: Object = {"type": kind, **tool.copy()}
    location = tool.plain_object("user_location")
    return WebSearch(
        at=tool.path,
        value=value,
        family=Family.ANTHROPIC,
        domains=tool.texts("allowed_domains"),
        blocked_domains=tool.texts("blocked_domains"),
        most_uses=tool.whole("max_uses"),
        location=None if location is None else {k: v for k, v in location.items() if k != "type"},
    )
