"""Amazon Bedrock: service and region come first in the tail and make the host (Cloudflare 1.3.1, 1.3.3).

Signatures are made over AWS's own host and path, so everything behind the region goes out byte for byte:
model ARNs keep their colons and `%2F`. `bedrock-mantle` wants `x-api-key` on its Anthropic tree.
"""

from __future__ import annotations

import re

from penstock import errors
from penstock.errors import GatewayError
from penstock.providers.base import REGION, ExtraHeaders, HeaderLookup, Location, Provider, bearer_as_api_key

_SERVICES = {
    "bedrock-runtime": ("https://bedrock-runtime.", ".amazonaws.com"),
    "bedrock-mantle": ("https://bedrock-mantle.", ".api.aws"),
}


def _locate(tail: str, _header: HeaderLookup) -> Location:
    service, _, after = tail.partition("/")
    region, _, rest = after.partition("/")
    host = _SERVICES.get(service)
    if host is None or REGION.fullmatch(region) is None:
        raise GatewayError(
            errors.BAD_REQUEST,
            "aws-bedrock paths begin with bedrock-runtime/{region}/ or bedrock-mantle/{region}/",
        )
    return Location(f"{host[0]}{region}{host[1]}", f"/{rest}")


def _credentials(tail: str, header: HeaderLookup) -> ExtraHeaders:
    service, _, after = tail.partition("/")
    anthropic = service == "bedrock-mantle" and after.partition("/")[2].startswith("anthropic/")
    return bearer_as_api_key(header) if anthropic else ()


PROVIDER = Provider(
    slug="aws-bedrock",
    aliases=("bedrock",),
    domains=(".amazonaws.com", ".api.aws"),
    locate=_locate,
    compat=("aws-bedrock", "bedrock"),
    credential_headers=("authorization", "x-api-key"),
    credentials=_credentials,
    model_address=re.compile(r"//[^/]+/model/([^/]+)/"),
)
