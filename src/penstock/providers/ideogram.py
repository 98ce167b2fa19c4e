"""Ideogram: images, version in the tail (Cloudflare 1.3.1).

Its key travels in `api-key`: to look at `authorization` alone would take every caller for the same one.
"""

from __future__ import annotations

import re

from penstock.providers.base import Provider
from penstock.providers.paths import as_is

PROVIDER = Provider(
    slug="ideogram",
    domains=("api.ideogram.ai",),
    locate=as_is("https://api.ideogram.ai"),
    credential_headers=("api-key", "authorization"),
    key_header=("api-key", ""),
    model_address=re.compile(r"//[^/]+/v[0-9]+/(ideogram-[^/]+)/"),  # v1/ideogram-v3/generate
    model_is_own=True,
)
