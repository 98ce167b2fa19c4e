"""What Google takes for a credential, and the one it must never get: the key of a service account (Cloudflare 1.3.3).

Such a key signs for an account for years. Where access tokens are made of it, it is taken in the form of
`google_accounts.py`; in any other, and for every other of Google's services, it is refused, whatever its coding. Pure.
"""

from __future__ import annotations

import re
from base64 import b64decode
from urllib.parse import unquote_to_bytes

QUERY_CREDENTIALS = ("key", "access_token", "oauth_token")
"""Parameters of a query by which Google knows who asks."""

_LEAST = 64  # bytes of a private key's text; no other credential has to be looked into
_KEY_WORDS = (b"private_key", b"PRIVATE KEY", b'"service_account"', b"'service_account'")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_MOST_CODINGS = 3  # one inside the other
_NOWHERE = (
    "the key of a service account does not go to Google itself, and access tokens are made of it for google-vertex-ai "
    "only: send an API key, or an access token as Authorization: Bearer (gcloud auth print-access-token)"
)
_ELSEWHERE = (
    "the key of a service account does not go to Google itself: send it as Authorization: Bearer and its JSON in one "
    "word of base64, and access tokens are made of it; or store its JSON, or send an access token "
    "(gcloud auth print-access-token)"
)


def unfit(value: bytes) -> str:
    """Why a credential must not go to Google; empty where it may."""
    return _NOWHERE if _is_key(value) else ""


def unfit_as_it_is(value: bytes) -> str:
    """The same, where tokens are made of it if it comes as it should."""
    return _ELSEWHERE if _is_key(value) else ""


def _is_key(value: bytes) -> bool:
    return len(value) >= _LEAST and _holds_key(value, _MOST_CODINGS)


def _holds_key(text: bytes, codings: int) -> bool:
    if any(word in text for word in _KEY_WORDS):
        return True
    if not codings:
        return False
    words = unquote_to_bytes(text).split()
    whole, behind = b"".join(words), b"".join(words[1:])  # with its scheme, and without
    return any(len(one) >= _LEAST and _holds_key(_decoded(one), codings - 1) for one in {whole, behind})


def _decoded(text: bytes) -> bytes:
    """What base64 stands for, however it is padded."""
    letters = _NOT_BASE64.sub(b"", text.translate(_URL_SAFE))
    return b64decode(letters[: len(letters) - (len(letters) % 4 == 1)] + b"==")
