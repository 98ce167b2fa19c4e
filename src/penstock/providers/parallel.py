"""Parallel: the web API, version in the tail (Cloudflare 1.3.1, Parallel 1.1, 1.2).

Its data plane is documented with `x-api-key` only, so a Bearer key is sent under that name too; the account
API takes Bearer tokens of another kind and gets nothing added. For bodies see `parallel_secrets.py`.
"""

from __future__ import annotations

import re

from penstock.providers.base import ExtraHeaders, HeaderLookup, Provider, bearer_as_api_key
from penstock.providers.parallel_secrets import SECRET_FIELDS, redact
from penstock.providers.paths import as_is

_DATA_PLANE = ("v1/", "v1beta/", "v1alpha/")


def _credentials(tail: str, header: HeaderLookup) -> ExtraHeaders:
    return bearer_as_api_key(header) if tail.startswith(_DATA_PLANE) else ()


PROVIDER = Provider(
    slug="parallel",
    domains=("api.parallel.ai",),
    locate=as_is("https://api.parallel.ai"),
    compat=("parallel",),
    chat_path="v1beta/chat/completions",
    credential_headers=("authorization", "x-api-key"),
    key_header=("x-api-key", ""),
    creates=re.compile(r"v1(?:beta|alpha)?/(?:tasks|findall/runs|monitors)(?:/|\Z)"),
    credentials=_credentials,
    secret_fields=SECRET_FIELDS,
    redact=redact,
    model_in=("body:model", "body:processor", "body:generator"),
)
