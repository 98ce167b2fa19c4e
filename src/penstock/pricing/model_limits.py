"""How many tokens models read and write at most, as data: for Messages, which wants a limit, and for lists of models.

Of each family the first row that a name begins with. Context windows are input and output together. Read in 2026-11
from the table of models that comes with LiteLLM 1.110.2, which names the vendors' pages for most; where it has the
whole window for the output, the vendor tells no limit, and none stands here. Prices are elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import msgspec

_MOST_CHARS: Final = 256


class Limits(msgspec.Struct, frozen=True, gc=False):
    """In tokens; None where it is not known."""

    context: int | None = None
    output: int | None = None


_UNKNOWN: Final = Limits()
_Rows = tuple[tuple[re.Pattern[str], Limits], ...]


def _rows(*rows: tuple[str, int, int | None]) -> _Rows:
    return tuple((re.compile(pattern), Limits(context, output)) for pattern, context, output in rows)


_CLAUDE: Final = _rows(
    (r"claude-(?:opus-4-[678]|sonnet-4-6)", 1_000_000, 128_000),
    (r"claude-(?:opus|sonnet|haiku)-4-[59]", 200_000, 64_000),
    (r"claude-opus-4", 200_000, 32_000),
    (r"claude-(?:sonnet|haiku)-4", 200_000, 64_000),
    (r"claude-(?:opus|sonnet|haiku|fable|mythos)-(?:[5-9]|preview)", 1_000_000, 128_000),
    (r"claude-3-7", 200_000, 64_000),
    (r"claude-3-5", 200_000, 8192),
    (r"claude-3", 200_000, 4096),
)
_GPT: Final = _rows(
    (r"(?:ft:)?gpt-3\.5-turbo-0613", 4096, 4096),
    (r"(?:ft:)?gpt-3\.5", 16_385, 4096),
    (r"(?:ft:)?gpt-4\.1", 1_047_576, 32_768),
    (r"gpt-4o-2024-05-13", 128_000, 4096),
    (r"(?:ft:|chat)?gpt-(?:4o|audio)", 128_000, 16_384),
    (r"gpt-4-(?:turbo|1106|0125)", 128_000, 4096),
    (r"(?:ft:)?gpt-4(?:$|-0613)", 8192, 4096),
    (r"gpt-5(?:\.\d)?-chat", 128_000, 16_384),
    (r"gpt-5-pro", 400_000, 272_000),
    (r"gpt-5\.4-(?:mini|nano)|gpt-5\.6-cyber", 400_000, 128_000),
    (r"gpt-(?:5\.[4-9]|[6-9])", 1_050_000, 128_000),
    (r"gpt-5|chat-latest", 400_000, 128_000),
    (r"gpt-oss", 131_072, None),
    (r"o1-mini", 128_000, 65_536),
    (r"(?:ft:)?o[134](?:$|-(?!preview))", 200_000, 100_000),
)
_GEMINI: Final = _rows(
    (r"gemini-(?:omni|robotics)", 131_072, 65_536),
    (r"gemini-[4-9]", 1_048_576, None),
    (r"gemini-2\.5-computer-use", 128_000, 64_000),
    (
        r"gemini-(?:2\.5|3|flash|pro).*(?:image|tts|live|audio)",
        0,
        None,
    ),  # differ from the model that they are of
    (r"gemini-(?:2\.5-(?:pro|flash)|3(?:\.\d)?-(?:pro|flash)|flash|pro|flash-lite)", 1_048_576, 65_536),
    (r"gemini-2\.0-flash", 1_048_576, 8192),
    (r"gemma-4", 262_144, 32_768),
    (r"gemma-3-27b", 131_072, 8192),
)
_MISTRAL: Final = _rows(
    (r"zai-glm-5|glm-5", 1_048_576, 131_072),
    (r"mistral-large-4", 1_048_576, None),
    (
        r"mistral-(?:large-(?:latest|3|2512)|medium(?:$|-latest|-3|-2604)|small-(?:latest|2603))",
        262_144,
        None,
    ),
    (r"magistral-(?:medium|small)-latest|ministral-(?:3-)?(?:8b|14b)", 262_144, None),
    (r"ministral-(?:3-)?3b", 131_072, None),
    (r"devstral-(?:small|medium)?-?latest", 256_000, None),
    (r"codestral-(?:2508|latest)|open-mistral-nemo|pixtral-large", 128_000, None),
    (r"voxtral-small", 32_768, None),
)
_GROQ: Final = _rows(
    (r"openai/gpt-oss", 131_072, 65_536),
    (r"qwen/qwen3\.8-27b", 131_072, 16_384),
)
_GROK: Final = _rows(
    (r"grok-(?:4\.20|4\.3)", 1_000_000, None),
    (r"grok-(?:4\.[567]|build-latest)", 500_000, None),
    (r"grok-(?:code-fast|build)", 256_000, None),
)
_DEEPSEEK: Final = _rows(
    (r"deepseek-(?:flash|v4)", 1_000_000, 393_216),
    (r"deepseek-chat", 131_072, 8192),
    (r"deepseek-reasoner", 131_072, 65_536),
)
_COHERE: Final = _rows(
    (r"command-a-plus", 128_000, 64_000),
    (r"command-a-reasoning", 256_000, 32_000),  # Cohere, the model's page
    (r"command-a-03", 256_000, 8000),
    (r"command-r", 128_000, 4096),
)
_NOVA: Final = _rows(
    (r"nova-2", 1_000_000, 64_000),
    (r"nova-micro", 128_000, 10_000),
    (r"nova-(?:lite|pro)", 300_000, 10_000),
    (r"nova-premier", 1_000_000, 10_000),
)
# What other hosts allow of Claude's, where that is less.
_ELSEWHERE: Final = _rows((r"claude-sonnet-4-6", 1_000_000, 64_000))
_ON_BEDROCK: Final = _rows((r"claude-3-7", 200_000, 8192), (r"claude-3-5-sonnet-20240620", 200_000, 4096))

_TABLE: Final[Mapping[str, _Rows]] = {
    "anthropic": _CLAUDE,
    "openai": _GPT,
    "azure-openai": _GPT,
    "google-ai-studio": _GEMINI,
    "google-vertex-ai": (*_GEMINI, *_ELSEWHERE, *_CLAUDE),
    "aws-bedrock": (*_ELSEWHERE, *_ON_BEDROCK, *_CLAUDE, *_NOVA),
    "mistral": _MISTRAL,
    "groq": _GROQ,
    "grok": _GROK,
    "deepseek": _DEEPSEEK,
    "cohere": _COHERE,
}
# What stands before a model's own name: publishers, regions, an ARN.
_BEFORE: Final = {
    "groq": re.compile(r"groq/"),
    "aws-bedrock": re.compile(r"(?:.*[/.])?(?=claude|nova)"),
}
_ANY: Final = re.compile(r".*/")


@lru_cache(maxsize=4096)
def limits(provider: str, model: str) -> Limits:
    """Those of a model by its provider's slug and the name that the provider knows it by."""
    rows = _TABLE.get(provider)
    if rows is None or len(model) > _MOST_CHARS:
        return _UNKNOWN
    name = model.lower()
    if before := _BEFORE.get(provider, _ANY).match(name):
        name = name[before.end() :]
    found = next((limit for pattern, limit in rows if pattern.match(name)), _UNKNOWN)
    return found if found.context else _UNKNOWN


def most_output(provider: str, model: str) -> int | None:
    """Tokens that a model writes at most; None where that is not known."""
    return limits(provider, model).output


def context(provider: str, model: str) -> int | None:
    """Tokens that a model reads and writes at most; None where that is not known."""
    return limits(provider, model).context
