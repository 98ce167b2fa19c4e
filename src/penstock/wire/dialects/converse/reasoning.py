"""How much a model is to think, where Converse's models are told it: `outputConfig.effort`, or members of their own
(dialects, A10, B6)."""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.wire.dialects import claude_thinking
from penstock.wire.dialects.bedrock_models import BedrockRules
from penstock.wire.dialects.claude_models import ClaudeRules
from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.effort import CONVERSE_EFFORTS, EFFORTS, effort_of, nearest
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Dropped, Refused

_ROOM: Final = 128_000  # tokens; Claude writes as many as it can where no limit is said
_NONE: Final = "none"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What goes out."""

    fields: Object = {}  # of the model's own
    effort: str = ""  # of `outputConfig`
    thinks: bool = False  # Claude does, so that no tool can be forced


def planned(asked: Conversation, rules: BedrockRules, most_output: int | None, dropped: Dropped) -> Plan:
    """Raises `Refused` for efforts that nobody knows, and for a history that lacks thinking which has to be there."""
    if rules.claude is not None:
        return _claude(asked, rules.claude, most_output, dropped)
    reasoning = asked.reasoning
    if reasoning is None:
        return Plan()
    if reasoning.effort and reasoning.effort not in EFFORTS:
        raise Refused(reasoning.at, f"must be one of {', '.join(EFFORTS)}")
    wanted = reasoning.effort
    if not wanted and reasoning.budget is not None:
        wanted = effort_of(reasoning.budget)
    if wanted == _NONE and _NONE not in rules.efforts:
        if rules.always_thinks:
            dropped(reasoning.at)
        return Plan()
    usual = CONVERSE_EFFORTS.get(wanted, wanted)
    word = nearest(usual, rules.efforts)
    if not rules.effort or word != usual or not reasoning.effort:
        dropped(reasoning.at)
    if not word or not rules.effort:
        return Plan()
    if rules.effort == "outputConfig":
        return Plan(effort=word)
    if rules.effort == "reasoningConfig":
        return Plan(fields={"reasoningConfig": {"type": "enabled", "maxReasoningEffort": word}})
    if rules.effort == "reasoning":
        return Plan(fields={"reasoning": {"effort": word}})
    return Plan(fields={rules.effort: word})


def _claude(asked: Conversation, rules: ClaudeRules, most_output: int | None, dropped: Dropped) -> Plan:
    """As Anthropic has it, in additional fields; what is off is said to who would think unasked."""
    plan = claude_thinking.planned(asked, rules, most_output or _ROOM, dropped)
    if plan.thinking is None or not (plan.thinks or rules.thinks_unasked):
        return Plan()
    return Plan(fields={"thinking": plan.thinking}, effort=plan.effort, thinks=plan.thinks)
