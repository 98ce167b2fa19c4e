"""Workers AI: Cloudflare's own inference, below an account the tail does not name (Cloudflare 1.3.3, 1.5).

Model ids go to `/ai/run/…`, the OpenAI-style endpoints to `/ai/v1/…`. Which account pays is for the operator
to say, so there is no default upstream: `base_url` must be set. A model's task stands in its row, before its name.
"""

from __future__ import annotations

import re

from penstock.providers.base import HeaderLookup, Location, Provider
from penstock.providers.model_tasks import TASKS, task_of
from penstock.providers.openai_rows import STATE, STORED
from penstock.providers.operation import Bills, Cacheable, Effect, Flag, Kind, Rows
from penstock.providers.operation_rows import changes, deletes, reads, sessions, uploads, work
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import versioned
from penstock.providers.spoken import Speech, embeds, talks
from penstock.wire.answer_dialect import Dialect

_ORIGIN = "https://api.cloudflare.com"
_ROOT = "/ai/"
_MODEL_MARKS = ("@", "%40")
_SIBLINGS = ("run/", "models/", "finetunes", "tomarkdown", "tasks/", "authors/")
_openai_style = versioned(_ORIGIN, "ai/", siblings=_SIBLINGS)

# With `queueRequest`, a body of `requests` is put into the queue, and one of `request_id` asks how far it got.
_QUEUE = "query:queueRequest=true"
_QUEUED = (
    Flag(("body:requests", _QUEUE), Effect.ORDER),
    Flag(("body:request_id", _QUEUE), Effect.READ),
    Flag((_QUEUE,), Effect.ORDER),
)


def _run(paths: str, kind: Kind) -> Rows:
    return work(
        paths,
        kind,
        Dialect.WORKERS_AI,
        models="path",
        flags=_QUEUED,
        unit="neurons",
        sure=kind is Kind.GENERATE,
    )


OPERATIONS = OperationTable(
    "workers-ai",
    _run("run/{x*}", Kind.GENERATE),
    *(_run(f"run/{task}/{{x*}}", kind) for task, kind in TASKS.items()),
    sessions("run/{x*}", Kind.REALTIME, models="path", unit="neurons", sure=False),
    work("v1/chat/completions", Kind.CHAT, Dialect.OPENAI_CHAT, flags=(STORED,)),
    work("v1/embeddings", Kind.EMBEDDINGS, Dialect.OPENAI_EMBEDDINGS),
    work("v1/responses", Kind.RESPONSES, Dialect.OPENAI_RESPONSES, flags=STATE),
    work(
        "tomarkdown",
        Kind.EXTRACT,
        models="",
        bills=Bills.UNKNOWN,
        cache=Cacheable.NEVER,
        unit="neurons",
        sure=False,
    ),
    uploads("finetunes finetunes/{x*}", Kind.DATASET),
    changes("finetunes/{x*}", Kind.DATASET, method="PUT", sure=False),
    reads("finetunes finetunes/{x*}", Kind.DATASET),
    deletes("finetunes/{x*}", Kind.DATASET, sure=False),
    reads("tomarkdown/supported", Kind.MODELS, sure=False),
    reads("models/search", Kind.MODELS, lists="result[].name"),
    reads("models/schema", Kind.MODELS, models="query:model"),
    reads("tasks/search authors/search", Kind.MODELS),
)


def _locate(tail: str, header: HeaderLookup) -> Location:
    model = tail.removeprefix("ai/")
    if model.startswith(_MODEL_MARKS):
        return Location(_ORIGIN, f"/ai/run/{model}")
    return _openai_style(tail, header)


def _operation_path(location: Location) -> str:
    path = location.path.removeprefix(_ROOT)
    model = path.removeprefix("run/")
    task = None if model is path else task_of(model)
    return path if task is None else f"run/{task}/{model}"


PROVIDER = Provider(
    slug="workers-ai",
    domains=("api.cloudflare.com",),
    locate=_locate,
    compat=("workers-ai",),
    speech=Speech(talk=(talks(),), embed=embeds()),  # `v1/responses` is for some models only
    base_url_needed="https://api.cloudflare.com/client/v4/accounts/{account_id}",
    operations=OPERATIONS,
    root=_ROOT,
    operation_path=_operation_path,
    model_address=re.compile(r"//[^/]+/ai/run/(.+)"),
)
