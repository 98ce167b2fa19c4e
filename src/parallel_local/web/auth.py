"""Who may call: any key, or the one key that was configured. A plain ASGI layer in front of everything.

Where any key is good, a web page could make one up: it is kept out, and so is who comes under a name that is not
this machine's.
"""

import hmac

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from penstock_common.own_program import Header, is_own_program, is_passed_on_here

_MISSING = "Missing API key (C.1)"
_WRONG = "Invalid API key (C.1)"
_FOREIGN = (
    "Any key is good for programs of this machine only: call 127.0.0.1 or localhost, not by a proxy or from a web "
    "page, or start parallel-local with --api-key (C.1)"
)


class ApiKeyGuard:
    """Answers 401 in the edge's shape (Parallel 1.7 D) unless a key is given, and is the right one."""

    def __init__(self, app: ASGIApp, api_key: str | None) -> None:
        self._app = app
        self._api_key = api_key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it."""
        reason = self._refusal(scope) if scope["type"] == "http" else None
        if reason is None:
            await self._app(scope, receive, send)
            return
        body = msgspec.json.encode({"code": 16, "message": reason})
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 401, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _refusal(self, scope: Scope) -> str | None:
        given = _given(scope["headers"])
        if not given:
            return _MISSING
        if self._api_key is not None and not hmac.compare_digest(given, self._api_key.encode()):
            return _WRONG
        if self._api_key is None and _is_on_network(scope) and not _is_own(scope["headers"]):
            return _FOREIGN
        return None


def _is_own(headers: list[Header]) -> bool:
    return is_own_program(headers, ()) or is_passed_on_here(headers)


def _is_on_network(scope: Scope) -> bool:
    """Not on a Unix socket, which no browser reaches: there a gateway has looked already."""
    server = scope.get("server")
    return server is None or server[1] is not None


def _given(headers: list[Header]) -> bytes:
    """The key of `x-api-key`, else of `Authorization: Bearer`."""
    found = dict(reversed(headers))
    key = found.get(b"x-api-key", b"").strip()
    scheme, _, token = found.get(b"authorization", b"").strip().partition(b" ")
    return key or (token.strip() if scheme.lower() == b"bearer" else b"")
