"""How much a model is to think, as vendors of the Chat dialect are told: a word, OpenRouter's object, or a switch."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.wire.dialects.chat.vendors import Vendor
from penstock.wire.dialects.conversation import Conversation, Reasoning
from penstock.wire.dialects.effort import effort_of, nearest
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Dropped
from penstock.wire.dialects.openai_models import OpenAIRules


def effort_asked(reasoning: Reasoning | None) -> str:
    """The caller's word, or the one for the caller's number of tokens; empty where the model is to choose."""
    if reasoning is None:
        return ""
    return reasoning.effort if reasoning.budget is None else effort_of(reasoning.budget)


def write_effort(
    asked: Conversation, model: str, vendor: Vendor, rules: OpenAIRules, body: Object, dropped: Dropped
) -> None:
    """Into the body of a request; what it cannot say is told."""
    reasoning = asked.reasoning
    if reasoning is None:
        return
    if reasoning.summary:
        dropped(f"{reasoning.at}.summary")
    if vendor.effort == "reasoning":
        _for_router(asked, reasoning, model, body, dropped)
        return
    effort = effort_asked(reasoning)
    if vendor.effort == "thinking":
        _switch(reasoning, effort, body, dropped)
    elif effort:
        _word(reasoning, effort, _known(model, vendor, rules), body, dropped)


def _known(model: str, vendor: Vendor, rules: OpenAIRules) -> Sequence[str] | None:
    """The words that a model takes: none of them, some, or None for all."""
    if "reasoning_effort" not in vendor.takes or rules.plain:
        return ()
    if rules.efforts:
        return rules.efforts
    return next((words for names, words in vendor.efforts if names.match(model)), None)


def _word(
    reasoning: Reasoning, effort: str, known: Sequence[str] | None, body: Object, dropped: Dropped
) -> None:
    written = effort if known is None else nearest(effort, known)
    if written != effort and not (effort == "none" and not known):
        dropped(reasoning.at)
    if written:
        body["reasoning_effort"] = written


def _switch(reasoning: Reasoning, effort: str, body: Object, dropped: Dropped) -> None:
    """Thinking is on or off, and how much of it is said beside that; a number of tokens has no place."""
    if effort == "none":
        body["thinking"] = {"type": "disabled"}
        return
    body["thinking"] = {"type": "enabled"}
    if effort:
        body["reasoning_effort"] = effort
    if reasoning.budget is not None:
        dropped(reasoning.at)


def _for_router(
    asked: Conversation, reasoning: Reasoning, model: str, body: Object, dropped: Dropped
) -> None:
    """OpenRouter leaves reasoning out for Claude where a tool is forced, and does not say so (dialects, C 30)."""
    choice = asked.tool_choice
    if model.startswith("anthropic/") and choice is not None and choice.mode in ("required", "one"):
        if effort_asked(reasoning) != "none":
            dropped(reasoning.at)
        return
    written: Object = {}
    if reasoning.budget is not None and reasoning.budget > 0:
        written["max_tokens"] = reasoning.budget
    elif effort := effort_asked(reasoning):
        written["effort"] = effort
    elif reasoning.adaptive or reasoning.budget is not None:
        written["enabled"] = True
    if reasoning.shown is False:
        written["exclude"] = True
    if written:
        body["reasoning"] = written
