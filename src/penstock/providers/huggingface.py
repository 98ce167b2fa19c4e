"""Hugging Face: `{org}/{model}` below `/models` (Cloudflare 1.3.1).

Pure pass-through to the serverless inference host. What a model does is told by the task, where the path names one.
"""

from __future__ import annotations

import re

from penstock.providers.base import Provider
from penstock.providers.openai_rows import STATE, STORED
from penstock.providers.operation import Bills, Kind, Rows, orders, reads, work
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import below
from penstock.wire.answer_dialect import Dialect

_VARY = ("x-use-cache", "x-wait-for-model")
_MODELS = ("{o}/{m}", "{m}")  # some old models have no organisation
_TASKS = {
    Kind.EMBEDDINGS: "feature-extraction sentence-similarity",
    Kind.COMPLETION: "text-generation text2text-generation",
    Kind.CHAT: "conversational image-text-to-text",
    Kind.TRANSCRIPTION: "automatic-speech-recognition",
    Kind.SPEECH: "text-to-speech text-to-audio",
    Kind.IMAGE: "text-to-image",
    Kind.IMAGE_EDIT: "image-to-image",
    Kind.VIDEO: "text-to-video image-to-video",
    Kind.TRANSLATION: "translation",
    Kind.CLASSIFY: "summarization text-classification token-classification zero-shot-classification"
    " fill-mask question-answering table-question-answering",
    Kind.IMAGE_READ: "image-classification object-detection image-segmentation image-to-text"
    " visual-question-answering document-question-answering",
    Kind.RERANK: "text-ranking",
}


def _asked(paths: str, kind: Kind, *, sure: bool = True) -> Rows:
    return work(paths, kind, models="path", vary=_VARY, unit="compute-seconds", sure=sure)


def _pipelines(kind: Kind, tasks: str) -> Rows:
    return _asked(
        " ".join(f"{model}/pipeline/{task}" for model in _MODELS for task in tasks.split()),
        kind,
        sure=kind is not Kind.RERANK,
    )


OPERATIONS = OperationTable(
    "huggingface",
    *(_pipelines(kind, tasks) for kind, tasks in _TASKS.items()),
    _asked("{o}/{m} {o}/{m}/pipeline/{task}", Kind.GENERATE),
    _asked("{m} {m}/pipeline/{task}", Kind.GENERATE, sure=False),
    work(
        "{o}/{m}/v1/chat/completions",
        Kind.CHAT,
        Dialect.OPENAI_CHAT,
        models="path body:model",
        flags=(STORED,),
        vary=_VARY,
    ),
    work("v1/chat/completions", Kind.CHAT, Dialect.OPENAI_CHAT, flags=(STORED,), vary=_VARY),
    work("v1/responses", Kind.RESPONSES, Dialect.OPENAI_RESPONSES, flags=STATE, vary=_VARY),
    work("v1/embeddings", Kind.EMBEDDINGS, Dialect.OPENAI_EMBEDDINGS, vary=_VARY),
    work("v1/completions", Kind.COMPLETION, Dialect.OPENAI_CHAT, vary=_VARY, sure=False),
    orders("v1/{x*}", Kind.OTHER, bills=Bills.UNKNOWN, models="body:model", sure=False),  # no model of `v1`
    reads("{o}/{m}", Kind.MODELS, models="path"),
    reads("{m}", Kind.MODELS, models="path", sure=False),
    reads("v1/models v1/models/{x*}", Kind.MODELS),
)

PROVIDER = Provider(
    slug="huggingface",
    domains=("api-inference.huggingface.co",),
    locate=below("https://api-inference.huggingface.co", "models/"),
    operations=OPERATIONS,
    root="/models/",
    model_address=re.compile(r"//[^/]+/models/(?!v[0-9]+/)([^/]+(?:/[^/]+)?)"),  # {org}/{model}
)
