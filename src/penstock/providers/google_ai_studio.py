"""Google AI Studio: Gemini, `v1` or `v1beta` in the tail (Cloudflare 1.3.1, 1.3.3).

Google's own OpenAI-compatible tree serves the unified endpoint. A key in the query (`?key=`) is none of this
file's business: queries pass through.
"""

from __future__ import annotations

import re

from penstock.providers.base import Provider
from penstock.providers.paths import as_is

PROVIDER = Provider(
    slug="google-ai-studio",
    domains=("generativelanguage.googleapis.com",),
    locate=as_is("https://generativelanguage.googleapis.com"),
    aliases=("google",),
    compat=("google-ai-studio", "google"),
    chat_path="v1beta/openai/chat/completions",
    stream_usage=True,
    credential_headers=("x-goog-api-key", "authorization"),
    key_header=("x-goog-api-key", ""),
    model_address=re.compile(r"/((?:tunedModels/)?[^/:]+):[^/:]*/*\Z"),  # {model}:generateContent
)
