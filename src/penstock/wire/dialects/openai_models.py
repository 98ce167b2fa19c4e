"""What OpenAI's models take: rules as data, with date and source (dialects, A10).

A name that is not listed and looks like OpenAI's gets the newest rules for refusing only, never for leaving out; one
that does not (a deployment of Azure) gets none. How many tokens a model writes is not said here.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec


class OpenAIRules(msgspec.Struct, frozen=True, kw_only=True):
    """Of some models."""

    plain: bool = False  # known not to reason: takes no effort
    reasons: bool = False  # instructions are `developer`, the limit is `max_completion_tokens`
    stops: bool = True  # takes `stop`
    sampled: bool = True  # takes temperature, top_p, penalties, logprobs, logit_bias
    sampled_unreasoned: bool = True  # takes temperature, top_p and logprobs when its effort is `none`
    efforts: tuple[str, ...] = ()  # that it takes; none listed: not known, or it does not reason
    marks: bool = False  # `prompt_cache_breakpoint` on parts


_PLAIN: Final = OpenAIRules(plain=True)
_FIRST: Final = OpenAIRules(
    reasons=True, stops=False, sampled=False, sampled_unreasoned=False, efforts=("low", "medium", "high")
)
_GPT_5: Final = OpenAIRules(
    reasons=True,
    stops=False,
    sampled=False,
    sampled_unreasoned=False,
    efforts=("minimal", "low", "medium", "high"),
)
_GPT_5_1: Final = OpenAIRules(
    reasons=True, stops=False, sampled=False, efforts=("none", "low", "medium", "high")
)
_GPT_5_2: Final = OpenAIRules(
    reasons=True, stops=False, sampled=False, efforts=("none", "low", "medium", "high", "xhigh")
)
_GPT_5_6: Final = OpenAIRules(reasons=True, stops=False, sampled=False, marks=True)
_UNKNOWN: Final = OpenAIRules(reasons=True, stops=False)

# The first that fits. Dates: when the rule became known; the sources are those of dialects, A10, and the type
# definitions of 2026-08.
_RULES: Final = tuple(
    (re.compile(pattern), rules)
    for pattern, rules in (
        (r"(?:chatgpt|gpt-3\.5|gpt-4|gpt-audio|gpt-realtime)", _PLAIN),  # before 2024-09, and kin
        (r"gpt-5(?:\.\d+)?-chat", _PLAIN),  # 2025-08: the one of ChatGPT does not reason
        (r"o[1-9]", _FIRST),  # 2024-09 o1, 2025-01 o3, 2025-04 o4-mini
        (r"gpt-5\.1-codex-max", _GPT_5_2),  # 2025-11: the first with `xhigh`
        (r"gpt-5\.1", _GPT_5_1),  # 2025-11: effort `none`, and sampling with it
        (r"gpt-5\.[2-5](?!\d)", _GPT_5_2),  # 2025-12
        (r"gpt-5\.\d", _GPT_5_6),  # 2026-06: marks of the cache
        (r"gpt-5", _GPT_5),  # 2025-08
    )
)
_FAMILY: Final = re.compile(r"(?:ft:)?(?:openai/)?(?:gpt-|chatgpt|o\d)")
_BEFORE: Final = re.compile(r"(?:ft:)?(?:openai/)?")


def openai_rules(model: str) -> OpenAIRules | None:
    """The rules of a model; None for a name that is not one of OpenAI's."""
    if _FAMILY.match(model) is None:
        return None
    name = _BEFORE.sub("", model, count=1)
    return next((rules for pattern, rules in _RULES if pattern.match(name)), _UNKNOWN)
