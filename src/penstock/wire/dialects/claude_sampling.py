"""How tokens are chosen, as Claude models take it on any host: which members, and how many at once (dialects, A10)."""

from __future__ import annotations

from typing import Final

from penstock.wire.dialects.claude_models import LEAST_TOP_P_THINKING, ClaudeRules
from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Dropped

_DEFAULT: Final = 1  # of `temperature` and `top_p`, in every dialect


def sampling(asked: Conversation, rules: ClaudeRules, *, thinks: bool, dropped: Dropped) -> Object:
    """What the model takes of it, by Messages' names; the rest is told, but for values that change nothing."""
    wanted = asked.sampling
    tell_tuning(asked, dropped)
    found: Object = {}
    for name, value, fits in (
        ("temperature", wanted.temperature, _temperature_fits(wanted.temperature, thinks)),
        ("top_p", wanted.top_p, not thinks or (wanted.top_p or 0) >= LEAST_TOP_P_THINKING),
        ("top_k", wanted.top_k, not thinks),
    ):
        if value is None:
            continue
        taken = not rules.known or rules.samplers > 0
        if name == "top_p" and rules.known and rules.samplers == 1 and "temperature" in found:
            taken = False
        if taken and fits:
            found[name] = value
        elif name == "top_k" or value != _DEFAULT:
            dropped(asked.at(name))
    return found


def tell_tuning(asked: Conversation, dropped: Dropped) -> None:
    """Tells what Claude's hosts have nothing like, and what only tunes the answer."""
    wanted = asked.sampling
    for name, value in (
        ("seed", wanted.seed is not None),
        ("frequency_penalty", wanted.frequency_penalty),
        ("presence_penalty", wanted.presence_penalty),
        ("logit_bias", wanted.logit_bias),
    ):
        if value:
            dropped(asked.at(name))


def _temperature_fits(temperature: float | None, thinks: bool) -> bool:
    return temperature is not None and temperature <= 1 and (not thinks or temperature == 1)
