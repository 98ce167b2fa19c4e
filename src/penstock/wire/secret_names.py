"""Which names say that a value is a secret: of headers, and of parameters of a query. Pure text work.

`key`, `apikey`, `api_key`, `X-Api-Key`, `accessToken` and `client-secret` are the same words in other spellings: a
name is cut into its words first, by what stands between them and by its capitals.
"""

from __future__ import annotations

import re

_LONGEST = 64  # characters of a name; nobody calls a secret by a longer one
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORDS = re.compile(r"[^A-Za-z0-9]+")
_LAST = frozenset(
    {
        *(
            "apikey",
            "auth",
            "authkey",
            "authorization",
            "bearer",
            "cookie",
            "credential",
            "credentials",
            "jwt",
            "key",
        ),
        *("pass", "passphrase", "passwd", "password", "pat", "pwd", "secret", "sig", "signature", "token"),
    }
)
_FUSED = re.compile(
    r".*(?:api|access|account|auth|client|master|private|secret|service|session|shared|subscription|user)"
    r"(?:key|token|secret)"
)
_INNOCENT = frozenset(
    {
        "cache",
        "cancellation",
        "continuation",
        "csrf",
        "idempotency",
        "next",
        "page",
        "partition",
        "sort",
        "xsrf",
    }
)
_NUMBER = "0123456789[]"  # of one of several


def names_secret(name: str) -> bool:
    """Whether what is called so is a secret. A token to turn pages with is none, nor is a key to sort by."""
    if len(name) > _LONGEST:
        return False
    words = [word.lower() for word in _WORDS.split(_HUMP.sub("-", name.rstrip(_NUMBER))) if word]
    if not words or (len(words) > 1 and words[-2] in _INNOCENT):
        return False
    last = words[-1]
    return last in _LAST or _FUSED.fullmatch(last) is not None
