"""Azure OpenAI: resource and deployment come first in the tail (Cloudflare 1.3.1, 1.3.3).

The resource becomes a part of the host, so it is held to the characters of a host label. Paths that clients
already wrote in Azure's own form (`…/openai/deployments/…`, `…/openai/v1/…`) are not doubled.
"""

from __future__ import annotations

import re

from penstock import errors
from penstock.errors import GatewayError
from penstock.providers.base import HeaderLookup, Location, Provider

_RESOURCE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def _locate(tail: str, _header: HeaderLookup) -> Location:
    resource, _, after = tail.partition("/")
    deployment, _, rest = after.partition("/")
    if _RESOURCE.fullmatch(resource) is None or not deployment:
        raise GatewayError(
            errors.BAD_REQUEST,
            "azure-openai paths begin with {resource}/{deployment}: a resource name, then a deployment",
        )
    return Location(f"https://{resource.lower()}.openai.azure.com", _path(deployment, rest))


def _path(deployment: str, rest: str) -> str:
    if rest.startswith("openai/"):  # {resource}/{deployment}/openai/deployments/{deployment}/…
        return f"/{rest}"
    if deployment == "openai" and rest.startswith(("deployments/", "v1/")):  # {resource}/openai/…
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
