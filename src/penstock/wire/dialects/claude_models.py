"""What Claude models take, by generation: data with the date and the source of each rule (dialects, A10).

Names are read in every spelling that hosts give them: `claude-opus-4-7`, `claude-3-7-sonnet@20250219`,
`us.anthropic.claude-sonnet-4-5-20250929-v1:0`, `anthropic/claude-haiku-4.5`. Maximum output and context stand in the
model tables, not here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

Version = tuple[int, int]

_NAME: Final = re.compile(
    r"claude-(?:(?P<line>[a-z]+)-(?P<major>\d{1,2})(?:[-.](?P<minor>\d{1,2}))?|"
    r"(?P<old_major>\d)(?:[-.](?P<old_minor>\d))?-(?P<old_line>[a-z]+))(?!\d)"
)
_LATEST: Final[Version] = (99, 0)


class Since(msgspec.Struct, frozen=True, gc=False):
    """A rule, and how it is known."""

    version: Version  # the first generation it holds for
    date: str
    source: str


# Rules that a generation brought, and later ones kept.
THINKING: Final = Since((3, 7), "2025-02", "Anthropic, extended thinking: `thinking: enabled` with a budget")
ONE_SAMPLER: Final = Since((4, 1), "2025-08", "open-webui/pipelines#546, aws-samples/bedrock-chat#979")
OUTPUT_FORMAT: Final = Since(
    (4, 5), "2025-11", "Anthropic, structured outputs: `output_config.format`, `strict`"
)
ADAPTIVE: Final = Since((4, 6), "2026-02", "earendil-works/pi#1298, ericc-ch/copilot-api#261")
NO_BUDGETS: Final = Since(
    (4, 7), "2026-04", "langgenius/dify-official-plugins#2898, docker/docker-agent#3093"
)
NO_SAMPLING: Final = NO_BUDGETS
HIDES_THINKING: Final = NO_BUDGETS
XHIGH: Final = Since((4, 7), "2026-04", "Anthropic, effort: `xhigh` and `max`; link-assistant/hive-mind#1621")
BEDROCK_PARALLEL_SWITCH: Final = Since((3, 7), "2024-11", "anthropics/anthropic-sdk-python#739")

THINKS_UNASKED: Final = Since((5, 0), "2026", "Pydantic AI 2.68.0, tried against Anthropic and Bedrock")

# Lines whose models refuse `thinking: disabled`, and those that refuse to be made to call a tool, with the first
# version that does (the same source, and vercel/ai, @ai-sdk/anthropic 4.0.60 of 2026-09).
_NEVER_OFF: Final[Mapping[str, Version]] = {"fable": (5, 0), "mythos": (5, 0), "opus": (5, 5)}
_OFF_OTHERWISE: Final[Mapping[str, Version]] = {"sonnet": (5, 5)}  # `between_tools`
_NEVER_FORCED: Final[Mapping[str, Version]] = {
    "fable": (5, 1),
    "mythos": (5, 1),
    "opus": (5, 5),
    "sonnet": (5, 5),
}
_NEVER: Final[Version] = (1000, 0)

LEAST_BUDGET: Final = 1024
"""Tokens of `thinking.budget_tokens` (Anthropic, extended thinking)."""

LEAST_TOP_P_THINKING: Final = 0.95
"""`top_p` while thinking is on (Anthropic, extended thinking)."""

# Amazon, "Anthropic Claude Messages API", request and response (2026), and the flags that LiteLLM 1.110.2 sends to
# `InvokeModel` (2026-11). Of the last five no page could be read again: they are as commonly known (2025-12).
BEDROCK_BETAS: Final = frozenset(
    {
        "compact-2026-01-12",
        "compact-2026-09-04",
        "computer-use-2024-10-22",
        "computer-use-2025-01-24",
        "computer-use-2025-11-24",
        "context-1m-2025-08-07",
        "context-management-2025-06-27",
        "dangerous-tool-use-2026-09-03",
        "effort-2025-11-24",
        "fine-grained-tool-streaming-2025-05-14",
        "mid-conversation-output-config-2026-07-01",
        "mid-conversation-tool-changes-2026-07-01",
        "thinking-binding-controls-2026-08-01",
        "thinking-display-updates-2026-08-18",
        "tool-search-tool-2025-10-19",
        "dev-full-thinking-2025-05-14",
        "interleaved-thinking-2025-05-14",
        "output-128k-2025-02-19",
        "token-efficient-tools-2025-02-19",
        "tool-examples-2025-10-29",
    }
)
"""Flags of `anthropic-beta` that Bedrock knows; any other makes it refuse the whole request."""


class ClaudeRules(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one model takes. Of a model that nobody knows, the newest rules, and `known` is false: then nothing that a
    caller said is left out because of them.
    """

    known: bool
    budgets: bool  # `thinking: enabled` with `budget_tokens`
    adaptive: bool  # `thinking: adaptive` with `output_config.effort`
    efforts: Sequence[str]  # of `output_config.effort`; empty: it is not taken
    samplers: int  # how many of `temperature` and `top_p` at once; 0: nor `top_k`
    output_format: bool  # `output_config.format` and `strict` tools
    shows_thinking: bool  # without `display: summarized`
    bedrock_parallel_switch: bool  # `disable_parallel_tool_use` there
    thinks_unasked: bool  # unless it is told not to
    off: str  # the type of `thinking` that turns it off; empty: it cannot be
    forces: bool  # `tool_choice` `any` and `tool`

    @property
    def thinks(self) -> bool:
        """Whether it can be asked to."""
        return self.budgets or self.adaptive


def claude_rules(model: str) -> ClaudeRules:
    """The rules for a model by its name."""
    found = _NAME.search(model.lower())
    if found is None:
        return _rules(_LATEST, "", known=False)
    line = found["line"] or found["old_line"]
    major, minor = (
        (found["major"], found["minor"]) if found["line"] else (found["old_major"], found["old_minor"])
    )
    return _rules((int(major), int(minor or 0)), line, known=True)


def is_claude(model: str) -> bool:
    """Whether a model's name is that of one of them."""
    return "claude" in model.lower()


def _rules(version: Version, line: str, *, known: bool) -> ClaudeRules:
    def has(rule: Since) -> bool:
        return version >= rule.version

    return ClaudeRules(
        known=known,
        budgets=has(THINKING) and not has(NO_BUDGETS),
        adaptive=has(ADAPTIVE),
        efforts=_efforts(version, line),
        samplers=0 if has(NO_SAMPLING) else 1 if has(ONE_SAMPLER) else 2,
        output_format=has(OUTPUT_FORMAT),
        shows_thinking=not known or not has(HIDES_THINKING),
        bedrock_parallel_switch=has(BEDROCK_PARALLEL_SWITCH),
        thinks_unasked=known and has(THINKS_UNASKED),
        off=_off(version, line),
        forces=version < _NEVER_FORCED.get(line, _NEVER),
    )


def _off(version: Version, line: str) -> str:
    if version >= _NEVER_OFF.get(line, _NEVER):
        return ""
    return "between_tools" if version >= _OFF_OTHERWISE.get(line, _NEVER) else "disabled"


def _efforts(version: Version, line: str) -> Sequence[str]:
    if version >= XHIGH.version:
        return ("low", "medium", "high", "xhigh", "max")
    if version >= ADAPTIVE.version:
        return ("low", "medium", "high", "max")
    return ("low", "medium", "high") if (line, version) == ("opus", (4, 5)) else ()
