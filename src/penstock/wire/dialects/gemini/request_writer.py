"""A request of generateContent: its top, put together from turns, tools and generation's members (dialects, A4).

The model and whether the answer is streamed stand in the address, which is for others.
"""

from __future__ import annotations

import re
from typing import Final

from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.dialect import Sent, Target
from penstock.wire.dialects.extras import leave, tell_betas
from penstock.wire.dialects.gemini.generation import generation_config
from penstock.wire.dialects.gemini.hosts import is_vertex
from penstock.wire.dialects.gemini.modalities import MODALITIES
from penstock.wire.dialects.gemini.tools import tool_config, tool_names, tools
from penstock.wire.dialects.gemini.turns import contents, system_instruction
from penstock.wire.dialects.gemini_models import rules_of
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Dropped, Refused

# Google's own members, which clients of other dialects send along for Gemini.
_OWN: Final = {
    "safety_settings": "safetySettings",
    "safetySettings": "safetySettings",
    "cached_content": "cachedContent",
    "cachedContent": "cachedContent",
}
_TIERS: Final = {"default": "standard", "standard": "standard", "flex": "flex", "priority": "priority"}
_LABEL: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE: Final = re.compile(r"[a-z0-9_-]{0,63}")


def write_request(asked: Conversation, target: Target, dropped: Dropped) -> Sent:
    """Raises `Refused`."""
    rules, names = rules_of(target.model), tool_names(asked)
    body: Object = {}
    if system := system_instruction(asked, dropped):
        body["systemInstruction"] = system
    body["contents"] = contents(asked, target, names, dropped)
    if not body["contents"]:
        raise Refused(asked.at("messages"), "Gemini needs a message besides those of the system")
    if offered := tools(asked, target, names, dropped):
        body["tools"] = offered
    if chosen := tool_config(asked, names, dropped):
        body["toolConfig"] = chosen
    if generation := generation_config(asked, rules, dropped):
        body["generationConfig"] = generation
    _labels(body, asked, target, dropped)
    _service_tier(body, asked, dropped)
    _leave(body, asked, dropped)
    return Sent(body=body)


def _labels(body: Object, asked: Conversation, target: Target, dropped: Dropped) -> None:
    """Vertex has labels, in small letters; the others are left out."""
    wanted = {f"{asked.at('metadata')}.{name}": (name, value) for name, value in asked.metadata.items()}
    if asked.user:
        wanted[asked.at("user")] = ("user", asked.user)
    labels: Object = {}
    for at, (name, value) in wanted.items():
        if is_vertex(target) and _LABEL.fullmatch(name) and _LABEL_VALUE.fullmatch(value):
            labels[name] = value
        else:
            dropped(at)
    if labels:
        body["labels"] = labels


def _service_tier(body: Object, asked: Conversation, dropped: Dropped) -> None:
    if asked.service_tier in _TIERS:
        body["serviceTier"] = _TIERS[asked.service_tier]
    elif asked.service_tier not in ("", "auto"):
        dropped(asked.at("service_tier"))


def _leave(body: Object, asked: Conversation, dropped: Dropped) -> None:
    for name, own in _OWN.items():
        if name in asked.extra:
            body[own] = asked.extra[name]
    leave(asked, dropped, (*_OWN, *(MODALITIES if asked.family is None else ())))
    tell_betas(asked, dropped)
    for name, said in (("verbosity", asked.verbosity), ("cache_key", asked.cache_key)):
        if said:
            dropped(asked.at(name))
    if asked.cache is not None:
        dropped(asked.cache.at)
