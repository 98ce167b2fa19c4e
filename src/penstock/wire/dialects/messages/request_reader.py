"""A caller's Messages request as a `Conversation`: the members at its top (Anthropic Messages; dialects, A3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from penstock.wire.dialects.conversation import (
    Conversation,
    Family,
    Message,
    OutputFormat,
    Reasoning,
    Sampling,
)
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.members import Members
from penstock.wire.dialects.messages.block_reader import ROLES, Role, cache_mark, contents, texts
from penstock.wire.dialects.messages.tool_reader import read_choice, read_tools
from penstock.wire.dialects.tool_turns import gathered

FORMAT_NAME: Final = "answer"
"""Of an output format, for dialects where it has to have one."""

# Without them the answer would be another one, so that no other dialect's provider can stand in (dialects, B2).
_NEEDED: Final = ("container", "context_management", "inference_geo", "mcp_servers", "speed")
_PLAIN_SPEED: Final = "standard"
_TIERS: Final = {"auto": "auto", "standard_only": "default"}
_NO_PATHS: Final = {
    "parallel_tools": "tool_choice.disable_parallel_tool_use",
    "stop": "stop_sequences",
    "user": "metadata.user_id",
}


def read_request(body: Object, dropped: Dropped) -> Conversation:
    """What cannot be read, or only by Anthropic, is `unread`: its own service, wherever it is, may know more of it."""
    return _read_or_not(body, dropped, counted=False)


def read_count_request(body: Object, dropped: Dropped) -> Conversation:
    """A request whose input is only to be counted: it has no `max_tokens`."""
    return _read_or_not(body, dropped, counted=True)


def _read_or_not(body: Object, dropped: Dropped, *, counted: bool) -> Conversation:
    try:
        return _read(body, dropped, counted=counted)
    except Refused as refused:
        model = body.get("model")
        return Conversation(
            model=model if isinstance(model, str) else "",
            messages=(),
            stream=body.get("stream") is True,
            family=Family.ANTHROPIC,
            betas=(*_flags(body, "anthropic_beta"), *_flags(body, "betas")),
            as_written=body,
            unread=refused,
        )


def _flags(body: Object, name: str) -> tuple[str, ...]:
    flags = body.get(name)
    return tuple(flag for flag in flags if isinstance(flag, str)) if isinstance(flags, list) else ()


def _read(body: Object, dropped: Dropped, *, counted: bool) -> Conversation:
    members = Members(body)
    model = members.needed_text("model")
    max_tokens = members.whole("max_tokens")
    if max_tokens is None and not counted:
        raise Refused("max_tokens", "is missing: it must be a whole number")
    tools, hosted = read_tools(members, dropped)
    choice, parallel = read_choice(members, tools, hosted, dropped)
    reasoning, output = _thinking_and_format(members, dropped)
    found = Conversation(
        model=model,
        messages=(*_system(members, dropped), *_messages(members, dropped)),
        tools=tools,
        hosted=hosted,
        tool_choice=choice,
        parallel_tools=parallel,
        max_tokens=max_tokens,
        stop=members.texts("stop_sequences"),
        sampling=Sampling(
            temperature=members.number("temperature"),
            top_p=members.number("top_p"),
            top_k=members.whole("top_k"),
        ),
        format=output,
        reasoning=reasoning,
        stream=members.flag("stream") or False,
        user=_user(members, dropped),
        service_tier=_tier(members),
        cache=cache_mark(members),
        family=Family.ANTHROPIC,
        betas=(*_flags(body, "anthropic_beta"), *_flags(body, "betas")),
        as_written=body,
        paths=dict(_NO_PATHS),
    )
    for name in ("anthropic_version", "anthropic_beta", "betas"):
        members.take(name)
    if members.has("speed") and body["speed"] == _PLAIN_SPEED:
        members.take("speed")
    found.extra = members.rest()
    found.needed = frozenset(name for name in _NEEDED if found.extra.get(name) not in (None, [], {}))
    return found


def _system(members: Members, dropped: Dropped) -> tuple[Message, ...]:
    parts = texts(members, "system", dropped)
    return (Message(role="system", parts=parts, at="system"),) if parts else ()


def _messages(members: Members, dropped: Dropped) -> Sequence[Message]:
    if not members.has("messages"):
        raise Refused("messages", "is missing: it must be an array of messages")
    found = []
    for message in members.objects("messages"):
        role: Role | None = message.word("role", ROLES)
        if role is None:
            raise Refused(message.at("role"), "is missing: it must be user, assistant or system")
        found.append(Message(role=role, parts=contents(message, "content", role, dropped), at=message.path))
        _tell_rest(message, dropped)
    return gathered(found)


def _thinking_and_format(members: Members, dropped: Dropped) -> tuple[Reasoning | None, OutputFormat | None]:
    config = members.object("output_config") or Members({}, "output_config")
    effort = config.text("effort") or ""
    output = _format(config, "format", dropped) or _format(members, "output_format", dropped)
    _tell_rest(config, dropped)
    return _reasoning(members, effort, dropped), output


def _reasoning(members: Members, effort: str, dropped: Dropped) -> Reasoning | None:
    thinking = members.object("thinking")
    if thinking is None:
        return Reasoning(at="output_config.effort", effort=effort) if effort else None
    kind = thinking.word("type", ("enabled", "adaptive", "disabled", "between_tools"))
    display = thinking.text("display")
    budget = thinking.whole("budget_tokens")
    _tell_rest(thinking, dropped)
    if kind is None:
        raise Refused("thinking.type", "is missing: it must be enabled, adaptive or disabled")
    if effort and kind in ("disabled", "enabled"):  # a number goes before a word
        dropped("output_config.effort")
    if kind == "disabled":
        return Reasoning(at="thinking", budget=0, shown=False)
    if kind == "enabled":
        if budget is None:
            raise Refused("thinking.budget_tokens", "is missing: it must be a whole number")
        return Reasoning(at="thinking", budget=budget, shown=display != "omitted")
    shown = None if display is None else display != "omitted"
    return Reasoning(at="thinking", effort=effort, adaptive=True, shown=shown)


def _format(members: Members, name: str, dropped: Dropped) -> OutputFormat | None:
    wanted = members.object(name)
    if wanted is None:
        return None
    wanted.word("type", ("json_schema",))
    schema = wanted.plain_object("schema")
    if schema is None:
        raise Refused(wanted.at("schema"), "is missing: it must be an object")
    _tell_rest(wanted, dropped)
    return OutputFormat(kind="schema", at=wanted.path, name=FORMAT_NAME, schema=schema, strict=True)


def _user(members: Members, dropped: Dropped) -> str:
    metadata = members.object("metadata")
    if metadata is None:
        return ""
    user = metadata.text("user_id")
    _tell_rest(metadata, dropped)
    return user or ""


def _tier(members: Members) -> str:
    tier = members.text("service_tier")
    return "" if tier is None else _TIERS.get(tier, tier)


def _tell_rest(members: Members, dropped: Dropped) -> None:
    for path in members.left_over():
        dropped(path)
