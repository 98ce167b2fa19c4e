"""A `Conversation` as a request of Cohere's chat, version 2: its top, with limits that Cohere has (dialects, A6, B2).

Messages, documents and tools have files of their own.
"""

from __future__ import annotations

from typing import Final

from penstock.wire.dialects.cohere.content import MessageWriter
from penstock.wire.dialects.cohere.models import CohereRules, cohere_rules
from penstock.wire.dialects.cohere.tools import names_of, tool_members
from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.dialect import Sent, Target
from penstock.wire.dialects.effort import COHERE_BUDGETS, EFFORTS
from penstock.wire.dialects.extras import leave, refuse_choices, tell_betas
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Dropped, Refused

# Cohere's own members, which clients of other dialects send along for it.
_OWN: Final = ("citation_options", "priority", "safety_mode")
_MOST_STOPS: Final = 5
_MOST_K: Final = 500
_LEAST_P, _MOST_P = 0.01, 0.99
_ALL: Final = 1  # `top_p` that leaves nothing out, as clients send it unasked
_ROOT: Final = "anyOf"


def write_request(asked: Conversation, target: Target, dropped: Dropped) -> Sent:
    """Raises `Refused`."""
    leave(asked, dropped, _OWN)
    tell_betas(asked, dropped)
    refuse_choices(asked)
    rules, names = cohere_rules(target.model), names_of(asked)
    writer = MessageWriter(rules, names, dropped)
    body: Object = {"model": target.model, "messages": writer.messages(asked)}
    if writer.documents:
        body["documents"] = writer.documents
    body |= tool_members(asked, rules, names, dropped)
    if asked.stream:
        body["stream"] = True
    _limits(body, asked)
    _sampling(body, asked, dropped)
    _format(body, asked)
    if thinking := _thinking(asked, rules, dropped):
        body["thinking"] = thinking
    for name in _OWN:
        if name in asked.extra:
            body[name] = asked.extra[name]
    _tell_rest(asked, dropped)
    return Sent(body=body)


def _limits(body: Object, asked: Conversation) -> None:
    if asked.max_tokens is not None:
        body["max_tokens"] = asked.max_tokens
    if len(asked.stop) > _MOST_STOPS:
        raise Refused(asked.at("stop"), f"may have {_MOST_STOPS} of them at most")
    if asked.stop:
        body["stop_sequences"] = list(asked.stop)


def _sampling(body: Object, asked: Conversation, dropped: Dropped) -> None:
    """What is out of Cohere's bounds is left out and told, since it only tunes."""
    wanted = asked.sampling
    for name, own, value, fits in (
        ("temperature", "temperature", wanted.temperature, True),
        ("top_p", "p", wanted.top_p, _is_between(wanted.top_p, _LEAST_P, _MOST_P)),
        ("top_k", "k", wanted.top_k, _is_between(wanted.top_k, 0, _MOST_K)),
        ("seed", "seed", wanted.seed, True),
        (
            "frequency_penalty",
            "frequency_penalty",
            wanted.frequency_penalty,
            _is_share(wanted.frequency_penalty),
        ),
        ("presence_penalty", "presence_penalty", wanted.presence_penalty, _is_share(wanted.presence_penalty)),
    ):
        if value is not None and fits:
            body[own] = value
        elif value is not None and not (name == "top_p" and value == _ALL):
            dropped(asked.at(name))
    if wanted.top_logprobs:
        raise Refused(asked.at("top_logprobs"), "Cohere tells log-probabilities of what it chose only")
    if wanted.logprobs:
        body["logprobs"] = True
    if wanted.logit_bias:
        dropped(asked.at("logit_bias"))


def _is_between(value: float | None, least: float, most: float) -> bool:
    return value is not None and least <= value <= most


def _is_share(value: float | None) -> bool:
    return _is_between(value, 0, 1)


def _format(body: Object, asked: Conversation) -> None:
    form = asked.format
    if form is None:
        return
    written: Object = {"type": "json_object"}
    if form.kind == "schema":
        if form.schema is None:
            raise Refused(form.at, "has no schema")
        if _ROOT in form.schema:
            raise Refused(form.at, "Cohere takes no anyOf at the root of a schema")
        if not form.schema.get("required"):
            raise Refused(form.at, "Cohere wants a schema to require at least one property")
        written["json_schema"] = form.schema
    body["response_format"] = written


def _thinking(asked: Conversation, rules: CohereRules, dropped: Dropped) -> Object | None:
    """Where the model thinks, it does so unasked."""
    reasoning = asked.reasoning
    if reasoning is None:
        return None
    if reasoning.effort and reasoning.effort not in EFFORTS:
        raise Refused(reasoning.at, f"must be one of {', '.join(EFFORTS)}")
    budget = reasoning.budget
    if budget is None and reasoning.effort:
        budget = COHERE_BUDGETS[reasoning.effort]
    if not rules.thinks:
        if budget != 0:
            dropped(reasoning.at)
        return None
    if budget == 0:
        return {"type": "disabled"}
    enabled: Object = {"type": "enabled"}
    return enabled if budget is None or budget < 0 else {**enabled, "token_budget": budget}


def _tell_rest(asked: Conversation, dropped: Dropped) -> None:
    for name, said in (
        ("user", asked.user),
        ("metadata", asked.metadata),
        ("verbosity", asked.verbosity),
        ("cache_key", asked.cache_key),
        ("service_tier", asked.service_tier not in ("", "auto")),
    ):
        if said:
            dropped(asked.at(name))
    if asked.cache is not None:
        dropped(asked.cache.at)
