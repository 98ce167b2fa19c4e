"""Tools of a Chat request, which of them the model may call, and the older form of both (`functions`)."""

from __future__ import annotations

from typing import Final

from penstock.wire.dialects.conversation import Tool, ToolChoice
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.members import Members
from penstock.wire.dialects.openai_members import read_cache_mark, tell_rest

_NAMED: Final = ("function", "custom")


def read_tools(body: Members, dropped: Dropped) -> tuple[Tool, ...]:
    """All that are offered. A tool of a kind that is not known, or of another dialect's form, is refused."""
    tools = [_tool(one, dropped) for one in body.objects("tools")]
    return (*tools, *(_function(one, one, dropped) for one in body.objects("functions")))


def read_tool_choice(body: Members, tools: tuple[Tool, ...]) -> ToolChoice | None:
    """What the model may call; None where the caller leaves it open, or offers nothing and asks for nothing."""
    name = "tool_choice" if body.has("tool_choice") else "function_call"
    at = body.at(name)
    value = body.take(name)
    body.take("function_call")
    if value is None:
        return None
    choice = _word(value, at) if isinstance(value, str) else _choice(Members(value, at))
    offered = {tool.name for tool in tools}
    for one in choice.names:
        if one not in offered:
            raise Refused(choice.at, f"names the tool {one!r}, which is not in tools")
    if not tools:
        if choice.mode in ("none", "auto"):
            return None
        raise Refused(at, "forces a tool call, and there are no tools")
    return choice


def _tool(members: Members, dropped: Dropped) -> Tool:
    kind = members.needed_text("type")
    if kind not in _NAMED:
        raise Refused(members.at("type"), f"must be function or custom, not {kind!r}")
    inner = members.object(kind)
    if inner is None:
        raise Refused(members.at(kind), f"is missing: a tool is {{type: {kind}, {kind}: {{name, …}}}}")
    if kind == "function":
        return _function(inner, members, dropped)
    tool = Tool(
        name=_name(inner),
        at=members.path,
        description=inner.text("description") or "",
        free=_format(inner),
        cache=read_cache_mark(members),
    )
    tell_rest(inner, dropped)
    tell_rest(members, dropped)
    return tool


def _function(inner: Members, outer: Members, dropped: Dropped) -> Tool:
    """A function, in an object of its own or, in the older form, without one."""
    tool = Tool(
        name=_name(inner),
        at=outer.path,
        description=inner.text("description") or "",
        parameters=inner.plain_object("parameters"),
        strict=inner.flag("strict"),
        cache=read_cache_mark(outer) or read_cache_mark(inner),
    )
    tell_rest(inner, dropped)
    if inner is not outer:
        tell_rest(outer, dropped)
    return tool


def _format(members: Members) -> Object:
    """What a free-form tool says of its input: a grammar stands in an object of its own here, not in the inner form."""
    form = members.plain_object("format")
    if form is None:
        return {}
    grammar = form.get("grammar")
    if not isinstance(grammar, dict):
        return {"format": form}
    return {"format": {**{name: value for name, value in form.items() if name != "grammar"}, **grammar}}


def _name(members: Members) -> str:
    name = members.needed_text("name")
    if not name:
        raise Refused(members.at("name"), "must not be empty")
    return name


def _word(word: str, at: str) -> ToolChoice:
    for mode in ("none", "auto", "required"):
        if word == mode:
            return ToolChoice(mode=mode, at=at)
    raise Refused(at, "must be none, auto, required, or an object that names tools")


def _choice(members: Members) -> ToolChoice:
    kind = members.text("type") or "function"
    if kind == "allowed_tools":
        return _some(members)
    if kind not in _NAMED:
        raise Refused(members.at("type"), f"must be function, custom or allowed_tools, not {kind!r}")
    named = members.object(kind) or members  # the older form has the name itself
    return ToolChoice(mode="one", at=members.path, names=(named.needed_text("name"),))


def _some(members: Members) -> ToolChoice:
    allowed = members.object("allowed_tools")
    if allowed is None:
        raise Refused(members.at("allowed_tools"), "is missing: it must be an object")
    mode = allowed.word("mode", ("auto", "required")) or "auto"
    names = []
    for one in allowed.objects("tools"):
        kind = one.word("type", _NAMED) or "function"
        named = one.object(kind)
        if named is None:
            raise Refused(one.at(kind), "is missing: it must be an object")
        names.append(named.needed_text("name"))
    if not names:
        raise Refused(allowed.at("tools"), "must name at least one tool")
    return ToolChoice(mode="required" if mode == "required" else "auto", at=members.path, names=tuple(names))
