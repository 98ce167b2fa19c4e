"""Azure OpenAI: resource and deployment come first in the tail (Cloudflare 1.3.1, 1.3.3).

The resource becomes a part of the host, so it is held to the characters of a host label. Azure serves three trees:
deployments, what stands beside them without a version, and `openai/v1`; whatever part of a path its clients already
write by themselves (`openai/`, `deployments/{deployment}/`) is not doubled.
"""

from __future__ import annotations

import re

from penstock import errors
from penstock.errors import GatewayError
from penstock.providers.base import HeaderLookup, Location, Provider

_RESOURCE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


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
    own, rest = deployment == "openai", rest.removeprefix("openai/")
    named, _, below = rest.removeprefix("deployments/").partition("/")
    if rest.startswith("deployments/") and named:
        deployment, own, rest = named, False, below
    if _OF_DEPLOYMENTS.fullmatch(rest) is None and (own or _BESIDE_DEPLOYMENTS.fullmatch(rest)):
        return f"/openai/{rest}"
    return f"/openai/deployments/{deployment}/{rest}" if rest else f"/openai/deployments/{deployment}"


PROVIDER = Provider(
    slug="azure-openai",
    aliases=("azure",),
    domains=(".openai.azure.com",),
    locate=_locate,
    credential_headers=("api-key", "authorization"),
    key_header=("api-key", ""),
    tenant_hosts=(".openai.azure.com",),
    model_address=re.compile(r"//[^/]+/openai/deployments/([^/]+)"),
    model_is_own=True,
)
