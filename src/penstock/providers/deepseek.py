"""DeepSeek: the OpenAI dialect below `v1/`, and trees beside it (Cloudflare 1.3.1)."""

from __future__ import annotations

from penstock.providers import openai_rows as rows
from penstock.providers.openai_compatible import openai_compatible
from penstock.providers.operation import Kind
from penstock.providers.operation_rows import below, reads, work
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import versioned
from penstock.wire.answer_dialect import Dialect

OPERATIONS = OperationTable(
    "deepseek",
    work("v1/chat/completions beta/chat/completions", Kind.CHAT, Dialect.OPENAI_CHAT),
    below("beta/", rows.COMPLETIONS),
    below("anthropic/v1/", rows.MESSAGES),
    below("v1/", rows.MODELS),
    reads("user/balance", Kind.ACCOUNT),
)

PROVIDER = openai_compatible(
    OPERATIONS,
    "api.deepseek.com",
    versioned("https://api.deepseek.com", siblings=("anthropic/", "beta/", "user/")),
    root="/",
    stream_usage=True,
)
