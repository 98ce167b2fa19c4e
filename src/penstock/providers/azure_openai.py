"""Azure OpenAI: resource and deployment come first in the tail (Cloudflare 1.3.1, 1.3.3).

The resource becomes a part of the host, so it is held to the characters of a host label. Azure serves three trees:
deployments, what stands beside them without a version, and `openai/v1`; whatever part of a path its clients already
write by themselves (`openai/`, `deployments/{deployment}/`) is not doubled.
"""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import unquote

from penstock import errors
from penstock.errors import GatewayError
from penstock.providers import openai, openai_rows
from penstock.providers.base import HeaderLookup, Location, Provider
from penstock.providers.operation import Cacheable, Kind, Rows, Settles
from penstock.providers.operation_rows import below, deletes, makes, orders, reads, sessions, work
from penstock.providers.operation_table import OperationTable
from penstock.providers.spoken import Speech, Spoken
from penstock.wire.answer_dialect import Dialect

_RESOURCE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_VERSION = b"?api-version=2024-10-21"  # that is needed; the newest that is no preview
_IMAGE_DONE = Settles(final=("succeeded", "failed", "canceled"), usage="")
_VIDEO_DONE = Settles(final=("succeeded", "failed", "cancelled"), usage="")

_DEPLOYED: Rows = (
    *openai_rows.CHAT,
    *openai_rows.COMPLETIONS,
    *openai_rows.EMBEDDINGS,
    *openai_rows.IMAGES,
    *openai_rows.AUDIO,
    *work(
        "extensions/{x*}",
        Kind.CHAT,
        Dialect.OPENAI_CHAT,
        cache=Cacheable.NEVER,
        sure=False,
    ),  # retired
)

OPERATIONS = OperationTable(
    "azure-openai",
    tuple(  # the deployment is what counts; a model beside it is a hint
        replace(row, models=("path", *row.models)) for row in below("deployments/{d}/", _DEPLOYED)
    ),
    below("v1/", openai.OPERATIONS.rows),
    orders("v1/video/generations/jobs", Kind.VIDEO, models="body:model", unit="seconds"),
    reads("v1/video/generations/jobs/{id}", Kind.VIDEO, settles=_VIDEO_DONE),
    reads("v1/video/generations/jobs v1/video/generations/{x*}", Kind.VIDEO),
    deletes("v1/video/generations/jobs/{id}", Kind.VIDEO),
    openai_rows.RESPONSES,
    openai_rows.STORED_RESPONSES,
    openai_rows.MODELS,
    openai_rows.FILES,
    openai_rows.BATCHES,
    openai_rows.FINE_TUNING,
    openai_rows.EVALS,
    openai_rows.VECTOR_STORES,
    openai_rows.ASSISTANTS,
    sessions("realtime", Kind.REALTIME, models="query:deployment query:model"),
    makes("realtimeapi/sessions", Kind.SESSION, models="body:model", secret=True, sure=False),
    orders("images/generations:submit", Kind.IMAGE, unit="images"),
    reads("operations/images/{id}", Kind.IMAGE, settles=_IMAGE_DONE),
    deletes("operations/images/{id}", Kind.IMAGE),
)


# What Azure serves below a deployment; all else it serves beside the deployments.
_OF_DEPLOYMENTS = re.compile(
    r"(?:chat/completions|completions|embeddings|images/(?:generations|edits|variations)"
    r"|audio/(?:transcriptions|translations|speech)|extensions/.*)/*|",
    re.DOTALL,
)
_BESIDE_DEPLOYMENTS = re.compile(
    r"(?:assistants|batch|batches|containers|conversations|deployments|evals|files|fine-tunes|fine_tuning|ingestion|models"
    r"|operations|realtime|realtimeapi|responses|threads|uploads|v[0-9]+(?:(?:alpha|beta)[0-9]*)?|vector_stores|videos?"
    r"|images/generations:submit)(?:/.*)?",
    re.DOTALL,
)


def _locate(tail: str, _header: HeaderLookup) -> Location:
    resource, _, after = tail.partition("/")
    deployment, _, rest = after.lstrip("/").partition("/")  # an endpoint with a slash at its end makes two
    if _RESOURCE.fullmatch(resource) is None or not deployment:
        raise GatewayError(
            errors.BAD_REQUEST,
            "azure-openai paths begin with {resource}/{deployment}: a resource name, then a deployment",
        )
    return Location(f"https://{resource.lower()}.openai.azure.com", _path(deployment, rest.lstrip("/")))


def _path(deployment: str, rest: str) -> str:
    """`rest` is what follows `{resource}/{deployment}/`, with what a client wrote there once more by itself.

    Where the deployment is called `openai`, that may be Azure's own segment as well: what is served below
    deployments tells.
    """
    own, rest = deployment == "openai", rest.lstrip("/")
    if _plain(rest).startswith("openai/"):
        rest = _behind_first(rest)
    if _plain(rest).startswith("deployments/") and (named := _behind_first(rest)):
        deployment, own, rest = named.partition("/")[0], False, _behind_first(named)
    plain = _plain(rest)
    if _OF_DEPLOYMENTS.fullmatch(plain) is None and (own or _BESIDE_DEPLOYMENTS.fullmatch(plain)):
        return f"/openai/{rest}"
    return f"/openai/deployments/{deployment}/{rest}" if rest else f"/openai/deployments/{deployment}"


def _plain(path: str) -> str:
    """A path as Azure reads it: without percent-encoding and doubled slashes."""
    return "/".join(unquote(part) for part in path.split("/") if part) + ("/" if path.endswith("/") else "")


def _behind_first(path: str) -> str:
    return path.partition("/")[2].lstrip("/")


_DEPLOYMENT = re.compile(r"([^/]+/[^/]+)")


def _deployed(dialect: Dialect, tail: str) -> Spoken:
    """At a deployment: a model is called `{resource}/{deployment}`."""
    versioned = b"" if tail.startswith("v1/") else _VERSION
    return Spoken(
        dialect=dialect, tail=f"{{model}}/{tail}", models=_DEPLOYMENT, query=versioned, by_last_part=True
    )


SPEECH = Speech(
    talk=(
        _deployed(Dialect.OPENAI_CHAT, "chat/completions"),
        _deployed(Dialect.OPENAI_RESPONSES, "v1/responses"),
    ),
    embed=(_deployed(Dialect.OPENAI_EMBEDDINGS, "embeddings"),),
)

PROVIDER = Provider(
    slug="azure-openai",
    aliases=("azure",),
    domains=(".openai.azure.com",),
    locate=_locate,
    compat=("azure-openai", "azure"),
    speech=SPEECH,
    bearers=re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*"),  # tokens of Entra, which are JWTs
    credential_headers=("api-key", "authorization"),
    key_header=("api-key", ""),
    tenant_hosts=(".openai.azure.com",),
    operations=OPERATIONS,
    root="/openai/",
    model_address=re.compile(r"//[^/]+/openai/deployments/([^/]+)"),
    model_is_own=True,
)
