"""Anthropic: its own Messages dialect, version in the tail (Cloudflare 1.3.1, 1.3.3).

An OAuth-style `Authorization: Bearer` is a credential too. The unified endpoint needs a translation, so there
is no chat path.
"""

from __future__ import annotations

from penstock.providers.base import Provider
from penstock.providers.paths import as_is

PROVIDER = Provider(
    slug="anthropic",
    domains=("api.anthropic.com",),
    locate=as_is("https://api.anthropic.com"),
    compat=("anthropic",),
    credential_headers=("x-api-key", "authorization"),
    key_header=("x-api-key", ""),
)
