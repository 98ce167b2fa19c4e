"""Tools of a Responses request, in its flat form, and which of them the model may call (dialects, B4).

Of tools that OpenAI runs itself only the web search has counterparts elsewhere; the others go on as what they are, and
who writes a request refuses them by name.
"""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.wire.dialects.conversation import Family, HostedTool, Tool, ToolChoice, WebSearch
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.members import Members
from penstock.wire.dialects.openai_members import read_cache_mark, tell_rest

_NAMED: Final = ("function", "custom")
_MODES: Final = ("none", "auto", "required")
_SEARCH: Final = "web_search"  # also with a date, and as `web_search_preview`


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What the model may call."""

    tools: tuple[Tool, ...] = ()
    hosted: tuple[HostedTool | WebSearch, ...] = ()
    choice: ToolChoice | None = None


def read_offer(body: Members, dropped: Dropped) -> Offer:
    """The tools and the choice among them. Raises `Refused`."""
    tools: list[Tool] = []
    hosted: list[HostedTool | WebSearch] = []
    for one in body.objects("tools"):
        kind = one.needed_text("type")
        if kind in _NAMED:
            tools.append(_function(one) if kind == "function" else _free(one))
        elif kind.startswith(_SEARCH):
            hosted.append(_search(one, kind, dropped))
        else:
            value: Object = {"type": kind, **one.rest()}
            hosted.append(HostedTool(family=Family.OPENAI, kind=kind, value=value, at=one.path))
    return _chosen(body, Offer(tools=tuple(tools), hosted=tuple(hosted)), dropped)


def _function(members: Members) -> Tool:
    if members.has("function"):
        raise Refused(members.at("function"), "is Chat's form: here name and parameters stand in the tool")
    return Tool(
        name=_name(members),
        at=members.path,
        description=members.text("description") or "",
        parameters=members.plain_object("parameters"),
        strict=members.flag("strict"),
        cache=read_cache_mark(members),
        extra=members.rest(),
    )


def _free(members: Members) -> Tool:
    form = members.plain_object("format")
    return Tool(
        name=_name(members),
        at=members.path,
        description=members.text("description") or "",
        free={} if form is None else {"format": form},
        cache=read_cache_mark(members),
        extra=members.rest(),
    )


def _name(members: Members) -> str:
    name = members.needed_text("name")
    if not name:
        raise Refused(members.at("name"), "must not be empty")
    return name


def _search(members: Members, kind: str, dropped: Dropped) -> WebSearch:
    value: Object = {"type": kind, **members.copy()}
    filters = members.object("filters") or Members({}, members.at("filters"))
    place = members.plain_object("user_location")
    search = WebSearch(
        at=members.path,
        value=value,
        family=Family.OPENAI,
        context_size=members.text("search_context_size") or "",
        domains=filters.texts("allowed_domains"),
        blocked_domains=filters.texts("blocked_domains"),
        location=None
        if place is None
        else {name: one for name, one in place.items() if name != "type" and one is not None},
    )
    tell_rest(filters, dropped)
    tell_rest(members, dropped)
    return search


# -- the choice


def _chosen(body: Members, offer: Offer, dropped: Dropped) -> Offer:
    at, value = body.at("tool_choice"), body.take("tool_choice")
    if value is None:
        return offer
    if isinstance(value, str):
        return _by_word(offer, value, at)
    members = Members(value, at)
    kind = members.needed_text("type")
    if kind == "allowed_tools":
        found = _some(offer, members)
    elif kind in _NAMED:
        found = _one(offer, members)
    else:
        raise Refused(at, f"forces the tool {kind!r}, which the provider runs itself: it cannot be forced")
    tell_rest(members, dropped)
    return found


def _by_word(offer: Offer, word: str, at: str) -> Offer:
    for mode in _MODES:
        if mode == word:
            break
    else:
        raise Refused(at, "must be none, auto, required, or an object that names tools")
    if mode == "none":  # what the provider runs itself is a tool as well
        offer = msgspec.structs.replace(offer, hosted=())
    if offer.tools:
        return msgspec.structs.replace(offer, choice=ToolChoice(mode=mode, at=at))
    if mode == "required":
        raise Refused(at, "forces a tool call, and there are no tools that the caller runs")
    return offer


def _one(offer: Offer, members: Members) -> Offer:
    name = members.needed_text("name")
    _check(offer, name, members.at("name"))
    return msgspec.structs.replace(offer, choice=ToolChoice(mode="one", at=members.path, names=(name,)))


def _some(offer: Offer, members: Members) -> Offer:
    """Some of the tools. The others cannot be called; one that the provider runs is left out if it is not named."""
    mode = members.word("mode", ("auto", "required")) or "auto"
    names: list[str] = []
    hosted: set[str] = set()
    for one in members.objects("tools"):
        kind = one.needed_text("type")
        if kind in _NAMED:
            names.append(one.needed_text("name"))
            _check(offer, names[-1], one.at("name"))
        else:
            hosted.add(kind)
    if not names and not hosted:
        raise Refused(members.at("tools"), "must name at least one tool")
    kept = tuple(tool for tool in offer.hosted if tool.value["type"] in hosted)
    if names:
        choice = ToolChoice(
            mode="required" if mode == "required" else "auto", at=members.path, names=tuple(names)
        )
        return Offer(tools=offer.tools, hosted=kept, choice=choice)
    if mode == "required":
        raise Refused(members.path, "forces a tool that the provider runs itself: it cannot be forced")
    return Offer(hosted=kept)


def _check(offer: Offer, name: str, at: str) -> None:
    if name not in {tool.name for tool in offer.tools}:
        raise Refused(at, f"names the tool {name!r}, which is not in tools")
