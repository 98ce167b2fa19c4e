"""Adobe Firefly: image generation, known to Cloudflare's types but without a docs page (Cloudflare 1.3.1).

Adobe's public address and version-in-path rule. Its `x-api-key` is a client id that goes with the token, not
a credential that a stored one would replace.
"""

from __future__ import annotations

from penstock.providers.base import Provider
from penstock.providers.paths import as_is

PROVIDER = Provider(
    slug="adobe-firefly",
    domains=("firefly-api.adobe.io",),
    locate=as_is("https://firefly-api.adobe.io"),
    model_in=("header:x-model-version",),
)
