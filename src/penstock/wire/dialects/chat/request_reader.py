"""A Chat request, read into what is asked: its members but for messages and tools, which have files of their own.

Members that nobody else has stay in `extra` by name, those that the answer's meaning hangs on in `needed`, too.
"""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.wire.dialects.chat.message_reader import read_messages
from penstock.wire.dialects.chat.tool_reader import read_tool_choice, read_tools
from penstock.wire.dialects.conversation import (
    Conversation,
    Family,
    OutputFormat,
    Reasoning,
    Sampling,
    WebSearch,
)
from penstock.wire.dialects.effort import EFFORTS
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.members import Members
from penstock.wire.dialects.openai_members import (
    read_cache_mark,
    read_metadata,
    read_user,
    tell_rest,
)

_PATHS: Final = {
    "choices": "n",
    "parallel_tools": "parallel_tool_calls",
    "cache_key": "prompt_cache_key",
    "stream_usage": "stream_options.include_usage",
}
_OLD_PATHS: Final = {"tools": "functions", "parallel_tools": "functions"}
_NEEDED: Final = (
    "modalities",
    "audio",
    "previous_response_id",  # what was said before, kept by a provider; of Parallel, the next but one
    "conversation",
    "previous_interaction_id",
)
_PLAIN_MODALITIES: Final[list[Json]] = ["text"]


def read_request(value: Object, dropped: Dropped) -> Conversation:
    """Raises `Refused`."""
    body = Members(value)
    old = bool(value.get("functions"))
    tools = read_tools(body, dropped)
    asked = Conversation(
        model=body.needed_text("model"),
        messages=read_messages(body, dropped),
        tools=tools,
        hosted=_web_search(body, dropped),
        tool_choice=read_tool_choice(body, tools),
        parallel_tools=_parallel(body, bool(tools), old),
        stop=_stop(body),
        sampling=_sampling(body),
        format=_format(body, dropped),
        reasoning=_reasoning(body, dropped),
        verbosity=body.text("verbosity") or "",
        stream=body.flag("stream") or False,
        stream_usage=_stream_usage(body, dropped),
        metadata=read_metadata(body),
        service_tier=body.text("service_tier") or "",
        cache=read_cache_mark(body),
        cache_key=body.text("prompt_cache_key") or "",
        paths={**_PATHS, **(_OLD_PATHS if old else {})},
    )
    _limit(body, asked, dropped)
    read_user(body, asked)
    _rest(body, asked)
    return asked


def _parallel(body: Members, tools: bool, old: bool) -> bool | None:
    """Without tools it means nothing; the older form has room for one call only."""
    said = body.flag("parallel_tool_calls")
    if not tools:
        return None
    return False if old else said


def _stop(body: Members) -> tuple[str, ...]:
    value = body.take("stop")
    if value is None or isinstance(value, str):
        return (value,) if value else ()
    return Members({"stop": value}).texts("stop")


def _sampling(body: Members) -> Sampling:
    found = Sampling(
        temperature=body.number("temperature"),
        top_p=body.number("top_p"),
        top_k=body.whole("top_k"),
        seed=body.whole("seed", least=-(2**63)),
        frequency_penalty=body.number("frequency_penalty"),
        presence_penalty=body.number("presence_penalty"),
        logit_bias=body.plain_object("logit_bias") or None,
        logprobs=body.flag("logprobs"),
        top_logprobs=body.whole("top_logprobs"),
        choices=body.whole("n", least=1),
    )
    if found.top_logprobs is not None and not found.logprobs:
        raise Refused(body.at("top_logprobs"), "needs logprobs to be true")
    return found


def _format(body: Members, dropped: Dropped) -> OutputFormat | None:
    form = body.object("response_format")
    if form is None:
        return None
    kind = form.word("type", ("text", "json_object", "json_schema"))
    if kind is None:
        raise Refused(form.at("type"), "is missing: it must be text, json_object or json_schema")
    inner = form.object("json_schema") if kind == "json_schema" else None
    tell_rest(form, dropped)
    if kind == "text":
        return None
    if kind == "json_object":
        return OutputFormat(kind="json", at=form.path)
    if inner is None:
        raise Refused(form.at("json_schema"), "is missing: it must be an object")
    found = OutputFormat(
        kind="schema",
        at=form.path,
        name=inner.needed_text("name"),
        schema=inner.plain_object("schema"),
        strict=inner.flag("strict"),
        description=inner.text("description") or "",
    )
    tell_rest(inner, dropped)
    return found


def _reasoning(body: Members, dropped: Dropped) -> Reasoning | None:
    """`reasoning_effort`; `reasoning`, as OpenRouter has it; `thinking`, as Anthropic has it and many clients send."""
    effort = body.word("reasoning_effort", EFFORTS)
    router, claude = body.object("reasoning"), body.object("thinking")
    found = None if effort is None else Reasoning(at=body.at("reasoning_effort"), effort=effort)
    for other in (_of_router(router, dropped), _of_claude(claude, dropped)):
        if other is None:
            continue
        if found is None:
            found = other
        elif other.adaptive or not (other.effort or other.budget is not None):
            found = msgspec.structs.replace(found, adaptive=other.adaptive, shown=other.shown)
        else:  # the caller's own number goes before a word
            dropped(found.at)
            found = other
    return found


def _of_router(members: Members | None, dropped: Dropped) -> Reasoning | None:
    if members is None:
        return None
    excluded, on = members.flag("exclude"), members.flag("enabled")
    effort = members.word("effort", EFFORTS) or ("none" if on is False else "")
    found = Reasoning(
        at=members.path,
        effort=effort,
        budget=members.whole("max_tokens"),
        adaptive=on is True,
        shown=None if excluded is None else not excluded,
        summary=members.text("summary") or "",
    )
    tell_rest(members, dropped)
    return found


def _of_claude(members: Members | None, dropped: Dropped) -> Reasoning | None:
    if members is None:
        return None
    kind = members.word("type", ("enabled", "adaptive", "disabled"))
    display = members.word("display", ("summarized", "omitted"))
    budget = members.whole("budget_tokens")
    found = Reasoning(
        at=members.path,
        budget=0 if kind == "disabled" else budget,
        adaptive=kind == "adaptive" or (kind == "enabled" and budget is None),
        shown=None if display is None else display == "summarized",
    )
    tell_rest(members, dropped)
    return found


def _stream_usage(body: Members, dropped: Dropped) -> bool:
    options = body.object("stream_options")
    if options is None:
        return False
    wanted = options.flag("include_usage") or False
    tell_rest(options, dropped)
    return wanted


def _web_search(body: Members, dropped: Dropped) -> tuple[WebSearch, ...]:
    options = body.object("web_search_options")
    if options is None:
        return ()
    value = options.rest()
    options = Members(value, options.path)
    size = options.text("search_context_size") or ""
    place = options.object("user_location")
    location = None
    if place is not None:
        place.take("type")
        location = place.plain_object("approximate")
        tell_rest(place, dropped)
    tell_rest(options, dropped)
    return (
        WebSearch(at=options.path, value=value, family=Family.OPENAI, context_size=size, location=location),
    )


def _limit(body: Members, asked: Conversation, dropped: Dropped) -> None:
    """The newer name of the limit goes before the older one."""
    newer, older = body.whole("max_completion_tokens"), body.whole("max_tokens")
    if newer is None:
        asked.max_tokens = older
        return
    asked.max_tokens = newer
    asked.paths["max_tokens"] = body.at("max_completion_tokens")
    if older is not None and older != newer:
        dropped(body.at("max_tokens"))


def _rest(body: Members, asked: Conversation) -> None:
    """What nobody else has. What says what holds anyway is nothing."""
    for name, value in body.rest().items():
        if (name == "modalities" and value == _PLAIN_MODALITIES) or (name == "store" and value is False):
            continue
        asked.extra[name] = value
    asked.needed = frozenset(name for name in _NEEDED if name in asked.extra)
