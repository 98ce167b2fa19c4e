"""Cerebras: the OpenAI dialect, below `v1/` (Cloudflare 1.3.1)."""

from __future__ import annotations

from penstock.providers.openai_compatible import openai_compatible
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import versioned

OPERATIONS = OperationTable("cerebras")

PROVIDER = openai_compatible(
    OPERATIONS,
    "api.cerebras.ai",
    versioned("https://api.cerebras.ai"),
    stream_usage=True,
)
