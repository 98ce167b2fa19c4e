"""Cohere: `v1` and `v2` keep their version, a bare path means `v1` (Cloudflare 1.3.2).

Its OpenAI-compatible tree `compatibility/…` stands beside the versions and serves the unified endpoint.
"""

from __future__ import annotations

from penstock.providers.base import Provider
from penstock.providers.paths import versioned

PROVIDER = Provider(
    slug="cohere",
    domains=("api.cohere.com",),
    locate=versioned("https://api.cohere.com", siblings=("compatibility/",)),
    compat=("cohere",),
    chat_path="compatibility/v1/chat/completions",
)
