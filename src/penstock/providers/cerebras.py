"""Cerebras: the OpenAI dialect, below `v1/` (Cloudflare 1.3.1)."""

from __future__ import annotations

from penstock.providers import openai_rows as rows
from penstock.providers.openai_compatible import openai_compatible
from penstock.providers.operation import Kind
from penstock.providers.operation_rows import work
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import versioned
from penstock.wire.answer_dialect import Dialect

OPERATIONS = OperationTable(
    "cerebras",
    work("chat/completions", Kind.CHAT, Dialect.OPENAI_CHAT),
    rows.COMPLETIONS,
    rows.MODELS,
    rows.FILES,
    rows.UNPRICED_BATCHES,
)

PROVIDER = openai_compatible(
    OPERATIONS,
    "api.cerebras.ai",
    versioned("https://api.cerebras.ai"),
    stream_usage=True,
)
