"""Workers AI: Cloudflare's own inference, below an account the tail does not name (Cloudflare 1.3.3, 1.5).

Model ids go to `/ai/run/…`, the OpenAI-style endpoints to `/ai/v1/…`. Which account pays is for the operator
to say, so there is no default upstream: `base_url` must be set.
"""

from __future__ import annotations

import re

from penstock.providers.base import HeaderLookup, Location, Provider
from penstock.providers.paths import versioned

_ORIGIN = "https://api.cloudflare.com"
_MODEL_MARKS = ("@", "%40")
_openai_style = versioned(_ORIGIN, "ai/", siblings=("run/", "models/"))


def _locate(tail: str, header: HeaderLookup) -> Location:
    model = tail.removeprefix("ai/")
    if model.startswith(_MODEL_MARKS):
        return Location(_ORIGIN, f"/ai/run/{model}")
    return _openai_style(tail, header)


PROVIDER = Provider(
    slug="workers-ai",
    domains=("api.cloudflare.com",),
    locate=_locate,
    compat=("workers-ai",),
    chat_path="v1/chat/completions",
    base_url_needed="https://api.cloudflare.com/client/v4/accounts/{account_id}",
    model_address=re.compile(r"//[^/]+/ai/run/(.+)"),
)
