"""`thinkingConfig`: how much a Gemini model is to think, and whether its thoughts are shown (dialects, B6).

Models take a budget in tokens or a level, never both; which, `gemini_models.py` says.
"""

from __future__ import annotations

from penstock.wire.dialects.conversation import Conversation, Reasoning
from penstock.wire.dialects.effort import EFFORTS, GEMINI_BUDGETS, GEMINI_LEVELS, effort_of
from penstock.wire.dialects.gemini_models import GeminiRules
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Dropped, Refused

_LEVELS = ("MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH")
_AS_IT_LIKES = -1  # the budget that leaves it to the model


def thinking_config(asked: Conversation, rules: GeminiRules, dropped: Dropped) -> Object:
    """Empty where nothing is to be said. Raises `Refused` for an effort that is none."""
    reasoning = asked.reasoning
    if reasoning is None:
        return {}
    if reasoning.effort and reasoning.effort not in EFFORTS:
        raise Refused(reasoning.at, f"must be one of {', '.join(EFFORTS)}")
    off = _is_off(reasoning)
    if not rules.levels and rules.least_budget is None:
        if not off:
            dropped(reasoning.at)
        return {}
    config = _level(reasoning, rules, dropped) if rules.levels else _budget(reasoning, rules, dropped)
    if _is_shown(asked, reasoning) and not off:
        config["includeThoughts"] = True
    return config


def _is_off(reasoning: Reasoning) -> bool:
    return reasoning.effort == "none" or (not reasoning.effort and reasoning.budget == 0)


def _is_shown(asked: Conversation, reasoning: Reasoning) -> bool:
    """In Chat, which has no member for it, thoughts are shown wherever a provider gives them."""
    return asked.family is None if reasoning.shown is None else reasoning.shown


def _level(reasoning: Reasoning, rules: GeminiRules, dropped: Dropped) -> Object:
    effort = reasoning.effort
    if not effort:
        if reasoning.budget is None or reasoning.budget == _AS_IT_LIKES:
            return {}
        effort = effort_of(reasoning.budget)
        dropped(reasoning.at)
    level = GEMINI_LEVELS[effort]
    above = (one for one in _LEVELS[_LEVELS.index(level) :] if one in rules.levels)
    level = next(above, rules.levels[-1])
    if level.lower() != effort:
        dropped(reasoning.at)
    return {"thinkingLevel": level}


def _budget(reasoning: Reasoning, rules: GeminiRules, dropped: Dropped) -> Object:
    if reasoning.effort:
        wanted = GEMINI_BUDGETS[reasoning.effort]
        budget = rules.most_budget if wanted is None else wanted
        fitting = _fitting(budget, rules)
        if budget == 0 and fitting:
            dropped(reasoning.at)
        return {"thinkingBudget": fitting}
    if reasoning.budget is None:
        return {"thinkingBudget": _AS_IT_LIKES} if reasoning.adaptive else {}
    if reasoning.budget == _AS_IT_LIKES:
        return {"thinkingBudget": _AS_IT_LIKES}
    fitting = _fitting(reasoning.budget, rules)
    if fitting != reasoning.budget:
        dropped(reasoning.at)
    return {"thinkingBudget": fitting}


def _fitting(budget: int, rules: GeminiRules) -> int:
    """The nearest that the model takes."""
    if budget == 0 and rules.can_stop_thinking:
        return 0
    return min(max(budget, rules.least_budget or 0), rules.most_budget)
