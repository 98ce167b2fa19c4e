"""Deepgram: speech, version in the tail (Cloudflare 1.3.1, 1.3.3).

Credentials come as `Authorization: Token …`, or in a header named `token`.
"""

from __future__ import annotations

from penstock.providers.base import Provider
from penstock.providers.paths import as_is

PROVIDER = Provider(
    slug="deepgram",
    domains=("api.deepgram.com",),
    locate=as_is("https://api.deepgram.com"),
    credential_headers=("authorization", "token"),
    key_header=("authorization", "Token "),
    model_in=("query:model",),
)
