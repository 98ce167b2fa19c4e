"""A Responses request, read into what is asked: its members but for items and tools, which have files of their own.

State that OpenAI keeps is refused where the answer hangs on it, since no other provider has it (dialects, B2, C 142).
Members that nobody else has stay in `extra` by name.
"""

from __future__ import annotations

from typing import Final

from penstock.wire.dialects.conversation import (
    Conversation,
    Family,
    Message,
    OutputFormat,
    Reasoning,
    Sampling,
    Text,
)
from penstock.wire.dialects.effort import EFFORTS
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.members import Members
from penstock.wire.dialects.openai_members import read_metadata, read_user, tell_rest
from penstock.wire.dialects.responses.item_reader import read_input
from penstock.wire.dialects.responses.response_object import REPEATED
from penstock.wire.dialects.responses.tool_reader import read_offer

_PATHS: Final = {
    "messages": "input",
    "max_tokens": "max_output_tokens",
    "parallel_tools": "parallel_tool_calls",
    "cache_key": "prompt_cache_key",
    "verbosity": "text.verbosity",
}
_STATE: Final = {
    "previous_response_id": "this provider keeps no answers: send the earlier items in input",
    "conversation": "this provider keeps no conversations: send the earlier items in input",
    "prompt": "this provider keeps no prompts: send instructions and input",
}
_PLAIN: Final[Object] = {"store": False, "background": False, "truncation": "disabled"}  # as it is anyway
_LOGPROBS: Final = "message.output_text.logprobs"
_GIVEN: Final = ("reasoning.encrypted_content",)  # unasked


def read_request(value: Object, dropped: Dropped) -> Conversation:
    """Raises `Refused`."""
    body = Members(value)
    _refuse_state(body)
    offer = read_offer(body, dropped)
    parallel = body.flag("parallel_tool_calls")
    form, verbosity = _text(body, dropped)
    asked = Conversation(
        model=body.needed_text("model"),
        messages=(*_instructions(body), *read_input(body, dropped)),
        tools=offer.tools,
        hosted=offer.hosted,
        tool_choice=offer.choice,
        parallel_tools=parallel if offer.tools else None,
        max_tokens=body.whole("max_output_tokens"),
        format=form,
        reasoning=_reasoning(body, dropped),
        verbosity=verbosity,
        stream=body.flag("stream") or False,
        metadata=read_metadata(body),
        service_tier=body.text("service_tier") or "",
        cache_key=body.text("prompt_cache_key") or "",
        family=Family.OPENAI,
        repeated={name: value[name] for name in REPEATED if value.get(name) is not None},
        paths=dict(_PATHS),
    )
    asked.sampling = _sampling(body, asked, dropped)
    read_user(body, asked)
    _stream_options(body, dropped)
    for name, one in body.rest().items():
        if name not in _PLAIN or one != _PLAIN[name]:
            asked.extra[name] = one
    return asked


def _refuse_state(body: Members) -> None:
    for name, why in _STATE.items():
        if body.has(name):
            raise Refused(body.at(name), why)
    if body.flag("background"):
        raise Refused(body.at("background"), "this provider answers at once only: leave background out")


def _instructions(body: Members) -> tuple[Message, ...]:
    """They stand before all else."""
    text, at = body.text("instructions"), body.at("instructions")
    return (Message(role="system", parts=(Text(text=text, at=at),), at=at),) if text else ()


def _text(body: Members, dropped: Dropped) -> tuple[OutputFormat | None, str]:
    text = body.object("text")
    if text is None:
        return None, ""
    found = _format(text, dropped), text.text("verbosity") or ""
    tell_rest(text, dropped)
    return found


def _format(text: Members, dropped: Dropped) -> OutputFormat | None:
    form = text.object("format")
    if form is None:
        return None
    kind = form.word("type", ("text", "json_object", "json_schema"))
    if kind is None:
        raise Refused(form.at("type"), "is missing: it must be text, json_object or json_schema")
    if kind != "json_schema":
        tell_rest(form, dropped)
        return None if kind == "text" else OutputFormat(kind="json", at=form.path)
    schema = form.plain_object("schema")
    if schema is None:
        raise Refused(form.at("schema"), "is missing: it must be an object")
    found = OutputFormat(
        kind="schema",
        at=form.path,
        name=form.needed_text("name"),
        schema=schema,
        strict=form.flag("strict"),
        description=form.text("description") or "",
    )
    tell_rest(form, dropped)
    return found


def _reasoning(body: Members, dropped: Dropped) -> Reasoning | None:
    members = body.object("reasoning")
    if members is None:
        return None
    effort = members.word("effort", EFFORTS) or ""
    older = members.text("generate_summary") or ""
    summary = members.text("summary") or older
    tell_rest(members, dropped)
    if not effort and not summary:
        return None
    return Reasoning(at=members.path, effort=effort, shown=True if summary else None, summary=summary)


def _sampling(body: Members, asked: Conversation, dropped: Dropped) -> Sampling:
    """Log-probabilities come only where `include` asks for them."""
    wanted = _include(body, asked, dropped)
    most = body.whole("top_logprobs")
    if most and not wanted:
        dropped(body.at("top_logprobs"))
    return Sampling(
        temperature=body.number("temperature"),
        top_p=body.number("top_p"),
        logprobs=wanted or None,
        top_logprobs=most if wanted else None,
    )


def _include(body: Members, asked: Conversation, dropped: Dropped) -> bool:
    """Whether log-probabilities are asked for; what nobody else has is told."""
    wanted = False
    for number, word in enumerate(body.texts("include")):
        at = f"{body.at('include')}[{number}]"
        if word == _LOGPROBS:
            wanted = True
            asked.paths["logprobs"] = at
        elif word not in _GIVEN:
            dropped(at)
    return wanted


def _stream_options(body: Members, dropped: Dropped) -> None:
    """Padding against eavesdroppers is OpenAI's own."""
    options = body.object("stream_options")
    if options is None:
        return
    if options.flag("include_obfuscation"):
        dropped(options.at("include_obfuscation"))
    tell_rest(options, dropped)
