"""Hugging Face: `{org}/{model}` below `/models` (Cloudflare 1.3.1).

Pure pass-through to the serverless inference host.
"""

from __future__ import annotations

import re

from penstock.providers.base import Provider
from penstock.providers.paths import below

PROVIDER = Provider(
    slug="huggingface",
    domains=("api-inference.huggingface.co",),
    locate=below("https://api-inference.huggingface.co", "models/"),
    model_address=re.compile(r"//[^/]+/models/(?!v[0-9]+/)([^/]+(?:/[^/]+)?)"),  # {org}/{model}
)
