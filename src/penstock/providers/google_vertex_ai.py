"""Google Vertex AI: the host follows from `locations/{region}` in the path (Cloudflare 1.3.1, 1.3.3).

`global`, and a path without a location, go to the host without a region; `us` and `eu` are Google's
multi-region endpoints. Access tokens are not made here, and the key of a service account never goes there itself.
"""

from __future__ import annotations

import re

from penstock import errors
from penstock.errors import GatewayError
from penstock.providers.base import REGION, HeaderLookup, Location, Provider
from penstock.providers.google_credentials import QUERY_CREDENTIALS, unfit
from penstock.providers.paths import from_version

_LOCATION = re.compile(r"(?:\A|/)locations/([^/]*)")
_SPECIAL = {
    "global": "https://aiplatform.googleapis.com",
    "us": "https://aiplatform.us.rep.googleapis.com",
    "eu": "https://aiplatform.eu.rep.googleapis.com",
}


def _locate(tail: str, _header: HeaderLookup) -> Location:
    match = _LOCATION.search(tail)
    region = "global" if match is None else match[1]
    if REGION.fullmatch(region) is None:
        raise GatewayError(
            errors.BAD_REQUEST, "locations/{region} must name a region such as us-central1 or global"
        )
    origin = _SPECIAL.get(region) or f"https://{region}-aiplatform.googleapis.com"
    return Location(origin, f"/{from_version(tail) or tail}")


PROVIDER = Provider(
    slug="google-vertex-ai",
    aliases=("google-vertex",),
    domains=(
        "aiplatform.googleapis.com",
        "-aiplatform.googleapis.com",
        "aiplatform.us.rep.googleapis.com",
        "aiplatform.eu.rep.googleapis.com",
    ),
    locate=_locate,
    compat=("google-vertex-ai", "google-vertex"),
    query_credentials=QUERY_CREDENTIALS,
    unfit=unfit,
    model_address=re.compile(r"/([^/:]+):[^/:]*/*\Z"),  # {model}:generateContent, {endpoint}:predict
)
