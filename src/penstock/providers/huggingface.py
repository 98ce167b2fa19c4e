"""Hugging Face: `{org}/{model}` below `/models` (Cloudflare 1.3.1).

Pure pass-through to the serverless inference host. What a model does is told by the task, where the path names one.
Rows of models begin with `model`, so that no model is called `v1`.
"""

from __future__ import annotations

import re

from penstock.providers.base import Location, Provider
from penstock.providers.openai_rows import MODEL_LIST, STATE, STORED
from penstock.providers.operation import Kind, Rows
from penstock.providers.operation_rows import reads, work
from penstock.providers.operation_table import OperationTable, segments
from penstock.providers.paths import below
from penstock.wire.answer_dialect import Dialect

_ROOT = "/models/"
_VERSION = re.compile("v[0-9]+")
_VARY = ("x-use-cache", "x-wait-for-model")
_MODELS = ("model/{o}/{m}", "model/{m}")  # some old models have no organisation
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
    _asked("model/{o}/{m} model/{o}/{m}/pipeline/{task}", Kind.GENERATE),
    _asked("model/{m} model/{m}/pipeline/{task}", Kind.GENERATE, sure=False),
    work(
        "model/{o}/{m}/v1/chat/completions",
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
    reads("model/{o}/{m}", Kind.MODELS, models="path"),
    reads("model/{m}", Kind.MODELS, models="path", sure=False),
    reads("v1/models", Kind.MODELS, lists=MODEL_LIST),
    reads("v1/models/{m*}", Kind.MODELS),
)


def _operation_path(location: Location) -> str:
    path = location.path.removeprefix(_ROOT)
    first = next(iter(segments(path)), "")
    return path if _VERSION.fullmatch(first) else f"model/{path}"


PROVIDER = Provider(
    slug="huggingface",
    domains=("api-inference.huggingface.co",),
    locate=below("https://api-inference.huggingface.co", "models/"),
    operations=OPERATIONS,
    root=_ROOT,
    operation_path=_operation_path,
    model_address=re.compile(r"//[^/]+/models/(?!v[0-9]+/)([^/]+(?:/[^/]+)?)"),  # {org}/{model}
)
