"""Adobe Firefly: image generation, known to Cloudflare's types but without a docs page (Cloudflare 1.3.1).

Adobe's public address and version-in-path rule. Its `x-api-key` is a client id that goes with the token, not
a credential that a stored one would replace. The model stands in a header.
"""

from __future__ import annotations

from penstock.providers.base import Provider
from penstock.providers.operation import Kind, Settles
from penstock.providers.operation_rows import cancels, orders, reads, uploads, work
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import as_is

_MODEL = "header:x-model-version"
_EDITS = [
    f"v3/images/{action}" for action in ("generate-similar", "generate-object-composite", "expand", "fill")
]
_DONE = Settles(id="/jobId", final=("succeeded", "failed", "cancelled", "canceled"), usage="/result/outputs")

OPERATIONS = OperationTable(
    "adobe-firefly",
    orders("v3/images/generate-async", Kind.IMAGE, models=_MODEL, unit="images"),
    orders(
        "v4/images/generate-async",
        Kind.IMAGE,
        models=f"body:modelVersion body:modelId {_MODEL}",
        unit="images",
    ),
    orders(" ".join(f"{path}-async" for path in _EDITS), Kind.IMAGE_EDIT, models=_MODEL, unit="images"),
    work("v3/images/generate", Kind.IMAGE, models=_MODEL, unit="images"),
    work(" ".join(_EDITS), Kind.IMAGE_EDIT, models=_MODEL, unit="images"),
    orders("v3/videos/generate v3/videos/generate-async", Kind.VIDEO, models=_MODEL, unit="seconds"),
    reads("v3/status/{job}", Kind.PREDICTION, settles=_DONE),
    cancels("v3/cancel/{job}", Kind.PREDICTION),
    cancels("v3/cancel/{job}", Kind.PREDICTION, method="PUT"),
    uploads("v2/storage/image", Kind.UPLOAD),
    reads("v3/custom-models", Kind.MODELS, lists="custom_models[].assetId"),
)

PROVIDER = Provider(
    slug="adobe-firefly",
    domains=("firefly-api.adobe.io",),
    locate=as_is("https://firefly-api.adobe.io"),
    operations=OPERATIONS,
)
