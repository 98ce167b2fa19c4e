"""Baseten: shared OpenAI-style model APIs, and one host for every dedicated model (Cloudflare 1.3.1).

`model/{id}` is a deployed model on `model-{id}.api.baseten.co`; without more path it means its production
`predict`. Everything else goes to the shared host, with or without `v1`.
"""

from __future__ import annotations

import re

from penstock import errors
from penstock.errors import GatewayError
from penstock.providers.base import HeaderLookup, Location, Provider
from penstock.providers.paths import versioned

_MODEL_ID = re.compile(r"[a-z0-9]{1,40}")
_shared = versioned("https://inference.baseten.co")


def _locate(tail: str, header: HeaderLookup) -> Location:
    if not tail.startswith("model/"):
        return _shared(tail, header)
    model, _, rest = tail.removeprefix("model/").partition("/")
    if _MODEL_ID.fullmatch(model) is None:
        raise GatewayError(errors.BAD_REQUEST, "a baseten model id has lower-case letters and digits only")
    return Location(f"https://model-{model}.api.baseten.co", f"/{rest or 'production/predict'}")


PROVIDER = Provider(
    slug="baseten",
    domains=("inference.baseten.co", ".api.baseten.co"),
    locate=_locate,
    tenant_hosts=(".api.baseten.co",),
    compat=("baseten",),
    chat_path="v1/chat/completions",
    stream_usage=True,
    model_address=re.compile(r"//model-([a-z0-9]+)\."),  # a dedicated one
    model_is_own=True,
)
