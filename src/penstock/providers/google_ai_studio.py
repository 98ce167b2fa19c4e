"""Google AI Studio: Gemini, `v1` or `v1beta` in the tail (Cloudflare 1.3.1, 1.3.3).

Google's own OpenAI-compatible tree serves the unified endpoint, and takes a key as `Authorization: Bearer` only. A key
in the query (`?key=`) passes as it came.
"""

from __future__ import annotations

import re

from penstock.providers.base import KeyHeader, Provider
from penstock.providers.google_credentials import QUERY_CREDENTIALS, unfit
from penstock.providers.paths import as_is, from_version

_OPENAI_TREE = re.compile(r"v[0-9][^/]*/+openai(?:/|\Z)")
_KEY = ("x-goog-api-key", "")
_BEARER = ("authorization", "Bearer ")


def _key_header_at(tail: str) -> KeyHeader:
    """Two credentials at once are refused there, whatever they are."""
    tail = tail.lstrip("/")
    return _BEARER if _OPENAI_TREE.match(from_version(tail) or tail) else _KEY


PROVIDER = Provider(
    slug="google-ai-studio",
    domains=("generativelanguage.googleapis.com",),
    locate=as_is("https://generativelanguage.googleapis.com"),
    aliases=("google",),
    compat=("google-ai-studio", "google"),
    chat_path="v1beta/openai/chat/completions",
    stream_usage=True,
    credential_headers=("x-goog-api-key", "authorization"),
    key_header=_KEY,
    key_header_at=_key_header_at,
    query_credentials=QUERY_CREDENTIALS,
    unfit=unfit,
    model_address=re.compile(r"/((?:tunedModels/)?[^/:]+):[^/:]*/*\Z"),  # {model}:generateContent
)
