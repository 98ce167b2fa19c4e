"""Groq: the OpenAI dialect, below `openai/v1/` (Cloudflare 1.3.1)."""

from __future__ import annotations

from penstock.providers import openai_rows as rows
from penstock.providers.openai_compatible import openai_compatible
from penstock.providers.operation import Bills, Kind
from penstock.providers.operation_rows import changes, deletes, orders, reads
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import versioned
from penstock.providers.spoken import Speech, embeds, responds, talks

OPERATIONS = OperationTable(
    "groq",
    rows.CHAT,
    rows.RESPONSE,
    rows.EMBEDDINGS,
    rows.AUDIO,
    rows.UNPRICED_BATCHES,
    rows.FILES,
    rows.MODELS,
    deletes("models/{m}", Kind.MODELS),
    orders("fine_tunings fine_tunings/{x*}", Kind.FINE_TUNE, bills=Bills.UNKNOWN, sure=False),
    reads("fine_tunings fine_tunings/{x*}", Kind.FINE_TUNE, sure=False),
    changes("fine_tunings/{x*}", Kind.FINE_TUNE, method="PATCH", sure=False),
    changes("fine_tunings/{x*}", Kind.FINE_TUNE, method="PUT", sure=False),
    deletes("fine_tunings/{x*}", Kind.FINE_TUNE, sure=False),
)

PROVIDER = openai_compatible(
    OPERATIONS,
    "api.groq.com",
    versioned("https://api.groq.com", "openai/"),
    speech=Speech(talk=(talks(), responds()), embed=embeds()),
    root="/openai/v1/",
)
