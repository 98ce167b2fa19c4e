"""Groq: the OpenAI dialect, below `openai/v1/` (Cloudflare 1.3.1)."""

from __future__ import annotations

from penstock.providers.openai_compatible import openai_compatible
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import versioned

OPERATIONS = OperationTable("groq")

PROVIDER = openai_compatible(
    OPERATIONS,
    "api.groq.com",
    versioned("https://api.groq.com", "openai/"),
    root="/openai/v1/",
)
