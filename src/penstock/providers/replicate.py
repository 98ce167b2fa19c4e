"""Replicate: `predictions` and the like, with or without `v1` (Cloudflare 1.3.2).

Pure pass-through; `Authorization` holds `Bearer` or the older `Token`.
"""

from __future__ import annotations

import re

from penstock.providers.base import Provider
from penstock.providers.paths import versioned

PROVIDER = Provider(
    slug="replicate",
    domains=("api.replicate.com",),
    locate=versioned("https://api.replicate.com"),
    model_in=("body:version", "body:model"),
    model_address=re.compile(r"//[^/]+/v1/(?:models|deployments)/([^/]+/[^/]+)/"),
    model_is_own=True,
)
