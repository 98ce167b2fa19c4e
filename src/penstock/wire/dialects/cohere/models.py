"""What differs between Cohere's models, as data (dialects, A6).

Checked in 2026-11: `tool_choice` goes with command-r7b and newer (types of cohere 7.3.1); Command A Reasoning
of 2025-08 is the first that thinks (Cohere's release note of 2025-08-21), and command-a-plus of 2026-05 thinks (LiteLLM
1.110.2). Unchecked: nightly names. A model that nobody knows takes everything: its provider refuses.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec


class CohereRules(msgspec.Struct, frozen=True, kw_only=True):
    """What one model takes."""

    thinks: bool = True  # `thinking`, and thinking in the history
    chooses: bool = True  # `tool_choice`


_LATEST: Final = CohereRules()
_TABLE: Final = tuple(
    (re.compile(pattern), rules)
    for pattern, rules in (
        # what the name of the model begins with, the first that fits
        (r"command-a-(?:03|translate|vision)", CohereRules(thinks=False)),  # 2025-03 and later
        (r"(?:c4ai-)?command-r7b", CohereRules(thinks=False)),  # 2024-12: the first with `tool_choice`
        (r"(?:c4ai-)?command-r|command-(?:light|nightly)|c4ai-aya", CohereRules(thinks=False, chooses=False)),
    )
)


def cohere_rules(model: str) -> CohereRules:
    """Those of a model by its name."""
    name = model.lower().rpartition("/")[2]
    return next((rules for pattern, rules in _TABLE if pattern.match(name)), _LATEST)
