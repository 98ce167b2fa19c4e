"""Mistral: its own dialect of OpenAI's, version in the tail (Cloudflare 1.3.1)."""

from __future__ import annotations

from penstock.providers.openai_compatible import openai_compatible
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import as_is

OPERATIONS = OperationTable("mistral")

PROVIDER = openai_compatible(
    OPERATIONS,
    "api.mistral.ai",
    as_is("https://api.mistral.ai"),
    root="/",
)
