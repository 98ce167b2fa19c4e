"""Providers that speak OpenAI's Chat dialect, and what differs with each, as data (dialects, A8).

Checked in 2026-11 against the vendors' own type definitions, whose versions stand beside each, and where there are none
against their pages; efforts of models against LiteLLM 1.110.2 and Pydantic AI 2.68.0 too. Where the section says more
than these, the section is followed. Azure, Baseten, Workers AI and Hugging Face are unchecked: no such list of theirs
was found.

A provider that is not listed (`custom-…`) gets what is common. What a single model of OpenAI's takes is said in
`openai_models.py`; how the members are written, in `request_writer.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from penstock.wire.dialects.conversation import Family

Efforts = tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]

_TUNING: Final = frozenset(
    {
        "max_tokens", "temperature", "top_p", "stop", "seed", "frequency_penalty", "presence_penalty",
        "logit_bias", "logprobs", "n", "parallel_tool_calls", "user", "stream_options", "reasoning_effort",
        "response_format",
    }
)  # fmt: skip
_COMMON: Final = _TUNING | {"top_k"}
_OPENAI: Final = _TUNING | {"metadata", "service_tier", "verbosity", "prompt_cache_key"}


def _efforts(*rows: tuple[str, str]) -> Efforts:
    return tuple((re.compile(pattern), tuple(words.split())) for pattern, words in rows)


class Vendor(msgspec.Struct, frozen=True, kw_only=True):
    """One of them. Members are named as OpenAI names them."""

    takes: frozenset[str] = _COMMON  # members that may be left unsaid; what is not in it, it does not have
    family: Family | None = None  # whose files and signatures it knows
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    seed: str = "seed"
    required: str = "required"  # the word for: some tool must be called
    tools: bool = True
    forced_tools: bool = True
    some_tools: bool = False  # `allowed_tools`
    custom_tools: bool = False  # free-form ones
    short_ids: bool = False  # of calls: nine letters and digits
    parameters: bool = False  # of a tool are wanted, also where it has none
    objects: bool = True  # `response_format: json_object`
    schemas: bool = True  # `response_format: json_schema`
    tiers: Mapping[str, str] = {}  # what it calls a service tier; empty: as the caller does
    effort: Literal["reasoning_effort", "reasoning", "thinking"] = "reasoning_effort"
    efforts: Efforts = ()  # which words models take, the first row that a name begins with; empty: all of them
    thinking: Literal["", "reasoning_content", "reasoning", "reasoning_details", "parts"] = (
        "reasoning_content"
    )
    alternates: bool = False  # user and assistant take turns, and neighbours of one role must be one message
    text_only: bool = False  # content is a string
    participants: bool = True  # `name` beside a role
    refusals: bool = False  # `refusal` in the history
    files: bool = False
    file_urls: bool = False
    web_search: bool = False  # `web_search_options`
    marks: Literal["", "cache_control", "prompt_cache_breakpoint"] = ""
    stopless: re.Pattern[str] | None = None  # models that reason: no `stop`, no penalties
    toolless: re.Pattern[str] | None = None  # models without tools
    ends_untold: bool = False  # with neither a finish reason nor `[DONE]`


_OPENAI_ITSELF: Final = Vendor(
    takes=_OPENAI,
    family=Family.OPENAI,
    limit="max_completion_tokens",
    some_tools=True,
    custom_tools=True,
    thinking="",
    refusals=True,
    files=True,
    web_search=True,
    marks="prompt_cache_breakpoint",
)
_DEFAULT: Final = Vendor()

_VENDORS: Final = {
    "openai": _OPENAI_ITSELF,
    "azure-openai": _OPENAI_ITSELF,
    "openrouter": Vendor(  # openrouter 1.3.84; `verbosity` and `web_search_options` by its list of parameters
        takes=(_COMMON | {"metadata", "verbosity", "service_tier", "prompt_cache_key"}) - {"n"},
        effort="reasoning",  # openrouter.ai/docs, reasoning tokens
        thinking="reasoning_details",
        refusals=True,
        files=True,
        file_urls=True,
        web_search=True,
        marks="cache_control",
    ),
    "mistral": Vendor(  # mistralai 3.7.0; anything it does not know is a 422
        takes=(_COMMON - {"logit_bias", "user", "stream_options"})
        | {"metadata", "service_tier", "prompt_cache_key"},
        seed="random_seed",
        required="any",
        short_ids=True,
        parameters=True,
        tiers={"auto": "auto", "default": "standard_only"},
        efforts=_efforts(
            (r"zai-glm-5-2", "none minimal low medium high xhigh max"),
            (r"zai-glm", "low high max"),
            (
                r"mistral-(?:small|medium)(?:$|-latest|-26|-3[.-]5)|mistral-large-4|devstral-.*latest",
                "none high",
            ),
            (r"", ""),
        ),
        participants=False,
        thinking="parts",
    ),
    "groq": Vendor(  # groq 1.7.0; "not yet supported by any of our models": penalties
        takes=(_TUNING - {"logprobs", "logit_bias", "n", "frequency_penalty", "presence_penalty"})
        | {"service_tier"},
        limit="max_completion_tokens",
        tiers={"auto": "auto", "default": "on_demand"}
        | {word: word for word in ("on_demand", "flex", "performance")},
        efforts=_efforts(
            (r"openai/gpt-oss", "low medium high"),
            (r"qwen/qwen3\.8", "none low medium high"),
            (r"qwen/qwen3", "none"),
        ),
        thinking="reasoning",
    ),
    "deepseek": Vendor(  # api-docs.deepseek.com, thinking mode, of 2026: it maps the other words itself
        takes=_TUNING - {"seed", "n", "logit_bias", "user", "parallel_tool_calls"},
        schemas=False,
        effort="thinking",
    ),
    "grok": Vendor(  # docs.x.ai, reasoning, of 2026
        takes=_TUNING - {"logit_bias"},
        limit="max_completion_tokens",
        stopless=re.compile(r"grok-(?:3-mini|code|build|[4-9])(?!.*non-reasoning)"),
        efforts=_efforts(
            (r"grok-4\.3|grok-latest", "none low medium high xhigh"),
            (r"grok-3-mini", "none low high"),
            (r"grok-4\.[56]|grok-build-latest", "low medium high"),
            (r"grok-4\.7", "low medium high xhigh"),
            (r"grok-4\.20|grok-code|grok-build", ""),
        ),
    ),
    "cerebras": Vendor(  # cerebras-cloud-sdk 1.91.0: `n`, `prompt_cache_key`, and more than the section has
        takes=(_TUNING | {"prompt_cache_key"})
        - {"frequency_penalty", "presence_penalty", "logit_bias", "parallel_tool_calls"},
        limit="max_completion_tokens",
        forced_tools=False,
        efforts=_efforts(
            (r"kimi-k3|zai-glm-5\.3", "low high max"),
            (r"gpt-oss", "low medium high"),
            (r"", "none low medium high"),
        ),
        thinking="reasoning",
    ),
    "perplexity-ai": Vendor(  # perplexityai 0.46.1; what `n` and `logprobs` do is not said
        takes=_COMMON - {"seed", "n", "logit_bias", "logprobs", "user", "stream_options"},
        alternates=True,
        objects=False,
        efforts=_efforts((r"", "minimal low medium high")),
        thinking="",
        web_search=True,
        toolless=re.compile("sonar"),
    ),
    "fireworks": Vendor(  # fireworks-ai 1.2.30
        takes=_COMMON | {"metadata", "service_tier", "prompt_cache_key"},
        tiers={word: word for word in ("auto", "default", "flex", "priority")},
        efforts=_efforts((r"", "none low medium high")),
    ),
    "baseten": _DEFAULT,
    "workers-ai": _DEFAULT,
    "huggingface": _DEFAULT,
    "parallel": Vendor(  # takes all members, and goes by none of them
        takes=frozenset({"response_format"}),
        tools=False,
        thinking="",
        text_only=True,
        ends_untold=True,
    ),
}


_ALIASES: Final = {"perplexity": "perplexity-ai"}


def vendor_of(provider: str) -> Vendor:
    """What differs at a provider, by its slug."""
    return _VENDORS.get(_ALIASES.get(provider, provider), _DEFAULT)
