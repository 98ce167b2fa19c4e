"""A `Conversation` as a Messages request for Claude, on Anthropic's own service or another host (dialects, B2)."""

from __future__ import annotations

from typing import Final

from penstock.wire.dialects import claude_thinking, structured_output
from penstock.wire.dialects.claude_models import claude_rules
from penstock.wire.dialects.claude_sampling import sampling
from penstock.wire.dialects.conversation import Conversation, Document, Family, FileId, Image
from penstock.wire.dialects.dialect import Sent, Target
from penstock.wire.dialects.extras import leave, refuse_choices, refuse_logprobs
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Dropped
from penstock.wire.dialects.messages.block_writer import BlockWriter
from penstock.wire.dialects.messages.cache_marks import CacheMarks, written
from penstock.wire.dialects.messages.foreign_thinking import without_foreign_thinking
from penstock.wire.dialects.messages.hosts import HOSTS, OWN, Host, sent
from penstock.wire.dialects.messages.tool_writer import names_of, write_choice, write_tools

_TIERS: Final = {"auto": "auto", "default": "standard_only"}
_FILES_BETA: Final = "files-api-2025-04-14"


def write_request(asked: Conversation, target: Target, dropped: Dropped) -> Sent:
    """What goes to the provider; a caller's own Messages body is changed only in what the host has elsewhere, and in
    thinking that Claude cannot have made.

    Raises `Refused`.
    """
    if asked.as_written is not None and asked.family is Family.ANTHROPIC:
        dropped.forget()
        body = without_foreign_thinking(asked.as_written, dropped)
        return sent({**body, "model": target.model}, asked.betas, target, dropped)
    body = _body(asked, target, dropped)
    return sent(body, (*asked.betas, *_betas(asked)), target, dropped)


def _body(asked: Conversation, target: Target, dropped: Dropped) -> Object:
    rules, host = claude_rules(target.model), HOSTS.get(target.host, OWN)
    refuse_choices(asked)
    refuse_logprobs(asked)
    leave(asked, dropped)
    thinking = claude_thinking.planned(asked, rules, target.most_output, dropped)
    output = structured_output.planned(
        asked, native=rules.output_format, thinks=thinking.thinks, dropped=dropped
    )
    names, marks = names_of(asked), CacheMarks(asked, dropped)
    writer = BlockWriter(asked, host, names, marks, dropped)
    body: Object = {"model": target.model, "max_tokens": thinking.max_tokens}
    _put(body, "system", writer.system(asked.messages))
    body["messages"] = writer.messages(asked.messages)
    if asked.stop:
        body["stop_sequences"] = list(asked.stop)
    body |= sampling(asked, rules, thinks=thinking.thinks, dropped=dropped)
    _put(body, "tools", write_tools(asked, rules, host, marks, names, dropped) or None)
    choice = write_choice(asked, rules, host, names, thinks=thinking.thinks, dropped=dropped)
    _put(body, "tool_choice", choice)
    if output.tool is not None:
        body["tools"] = [_stand_in(output.tool)]
        body["tool_choice"] = {"type": "tool", "name": output.tool.name, "disable_parallel_tool_use": True}
    _put(body, "thinking", thinking.thinking)
    config: Object = {}
    _put(config, "effort", thinking.effort or None)
    if output.schema is not None:
        config["format"] = {"type": "json_schema", "schema": output.schema}
    _put(body, "output_config", config or None)
    _put_rest(body, asked, host, dropped)
    return body


def _stand_in(tool: structured_output.StandIn) -> Object:
    found: Object = {"name": tool.name, "input_schema": tool.schema}
    return {**found, "description": tool.description} if tool.description else found


def _put(body: Object, name: str, value: Json) -> None:
    if value is not None:
        body[name] = value


def _put_rest(body: Object, asked: Conversation, host: Host, dropped: Dropped) -> None:
    if asked.stream:
        body["stream"] = True
    if asked.user:
        body["metadata"] = {"user_id": asked.user}
    tier = _TIERS.get(asked.service_tier) if host.tiers else None
    _put(body, "service_tier", tier)
    if asked.service_tier and tier is None:
        dropped(asked.at("service_tier"))
    if asked.cache is not None:
        body["cache_control"] = written(asked.cache)
    for name, value in (
        ("verbosity", asked.verbosity),
        ("metadata", asked.metadata),
        ("cache_key", asked.cache_key),
    ):
        if value:
            dropped(asked.at(name))


def _betas(asked: Conversation) -> tuple[str, ...]:
    """Flags that what was translated needs."""
    parts = (part for message in asked.messages for part in message.parts)
    files = any(isinstance(part, Image | Document) and isinstance(part.place, FileId) for part in parts)
    return (_FILES_BETA,) if files else ()
