"""Grok, of xAI: the OpenAI dialect, images, videos and speech, below `v1/` (Cloudflare 1.3.1)."""

from __future__ import annotations

from penstock.providers.openai_compatible import openai_compatible
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import versioned

OPERATIONS = OperationTable("grok")

PROVIDER = openai_compatible(
    OPERATIONS,
    "api.x.ai",
    versioned("https://api.x.ai"),
    aliases=("xai",),
)
