"""ElevenLabs: speech, version in the tail (Cloudflare 1.3.1, 1.3.3).

Pure pass-through; its key has a header of its own.
"""

from __future__ import annotations

from penstock.providers.base import Provider
from penstock.providers.paths import as_is

PROVIDER = Provider(
    slug="elevenlabs",
    domains=("api.elevenlabs.io",),
    locate=as_is("https://api.elevenlabs.io"),
    credential_headers=("xi-api-key", "authorization"),
    key_header=("xi-api-key", ""),
    model_in=("body:model_id", "query:model_id"),
)
