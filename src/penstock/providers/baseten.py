"""Baseten: shared OpenAI-style model APIs, and one host for every dedicated model (Cloudflare 1.3.1).

`model/{id}` is a deployed model on `model-{id}.api.baseten.co`; without more path it means its production
`predict`. Everything else goes to the shared host, with or without `v1`.
"""

from __future__ import annotations

import re

from penstock import errors
from penstock.errors import GatewayError
from penstock.providers import openai_rows as rows
from penstock.providers.base import HeaderLookup, Location, Provider
from penstock.providers.operation import Bills, Cacheable, Kind, Rows, Settles
from penstock.providers.operation_rows import below, cancels, changes, orders, reads, sessions, work
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import versioned
from penstock.providers.spoken import Speech, embeds, messages, talks
from penstock.wire.answer_dialect import Dialect

_MODEL_ID = re.compile(r"[a-z0-9]{1,40}")
_DEDICATED = re.compile(r"https://model-([a-z0-9]+)\.api\.")
_shared = versioned("https://inference.baseten.co")

_TOOLS = ("x-baseten-server-tools",)
_GPU = "compute-seconds"
_FLAGS = (*rows.CONTAINER, rows.TOOL_SERVERS)
_ASYNC_DONE = Settles(
    "/request_id", final=("SUCCEEDED", "FAILED", "EXPIRED", "CANCELED", "WEBHOOK_FAILED"), usage=""
)

_SHARED: Rows = (
    *rows.CHAT,
    *work("messages", Kind.MESSAGES, Dialect.ANTHROPIC, flags=_FLAGS, vary=_TOOLS),
    *rows.EMBEDDINGS,
    *work("completions", Kind.COMPLETION, Dialect.OPENAI_CHAT, sure=False),
    *rows.MODELS,
)

_SERVER: Rows = (
    *rows.CHAT,
    *rows.COMPLETIONS,
    *rows.RESPONSE,
    *rows.MESSAGES,
    *rows.EMBEDDINGS,
    *rows.IMAGES,
    *rows.AUDIO,
    *work("rerank", Kind.RERANK, Dialect.OPENAI_EMBEDDINGS),
    *work("classify", Kind.CLASSIFY, Dialect.OPENAI_EMBEDDINGS),
    *rows.MODELS,
)
"""What the server in a model's container has."""

_DEPLOYED: Rows = (
    *work("predict", Kind.OTHER, models="path", unit=_GPU),
    *below("sync/v1/", _SERVER),
    *work("run_remote", Kind.OTHER, models="path", unit=_GPU, cache=Cacheable.NEVER),
    *orders("async_predict async_run_remote", Kind.PREDICTION, models="path", unit=_GPU),
    *reads("async_queue_status", Kind.PREDICTION),
    *changes("wake", Kind.ACCOUNT),
    *sessions("websocket", Kind.REALTIME, models="path", bills=Bills.UNKNOWN, sure=False),
)
_DEPLOYMENTS = ("production/", "development/", "deployment/{d}/", "environments/{e}/")

_HOST: Rows = (
    *(row for root in _DEPLOYMENTS for row in below(root, _DEPLOYED)),
    *reads("async_request/{id}", Kind.PREDICTION, settles=_ASYNC_DONE),
    *cancels("async_request/{id}", Kind.PREDICTION, method="DELETE"),
)

OPERATIONS = OperationTable("baseten", below("v1/", _SHARED), below("model/{id}/", _HOST))


def _locate(tail: str, header: HeaderLookup) -> Location:
    if not tail.startswith("model/"):
        return _shared(tail, header)
    model, _, rest = tail.removeprefix("model/").partition("/")
    if _MODEL_ID.fullmatch(model) is None:
        raise GatewayError(errors.BAD_REQUEST, "a baseten model id has lower-case letters and digits only")
    return Location(f"https://model-{model}.api.baseten.co", f"/{rest or 'production/predict'}")


def _operation_path(location: Location) -> str:
    """The path as a client writes it: on its own host, it has its model before it."""
    dedicated = _DEDICATED.match(location.origin)
    return location.path if dedicated is None else f"model/{dedicated[1]}{location.path}"


PROVIDER = Provider(
    slug="baseten",
    domains=("inference.baseten.co", ".api.baseten.co"),
    locate=_locate,
    tenant_hosts=(".api.baseten.co",),
    compat=("baseten",),
    speech=Speech(talk=(talks(), messages()), embed=embeds()),
    operations=OPERATIONS,
    operation_path=_operation_path,
    stream_usage=True,
    model_address=re.compile(r"//model-([a-z0-9]+)\."),  # a dedicated one
    model_is_own=True,
)
