"""DeepSeek: the OpenAI dialect below `v1/`, and trees beside it (Cloudflare 1.3.1)."""

from __future__ import annotations

from penstock.providers.openai_compatible import openai_compatible
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import versioned

OPERATIONS = OperationTable("deepseek")

PROVIDER = openai_compatible(
    OPERATIONS,
    "api.deepseek.com",
    versioned("https://api.deepseek.com", siblings=("anthropic/", "beta/", "user/")),
    root="/",
    stream_usage=True,
)
