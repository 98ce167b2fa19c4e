"""What differs between models behind Bedrock's Converse, as data (dialects, A5, A10).

Claude's generations are in `claude_models.py`. A model that nobody knows takes everything: its provider refuses.

Sources, read in 2026-11: [a] Amazon's API reference, `ToolChoice`, and the user guide's pages on features of models,
structured output and prompt caching; [p] the profiles of Pydantic AI 2.68.0, which says of most that they were tried
against Bedrock in 2026; [l] the table of models of LiteLLM 1.110.2. What none of them says is marked as unchecked.
"""

from __future__ import annotations

import re
from typing import Final, Literal

import msgspec

from penstock.wire.dialects.claude_models import ClaudeRules, claude_rules, is_claude

Effort = Literal[
    "thinking", "outputConfig", "reasoningConfig", "reasoning_config", "reasoning", "reasoning_effort", ""
]


class BedrockRules(msgspec.Struct, frozen=True, kw_only=True):
    """What one model takes."""

    claude: ClaudeRules | None = None
    forces_any: bool = True  # `toolChoice: any`
    forces_one: bool = True  # `toolChoice: tool`
    text_format: bool = True  # `outputConfig.textFormat`, and `strict` tools
    samples: bool = True  # `temperature`, `topP`
    top_k: tuple[str, ...] = ("top_k",)  # where it stands in additional fields; empty: nowhere
    effort: Effort = "outputConfig"  # where the model is told how much to think; empty: nowhere
    efforts: tuple[str, ...] = ("low", "medium", "high", "xhigh", "max")
    always_thinks: bool = False  # and cannot be told not to
    caches: bool = True  # `cachePoint` in system and messages
    caches_tools: bool = True  # and behind tools

    @property
    def forces(self) -> bool:
        """Whether it can be made to call its only tool."""
        return self.forces_any or self.forces_one


_LATEST: Final = BedrockRules()
_THREE: Final = ("low", "medium", "high")
_FOUR: Final = ("low", "medium", "high", "xhigh")
# [a] forced tools of Claude and Nova; caches of these two only, Nova's not behind tools [a, p]
_NOVA: Final = BedrockRules(
    text_format=False, top_k=("inferenceConfig", "topK"), effort="", caches_tools=False
)
# Models with open weights: tools may be forced [l]; which key `top_k` has with each is unchecked [p].
_OPEN: Final = BedrockRules(caches=False, caches_tools=False, effort="")
_PLAIN: Final = msgspec.structs.replace(_OPEN, forces_any=False, forces_one=False, text_format=False)
_NO_TOP_K: Final = msgspec.structs.replace(
    _PLAIN, top_k=()
)  # [p]: Llama, Mistral, DeepSeek and Jamba refuse it
_MISTRAL: Final = msgspec.structs.replace(_NO_TOP_K, forces_any=True)  # [a]: Mistral Large has `any`
# OpenAI's and xAI's own ones: no sampling, and a member of theirs for the effort [p].
_OWN_EFFORT: Final = msgspec.structs.replace(
    _OPEN, samples=False, top_k=(), effort="reasoning", efforts=_FOUR
)


def _of(base: BedrockRules, effort: Effort, *efforts: str, always: bool = False) -> BedrockRules:
    """With a member for how much to think, and its words."""
    return msgspec.structs.replace(base, effort=effort, efforts=efforts, always_thinks=always)


_TABLE: Final = tuple(
    (re.compile(pattern), rules)
    for pattern, rules in (
        # what stands in the name of the model, the first that fits
        (r"amazon\.nova-2", _of(_NOVA, "reasoningConfig", *_THREE)),  # 2025-12 [l]
        (r"amazon\.nova", _NOVA),
        (r"amazon\.titan", _PLAIN),  # [a]: no tools
        (
            r"openai\.gpt-oss",
            _of(_OPEN, "reasoning_effort", *_THREE, always=True),
        ),  # [p]; `textFormat` unchecked
        (r"openai\.", _of(_OWN_EFFORT, "reasoning", "none", *_FOUR)),  # gpt-5.6 and gpt-6 [p]
        (r"xai\.", msgspec.structs.replace(_OWN_EFFORT, text_format=False, always_thinks=True)),  # [p]
        (r"meta\.llama", _NO_TOP_K),  # [l]: tools, but no choice among them
        (
            r"mistral\.(?:magistral-small|ministral-3|mistral-large-3|voxtral)",
            msgspec.structs.replace(_MISTRAL, text_format=True),
        ),  # [p, l]
        (r"mistral\.", _MISTRAL),
        (r"cohere\.command", msgspec.structs.replace(_PLAIN, top_k=("k",))),  # `k` on Converse unchecked
        (r"ai21\.", _NO_TOP_K),
        (r"writer\.", _NO_TOP_K),  # [l]: tools, but no choice among them
        (r"deepseek\.r1", _NO_TOP_K),  # [a]: no tools
        (r"deepseek\.", _of(msgspec.structs.replace(_OPEN, top_k=()), "reasoning_effort", "high")),  # [p, l]
        (r"google\.gemma-3-4b", msgspec.structs.replace(_OPEN, text_format=False)),  # [p]
        (r"nvidia\.nemotron-super", msgspec.structs.replace(_OPEN, text_format=False)),  # [p]: nano has it
        (r"qwen\.qwen3-coder", _OPEN),  # [p]: does not think
        (r"qwen\.", _of(_OPEN, "reasoning_config", *_THREE)),  # [p]
        (r"zai\.glm-5\.3", _of(_OPEN, "reasoning_effort", *_FOUR, "max", always=True)),  # [p]
        (r"zai\.", _of(_OPEN, "reasoning_effort", "high")),  # [p]
        (
            r"(?:google|minimax|moonshot|moonshotai|nvidia)\.",
            _OPEN,
        ),  # [p]: `textFormat`; caches by themselves
    )
)


def bedrock_rules(model: str) -> BedrockRules:
    """Those of a model by its id, with or without a region before it, or by an ARN that has it in it."""
    name = model.lower()
    if is_claude(name):
        rules = claude_rules(name)
        return BedrockRules(
            claude=rules,
            forces_any=rules.forces,
            forces_one=rules.forces,
            text_format=rules.output_format,
            effort="thinking",
        )
    return next((rules for pattern, rules in _TABLE if pattern.search(name)), _LATEST)
