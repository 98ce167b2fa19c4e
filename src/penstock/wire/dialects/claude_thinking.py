"""How much Claude is to think: `thinking` and `output_config.effort` for what a caller asked (dialects, A10, B6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from penstock.wire.dialects.claude_models import LEAST_BUDGET, ClaudeRules
from penstock.wire.dialects.conversation import (
    Conversation,
    Family,
    HiddenThinking,
    Message,
    Part,
    Reasoning,
    Thinking,
    ToolCall,
    ToolResult,
)
from penstock.wire.dialects.effort import CLAUDE_BUDGETS, EFFORTS, effort_of, nearest
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Dropped, Refused

LEAST_OUTPUT: Final = 4096
"""`max_tokens` where neither the caller nor the model table tells it; a budget comes on top."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What goes out."""

    max_tokens: int
    thinking: Object | None = None
    effort: str = ""

    @property
    def thinks(self) -> bool:
        """Whether thinking is on."""
        return self.thinking is not None and self.thinking["type"] not in ("disabled", "between_tools")


def planned(asked: Conversation, rules: ClaudeRules, most_output: int | None, dropped: Dropped) -> Plan:
    """Raises `Refused` for efforts that nobody knows, and for a history that lacks thinking which has to be there."""
    unsaid = most_output or LEAST_OUTPUT
    room = unsaid if asked.max_tokens is None else asked.max_tokens
    reasoning = asked.reasoning
    if reasoning is None:
        return Plan(max_tokens=room)
    if not reasoning.effort and reasoning.budget is None and not reasoning.adaptive:
        dropped(reasoning.at)
        return Plan(max_tokens=room)
    budget, effort = _amount(reasoning, rules, dropped)
    if effort:
        display = {} if rules.shows_thinking or reasoning.shown is False else {"display": "summarized"}
        known = "" if effort == _FREE else effort
        return Plan(max_tokens=room, thinking={"type": "adaptive", **display}, effort=known)
    if not budget:
        return Plan(max_tokens=room, thinking=_off(reasoning, rules, dropped) if budget == 0 else None)
    if asked.max_tokens is None and budget >= room:
        room = budget + LEAST_OUTPUT if most_output is None else room
    return _with_budget(asked, reasoning, budget, room, dropped)


def _off(reasoning: Reasoning, rules: ClaudeRules, dropped: Dropped) -> Object | None:
    """What turns thinking off; told where it cannot be."""
    if not rules.off:
        dropped(reasoning.at)
    return {"type": rules.off} if rules.thinks and rules.off else None


_FREE: Final = "free"  # as the model likes
_FREE_BUDGET: Final = CLAUDE_BUDGETS["medium"]


def _amount(reasoning: Reasoning, rules: ClaudeRules, dropped: Dropped) -> tuple[int | None, str]:
    """A budget in tokens (0: off; None: nothing to say), or an effort."""
    wanted = reasoning.effort
    if wanted and wanted not in EFFORTS:
        raise Refused(reasoning.at, f"must be one of {', '.join(EFFORTS)}")
    if reasoning.budget == 0 or wanted == "none":
        return 0, ""
    if not rules.thinks:
        dropped(reasoning.at)
        return None, ""
    numbers = reasoning.budget is not None and reasoning.budget > 0
    if rules.adaptive and not (numbers and rules.budgets):
        return None, _effort(reasoning, wanted, rules, dropped)
    if numbers and reasoning.budget is not None:
        return max(reasoning.budget, LEAST_BUDGET), ""
    if reasoning.adaptive:
        dropped(reasoning.at)
    return CLAUDE_BUDGETS[wanted] if wanted else _FREE_BUDGET, ""


def _effort(reasoning: Reasoning, wanted: str, rules: ClaudeRules, dropped: Dropped) -> str:
    if reasoning.budget is not None and reasoning.budget > 0:
        dropped(reasoning.at)  # the number is told as an effort
        wanted = effort_of(reasoning.budget)
    if not wanted:
        return _FREE
    least = "low" if wanted == "minimal" else wanted
    found = nearest(least, rules.efforts)
    if found != least:
        dropped(reasoning.at)
    return found or _FREE


def _with_budget(asked: Conversation, reasoning: Reasoning, budget: int, room: int, dropped: Dropped) -> Plan:
    """The caller's `max_tokens` stays, the budget yields (dialects, C63); one made of a word leaves half of it."""
    most = room - 1 if reasoning.budget is not None else max(LEAST_BUDGET, room // 2)
    fitting = min(budget, most, room - 1)
    if fitting < LEAST_BUDGET:
        dropped(reasoning.at)
        return Plan(max_tokens=room)
    lacking = turn_without_thinking(asked.messages)
    if lacking is not None:
        if not reasoning.yields:
            raise Refused(
                lacking.at,
                "thinking is on, and this turn has tool calls without the thinking before them: "
                "send it back as it came, with its thinking blocks, or ask for no reasoning",
            )
        dropped(reasoning.at)
        return Plan(max_tokens=room)
    if reasoning.budget is not None and fitting != reasoning.budget:
        dropped(reasoning.at)
    return Plan(max_tokens=room, thinking={"type": "enabled", "budget_tokens": fitting})


def turn_without_thinking(messages: Sequence[Message]) -> Message | None:
    """The beginning of the last turn, where that has tool calls and does not begin with Claude's own thinking."""
    first: Message | None = None
    calls = False
    for message in reversed(messages):
        if message.role == "assistant":
            first = message
            calls = calls or any(isinstance(part, ToolCall) for part in message.parts)
        elif message.role == "user" and not any(isinstance(part, ToolResult) for part in message.parts):
            break
    if first is None or not calls or any(is_own_thinking(part) for part in first.parts):
        return None
    return first


def is_own_thinking(part: Part) -> bool:
    """Whether Claude can read it: it bears a signature of its family, or is hidden by it."""
    if isinstance(part, Thinking):
        return part.signature is not None and part.signature.family is Family.ANTHROPIC
    return isinstance(part, HiddenThinking) and part.data.family is Family.ANTHROPIC
