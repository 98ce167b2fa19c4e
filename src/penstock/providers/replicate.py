"""Replicate: `predictions` and the like, with or without `v1` (Cloudflare 1.3.2).

Pure pass-through; `Authorization` holds `Bearer` or the older `Token`. Every prediction is an order: it lives on at
Replicate, even where the answer to it has its result already.
"""

from __future__ import annotations

import re

from penstock.providers.base import Provider
from penstock.providers.operation import Kind, Settles
from penstock.providers.operation_rows import cancels, changes, deletes, makes, orders, reads, uploads
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import versioned
from penstock.wire.answer_dialect import Dialect

_DONE = Settles(final=("succeeded", "failed", "canceled", "aborted"), usage="/metrics")

OPERATIONS = OperationTable(
    "replicate",
    orders(
        "predictions",
        Kind.PREDICTION,
        Dialect.REPLICATE,
        models="body:version body:model",
        unit="compute-seconds",
    ),
    orders(
        "models/{o}/{n}/predictions deployments/{o}/{n}/predictions",
        Kind.PREDICTION,
        Dialect.REPLICATE,
        models="path",
        unit="compute-seconds",
    ),
    reads("predictions/{id}", Kind.PREDICTION, Dialect.REPLICATE, settles=_DONE),
    reads("predictions", Kind.PREDICTION),
    cancels("predictions/{id}/cancel", Kind.PREDICTION, dialect=Dialect.REPLICATE, settles=_DONE),
    orders(
        "models/{o}/{n}/versions/{v}/trainings",
        Kind.FINE_TUNE,
        Dialect.REPLICATE,
        models="path",
        unit="compute-seconds",
    ),
    reads("trainings/{id}", Kind.FINE_TUNE, Dialect.REPLICATE, settles=_DONE),
    reads("trainings", Kind.FINE_TUNE),
    cancels("trainings/{id}/cancel", Kind.FINE_TUNE, dialect=Dialect.REPLICATE, settles=_DONE),
    uploads("files"),
    reads("files files/{id} files/{id}/download", Kind.FILE),
    deletes("files/{id}", Kind.FILE),
    makes("models deployments", Kind.ACCOUNT),
    changes("models/{o}/{n} deployments/{o}/{n}", Kind.ACCOUNT, method="PATCH"),
    deletes("models/{o}/{n} models/{o}/{n}/versions/{v} deployments/{o}/{n}", Kind.ACCOUNT),
    reads("webhooks/default/secret", Kind.ACCOUNT, secret=True),
    reads("account deployments deployments/{o}/{n}", Kind.ACCOUNT),
    reads("models", Kind.MODELS, lists="results[].owner/name"),
    reads("models", Kind.MODELS, method="QUERY", lists="results[].owner/name"),
    reads("collections/{x*}", Kind.MODELS, lists="models[].owner/name"),
    reads("search", Kind.MODELS, lists="models[].model.owner/name"),
    reads("models/{o}/{m} models/{o}/{m}/{x*}", Kind.MODELS),
    reads("collections hardware", Kind.MODELS),
)

PROVIDER = Provider(
    slug="replicate",
    domains=("api.replicate.com",),
    locate=versioned("https://api.replicate.com"),
    operations=OPERATIONS,
    root="/v1/",
    model_address=re.compile(r"//[^/]+/v1/(?:models|deployments)/([^/]+/[^/]+)/"),
    model_is_own=True,
)
