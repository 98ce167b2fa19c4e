"""Fireworks: the OpenAI dialect and images, below `inference/v1/` (Cloudflare 1.3.1)."""

from __future__ import annotations

import re

from penstock.providers import openai_rows as rows
from penstock.providers.openai_compatible import openai_compatible
from penstock.providers.operation import Kind, Rows, Settles
from penstock.providers.operation_rows import deletes, orders, reads, work
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import versioned
from penstock.providers.spoken import Speech, embeds, messages, responds, talks
from penstock.wire.answer_dialect import Dialect

_MODEL = "accounts/{a}/models/{m}"
_READY = Settles(final=("Ready", "Error", "Request Moderated", "Content Moderated"), usage="")

_IMAGES: Rows = (
    *work(
        f"workflows/{_MODEL}/text_to_image workflows/{_MODEL}/image_to_image"
        f" image_generation/{_MODEL} image_generation/{_MODEL}/image_to_image",
        Kind.IMAGE,
        models="path",
        unit="images",
    ),
    *orders(f"workflows/{_MODEL}", Kind.IMAGE_EDIT, models="path", unit="images"),
    *reads(f"workflows/{_MODEL}/get_result", Kind.IMAGE_EDIT, method="POST", models="path", settles=_READY),
)

OPERATIONS = OperationTable(
    "fireworks",
    rows.CHAT,
    rows.COMPLETIONS,
    rows.RESPONSE,
    reads("responses/{id}", Kind.RESPONSES, Dialect.OPENAI_RESPONSES, settles=rows.RESPONSE_DONE),
    reads("responses", Kind.RESPONSES),
    deletes("responses/{id}", Kind.RESPONSES),
    rows.MESSAGES,
    rows.EMBEDDINGS,
    work("rerank", Kind.RERANK, Dialect.OPENAI_EMBEDDINGS),
    _IMAGES,
    reads("models", Kind.MODELS, lists=rows.MODEL_LIST),
    reads("models/{m*}", Kind.MODELS),
)

PROVIDER = openai_compatible(
    OPERATIONS,
    "api.fireworks.ai",
    versioned("https://api.fireworks.ai", "inference/"),
    speech=Speech(talk=(talks(), responds(), messages()), embed=embeds()),
    root="/inference/v1/",
    model_address=re.compile(r"/(?:workflows|image_generation)/(accounts/[^/]+/models/[^/]+)"),
)
