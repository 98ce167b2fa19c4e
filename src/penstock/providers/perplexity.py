"""Perplexity: paths as written (Cloudflare 1.3.1)."""

from __future__ import annotations

from penstock.providers.openai_compatible import openai_compatible
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import as_is

OPERATIONS = OperationTable("perplexity-ai")

PROVIDER = openai_compatible(
    OPERATIONS,
    "api.perplexity.ai",
    as_is("https://api.perplexity.ai"),
    "chat/completions",
    ("perplexity",),
    root="/",
)
