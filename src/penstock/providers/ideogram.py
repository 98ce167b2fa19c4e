"""Ideogram: images, version in the tail (Cloudflare 1.3.1).

Its key travels in `api-key`: to look at `authorization` alone would take every caller for the same one. Version 2 of
its paths answers at once, later or with a price, as the query says; some of its actions always answer later.
"""

from __future__ import annotations

import re

from penstock.providers.base import Provider
from penstock.providers.operation import Effect, Flag, Kind, Rows, Settles
from penstock.providers.operation_rows import orders, reads, uploads, whatever, work
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import as_is

_QUOTED = Flag(("query:dry_run=true",), Effect.READ)
_LATER = tuple(
    Flag((f"{where}:{name}",), Effect.ORDER)
    for name in ("async=true", "webhook_url")
    for where in ("query", "body", "form")
)
_EDITS = (
    "edit inpaint remix reframe replace-background remove-background layerize-text layerize-design try-on"
)
_GENERATION_DONE = Settles(id="/generation_id", final=("completed", "failed"), usage="/data")
_TRAINING_DONE = Settles(
    id="/model_id", status="/training_status", final=("COMPLETED", "FAILED", "ERRORED"), usage=""
)


def _images(paths: str, kind: Kind, *, models: str = "path", sure: bool = True) -> Rows:
    return work(paths, kind, models=models, unit="images", sure=sure)


def _second(paths: str, kind: Kind) -> Rows:
    return work(paths, kind, models="path", flags=(_QUOTED, *_LATER), unit="images")


def _always_later(paths: str, kind: Kind, unit: str, *, sure: bool = True) -> Rows:
    return orders(paths, kind, models="path", flags=(_QUOTED,), unit=unit, sure=sure)


OPERATIONS = OperationTable(
    "ideogram",
    _second("v2/image/generate/{m}", Kind.IMAGE),
    _second("v2/image/{action}/{m}", Kind.IMAGE_EDIT),
    _always_later(
        "v2/image/replace-background/{m} v2/image/remove-object/{m} v2/image/reframe/nano-banana-2",
        Kind.IMAGE_EDIT,
        "images",
    ),
    _always_later("v2/video/{action}/{m}", Kind.VIDEO, "seconds"),
    _always_later("v2/vector/{action}/{m}", Kind.IMAGE, "images"),
    _always_later("v2/{content}/{action}/{m}", Kind.IMAGE, "images", sure=False),
    reads("v2/generations/{id} v1/generations/{id}", Kind.PREDICTION, settles=_GENERATION_DONE),
    _images(
        " ".join(f"v1/{{m}}/{action}" for action in ("generate", "generate-transparent", "generate-design")),
        Kind.IMAGE,
    ),
    _images(" ".join(f"v1/{{m}}/{action}" for action in _EDITS.split()), Kind.IMAGE_EDIT),
    _images("v1/{m}/upscale v1/{m}/precise-edit v1/{m}/remove-object", Kind.IMAGE_EDIT, sure=False),
    _images("v1/text-to-image/{m}", Kind.IMAGE),
    orders("v1/{m}/async/{action}", Kind.IMAGE, models="path", unit="images"),
    _images("generate", Kind.IMAGE, models="body:image_request.model form:model body:model"),
    _images(
        "v1/edit v1/remove-background upscale edit remix reframe",
        Kind.IMAGE_EDIT,
        models="body:image_request.model form:model body:model",
    ),
    work(
        "describe v1/{m}/describe",
        Kind.IMAGE_READ,
        models="form:describe_model_version",
        unit="calls",
    ),
    work(
        "magic-prompt v1/{m}/magic-prompt",
        Kind.COMPLETION,
        models="form:describe_model_version",
        unit="calls",
    ),
    orders(
        "v1/{m}/train-model v1/{m}/train-model/{x*} datasets/{d}/train_model", Kind.FINE_TUNE, unit="runs"
    ),
    uploads("datasets datasets/{d}/upload_assets", Kind.DATASET),
    reads("models/{m}", Kind.DATASET, settles=_TRAINING_DONE),
    reads("datasets datasets/{x*} models", Kind.DATASET),
    whatever("manage/api/{x*}", Kind.ACCOUNT, secret=True),
)

PROVIDER = Provider(
    slug="ideogram",
    domains=("api.ideogram.ai",),
    locate=as_is("https://api.ideogram.ai"),
    credential_headers=("api-key", "authorization"),
    key_header=("api-key", ""),
    operations=OPERATIONS,
    model_address=re.compile(  # v2/image/generate/ideogram-4, v1/ideogram-v3/generate
        r"//[^/]+/(?:v2/[^/]+/[^/]+/([^/]+)|v[0-9]+/text-to-image/([^/]+)|v[0-9]+/(ideogram-[^/]+)/)"
    ),
    model_is_own=True,
)
