"""How much a model is to think: words of effort, and the tokens or words that others use for them (dialects, B6).

The numbers are this project's choice, no vendor's. Which of them a model takes is for the tables of the models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""OpenAI's words, from least to most."""

CLAUDE_BUDGETS: Final[Mapping[str, int]] = {
    "none": 0,
    "minimal": 1024,
    "low": 2048,
    "medium": 8192,
    "high": 16384,
    "xhigh": 32768,
    "max": 32768,
}
"""Tokens of `thinking.budget_tokens`; 0 is `disabled`."""

GEMINI_BUDGETS: Final[Mapping[str, int | None]] = {
    "none": 0,
    "minimal": 512,
    "low": 1024,
    "medium": 8192,
    "high": 24576,
    "xhigh": 24576,
    "max": None,
}
"""Tokens of `thinkingBudget`, before a model's least and most; None: the model's most."""

GEMINI_LEVELS: Final[Mapping[str, str]] = {
    "none": "MINIMAL",
    "minimal": "MINIMAL",
    "low": "LOW",
    "medium": "MEDIUM",
    "high": "HIGH",
    "xhigh": "XHIGH",
    "max": "HIGH",
}
"""`thinkingLevel`, before what a model does not have."""

CONVERSE_EFFORTS: Final[Mapping[str, str]] = {
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "xhigh",
    "max": "max",
}
"""`outputConfig.effort`; absent for `none`."""

COHERE_BUDGETS: Final[Mapping[str, int]] = {
    "none": 0,
    "minimal": 512,
    "low": 1024,
    "medium": 4096,
    "high": 16384,
    "xhigh": 31000,
    "max": 31000,
}
"""Tokens of `thinking.token_budget`; 0 is `disabled`."""

_BACK: Final = ((0, "none"), (4096, "low"), (12288, "medium"))


def effort_of(budget: int) -> str:
    """The word for a budget in tokens; empty for −1, where the model is to choose."""
    if budget < 0:
        return ""
    return next((word for most, word in _BACK if budget <= most), "high")


def nearest(effort: str, known: Sequence[str]) -> str:
    """The same word where it is known, else the next lower one, else the next higher one; empty where none is known."""
    if effort in known or effort not in EFFORTS:
        return effort if effort in known else ""
    place = EFFORTS.index(effort)
    around = (*reversed(EFFORTS[:place]), *EFFORTS[place:])
    return next((word for word in around if word in known and word != "none"), "")
