"""OpenRouter: the OpenAI dialect in front of many vendors, below `api/v1/` (Cloudflare 1.3.1)."""

from __future__ import annotations

from penstock.providers.openai_compatible import openai_compatible
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import versioned

OPERATIONS = OperationTable("openrouter")

PROVIDER = openai_compatible(
    OPERATIONS,
    "openrouter.ai",
    versioned("https://openrouter.ai", "api/"),
    root="/api/v1/",
    stream_usage=True,
)
