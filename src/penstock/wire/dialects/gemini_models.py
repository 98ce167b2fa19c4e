"""What differs between Gemini models, as data (dialects, A10): read 2026-11 from Google's pages on thinking, thought
signatures, function calling and structured output, and from the reports that A10 names.

An unknown model has the rules of the newest ones. Nothing here is about prices or sizes.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec


class GeminiRules(msgspec.Struct, frozen=True, kw_only=True):
    """What one model takes."""

    least_budget: int | None = None  # tokens of thought; None: it has no budgets
    most_budget: int = 0
    can_stop_thinking: bool = False  # a budget of 0 is allowed
    levels: tuple[str, ...] = ()  # of `thinkingLevel`; empty: it has none
    call_ids: bool = True  # function calls and responses have `id`
    checks_signatures: bool = True
    media_in_results: bool = True  # `functionResponse.parts`
    search_beside_functions: bool = True
    json_schema: bool = (
        True  # `parametersJsonSchema`, `responseJsonSchema`; else only the OpenAPI-like subset
    )
    public_urls: bool = True  # AI Studio fetches public addresses for it; Vertex does for all


_ALL_LEVELS: Final = ("MINIMAL", "LOW", "MEDIUM", "HIGH")
_LATEST: Final = GeminiRules(levels=_ALL_LEVELS)
_TWO_FIVE: Final = GeminiRules(
    least_budget=0,
    most_budget=24576,
    can_stop_thinking=True,
    call_ids=False,
    checks_signatures=False,
    media_in_results=False,
    search_beside_functions=False,
)
_BEFORE: Final = GeminiRules(
    call_ids=False,
    checks_signatures=False,
    media_in_results=False,
    search_beside_functions=False,
    json_schema=False,
    public_urls=False,
)

_TABLE: Final = (
    # what the name of the model begins with, the first that fits
    ("gemini-1", _BEFORE),
    ("gemini-2.0", _BEFORE),
    (
        "gemini-2.5-pro",
        msgspec.structs.replace(_TWO_FIVE, least_budget=128, most_budget=32768, can_stop_thinking=False),
    ),
    ("gemini-2.5-flash-lite", msgspec.structs.replace(_TWO_FIVE, least_budget=512)),
    ("gemini-2", _TWO_FIVE),
    ("gemini-3-pro", msgspec.structs.replace(_LATEST, levels=("LOW", "HIGH"))),  # 2025-11
    ("gemini-3.1-pro", msgspec.structs.replace(_LATEST, levels=("LOW", "MEDIUM", "HIGH"))),  # 2026-02
    ("gemini-3.7-flash", msgspec.structs.replace(_LATEST, levels=("LOW", "MEDIUM", "HIGH"))),
    ("gemini-3.8-flash", msgspec.structs.replace(_LATEST, levels=("LOW", "MEDIUM", "HIGH"))),
)
_FOLDERS: Final = re.compile(r".*/", re.DOTALL)


def rules_of(model: str) -> GeminiRules:
    """Those of a model, whatever stands before its name: `models/`, `publishers/google/models/`."""
    name = _FOLDERS.sub("", model).lower()
    return next((rules for begin, rules in _TABLE if name.startswith(begin)), _LATEST)
