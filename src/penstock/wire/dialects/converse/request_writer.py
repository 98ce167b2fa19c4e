"""A `Conversation` as a request of Converse: its top, put together from turns, tools and what tunes (dialects, A5, B2).

The model and whether the answer is streamed stand in the address, which is for others.
"""

from __future__ import annotations

import re
from typing import Final

from penstock.wire.dialects.bedrock_models import BedrockRules, bedrock_rules
from penstock.wire.dialects.cache_marks import KeptMarks
from penstock.wire.dialects.claude_models import BEDROCK_BETAS
from penstock.wire.dialects.claude_sampling import sampling, tell_tuning
from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.converse import reasoning
from penstock.wire.dialects.converse.blocks import BlockWriter
from penstock.wire.dialects.converse.tools import ToolWriter, names_of, stand_in
from penstock.wire.dialects.converse.turns import turns
from penstock.wire.dialects.dialect import Sent, Target
from penstock.wire.dialects.extras import leave, refuse_choices, refuse_logprobs, tell_betas
from penstock.wire.dialects.json_value import Json, Object, to_json
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.structured_output import planned
from penstock.wire.dialects.tool_names import CONVERSE_NAME

# Bedrock's own members, which clients of other dialects send along for it.
_OWN: Final = ("additionalModelResponseFieldPaths", "guardrailConfig", "performanceConfig")
_FIELDS: Final = "additionalModelRequestFields"
_COUNTED: Final = ("messages", "system", "toolConfig", _FIELDS)
_TIERS: Final = ("priority", "default", "flex", "reserved")
_DEFAULT: Final = 1  # of `temperature`, in every dialect
_MOST_TEMPERATURE: Final = 1
_MOST_STOPS: Final = 2500
_MOST_METADATA: Final = 16
_METADATA: Final = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,\-.]{1,256}")
_CONFIGURED: Final = {"temperature": "temperature", "top_p": "topP"}


def write_request(asked: Conversation, target: Target, dropped: Dropped) -> Sent:
    """Raises `Refused`."""
    rules = bedrock_rules(target.model)
    refuse_choices(asked)
    refuse_logprobs(asked)
    leave(asked, dropped, (*_OWN, _FIELDS))
    names, marks = names_of(asked), KeptMarks(asked, dropped)
    thinking = reasoning.planned(asked, rules, target.most_output, dropped)
    output = planned(
        asked, native=rules.text_format, thinks=thinking.thinks, dropped=dropped, forces=rules.forces
    )
    blocks = BlockWriter(asked, rules, names, marks, dropped)
    body: Object = {}
    if system := blocks.system(asked.messages):
        body["system"] = system
    body["messages"] = turns(asked, blocks, rules, marks, dropped)
    config, fields = _inference(asked, rules, thinks=thinking.thinks, dropped=dropped)
    if config:
        body["inferenceConfig"] = config
    tools = (
        ToolWriter(asked, rules, names, marks, dropped).write(thinks=thinking.thinks)
        if output.tool is None
        else stand_in(output.tool, rules)
    )
    if tools.config:
        body["toolConfig"] = tools.config
    fields = {
        **_own_fields(asked),
        **fields,
        **tools.fields,
        **thinking.fields,
        **_betas(asked, rules, dropped),
    }
    if fields:
        body[_FIELDS] = fields
    if out := _output(asked, output.schema, thinking.effort):
        body["outputConfig"] = out
    _put_rest(body, asked, dropped)
    return Sent(body=body)


def write_count_request(asked: Conversation, target: Target, dropped: Dropped) -> Sent:
    """The question how many tokens a request has (dialects, C143, C144). Raises `Refused`."""
    body = write_request(asked, target, dropped).body
    return Sent(body={"input": {"converse": {name: body[name] for name in _COUNTED if name in body}}})


# -- how tokens are chosen


def _inference(
    asked: Conversation, rules: BedrockRules, *, thinks: bool, dropped: Dropped
) -> tuple[Object, Object]:
    """`inferenceConfig`, and what of it stands in additional fields."""
    config: Object = {}
    if asked.max_tokens is not None:
        config["maxTokens"] = asked.max_tokens
    if rules.claude is None:
        chosen = _sampling(asked, rules, dropped)
    else:
        chosen = sampling(asked, rules.claude, thinks=thinks, dropped=dropped)
    config |= {own: chosen[name] for name, own in _CONFIGURED.items() if name in chosen}
    if len(asked.stop) > _MOST_STOPS:
        raise Refused(asked.at("stop"), f"may have {_MOST_STOPS} of them at most")
    if asked.stop:
        config["stopSequences"] = list(asked.stop)
    return config, _top_k(asked, rules, chosen.get("top_k"), dropped)


def _sampling(asked: Conversation, rules: BedrockRules, dropped: Dropped) -> Object:
    tell_tuning(asked, dropped)
    wanted = asked.sampling
    found: Object = {}
    if not rules.samples:
        for name, value in (
            ("temperature", wanted.temperature),
            ("top_p", wanted.top_p),
            ("top_k", wanted.top_k),
        ):
            if value not in (None, _DEFAULT):
                dropped(asked.at(name))
        return found
    if wanted.temperature is not None and wanted.temperature > _MOST_TEMPERATURE:
        dropped(asked.at("temperature"))
    elif wanted.temperature is not None:
        found["temperature"] = wanted.temperature
    for name, value in (("top_p", wanted.top_p), ("top_k", wanted.top_k)):
        if value is not None:
            found[name] = value
    return found


def _top_k(asked: Conversation, rules: BedrockRules, value: Json, dropped: Dropped) -> Object:
    if value is None:
        return {}
    if not rules.top_k:
        dropped(asked.at("top_k"))
        return {}
    found = value
    for name in reversed(rules.top_k):
        found = {name: found}
    return found if isinstance(found, dict) else {}


# -- the model's own members


def _own_fields(asked: Conversation) -> Object:
    fields = asked.extra.get(_FIELDS)
    if fields is None:
        return {}
    if not isinstance(fields, dict):
        raise Refused(asked.at(_FIELDS), "must be an object")
    return dict(fields)


def _betas(asked: Conversation, rules: BedrockRules, dropped: Dropped) -> Object:
    """Flags that Claude knows there; one that it does not would have the whole request refused (dialects, C141)."""
    known = tell_betas(asked, dropped, BEDROCK_BETAS if rules.claude is not None else ())
    return {"anthropic_beta": list[Json](known)} if known else {}


# -- the rest


def _output(asked: Conversation, schema: Object | None, effort: str) -> Object:
    """`outputConfig`."""
    found: Object = {}
    if schema is not None and asked.format is not None:
        written: Object = {"schema": to_json(schema).decode()}
        if asked.format.name:
            written["name"] = CONVERSE_NAME.legal(asked.format.name)
        if asked.format.description:
            written["description"] = asked.format.description
        found["textFormat"] = {"type": "json_schema", "structure": {"jsonSchema": written}}
    if effort:
        found["effort"] = effort
    return found


def _put_rest(body: Object, asked: Conversation, dropped: Dropped) -> None:
    if metadata := _metadata(asked, dropped):
        body["requestMetadata"] = metadata
    if asked.service_tier in _TIERS:
        body["serviceTier"] = {"type": asked.service_tier}
    elif asked.service_tier not in ("", "auto"):
        dropped(asked.at("service_tier"))
    for name in _OWN:
        if name in asked.extra:
            body[name] = asked.extra[name]
    for name, said in (("verbosity", asked.verbosity), ("cache_key", asked.cache_key)):
        if said:
            dropped(asked.at(name))


def _metadata(asked: Conversation, dropped: Dropped) -> Object:
    """`requestMetadata`: what is too long, too much, or of other characters than it takes, is told."""
    wanted = {f"{asked.at('metadata')}.{name}": (name, value) for name, value in asked.metadata.items()}
    if asked.user:
        wanted[asked.at("user")] = ("user", asked.user)
    found: Object = {}
    for at, (name, value) in wanted.items():
        legal = _METADATA.fullmatch(name) and (not value or _METADATA.fullmatch(value))
        if legal and name not in found and len(found) < _MOST_METADATA:
            found[name] = value
        else:
            dropped(at)
    return found
