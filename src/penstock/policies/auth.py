"""Gateway authentication: only who holds the gateway's token may call (Cloudflare 3.12).

The token comes in `cf-aig-authorization: Bearer …` and never goes upstream. A gateway that does not ask for
it has no such hook at all.
"""

from __future__ import annotations

import hashlib
import hmac

from penstock.call import Call
from penstock.errors import UNAUTHORIZED, GatewayError


class Authentication:
    """Admits calls that carry the token; keeps only its digest."""

    __slots__ = ("_digest",)

    def __init__(self, token: str) -> None:
        if not token:
            raise ValueError("authentication needs a token")
        self._digest = hashlib.sha256(token.encode()).digest()

    def identify(self, call: Call) -> None:
        """Raises `GatewayError` 401/2009 unless the caller shows the token."""
        scheme, _, token = call.controls.authorization.partition(b" ")
        given = hashlib.sha256(token.strip()).digest()
        if scheme.lower() != b"bearer" or not hmac.compare_digest(given, self._digest):
            raise GatewayError(UNAUTHORIZED, "send the gateway's token as cf-aig-authorization: Bearer …")
        call.authenticated = True
