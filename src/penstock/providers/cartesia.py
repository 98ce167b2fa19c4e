"""Cartesia: speech; no version in its paths, though its docs print one (Cloudflare 1.3.1, 1.3.2).

The API version travels in the `cartesia-version` header, which passes through like any other.
"""

from __future__ import annotations

from penstock.providers.base import Provider
from penstock.providers.paths import unversioned

PROVIDER = Provider(
    slug="cartesia",
    domains=("api.cartesia.ai",),
    locate=unversioned("https://api.cartesia.ai"),
    credential_headers=("authorization", "x-api-key"),
    key_header=("x-api-key", ""),
    model_in=("body:model_id", "body:model"),
)
