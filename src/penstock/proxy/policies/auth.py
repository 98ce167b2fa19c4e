"""Gateway authentication: who calls, and whether that caller may call here (Cloudflare 3.12).

The token comes in `cf-aig-authorization: Bearer …`, or alone where the provider's credential would stand; there
it is taken out, for it never goes upstream. What a token restricts beyond that is in `virtual_keys.py`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from penstock.access.tokens import allows, found_in, matches, parse
from penstock.errors import UNAUTHORIZED, GatewayError
from penstock.proxy.call import Call
from penstock.stores.control_store import Token
from penstock.wire.headers import without
from penstock.wire.target import redact_query

_SCHEMES = frozenset({b"bearer", b"token", b"key", b"api-key"})
_SCHEME_WORDS = _SCHEMES | {scheme.title() for scheme in _SCHEMES}


class Authentication:
    """Finds the token of a call. Keeps only digests of what is secret, in one form or another."""

    __slots__ = ("_admin", "_other_words", "_required", "_tokens")

    def __init__(self, tokens: Iterable[Token], admin_token: str, *, required: bool) -> None:
        """`admin_token` is the one of the environment, or empty. `required`: nobody calls without a token."""
        self._tokens = {token.id: token for token in tokens}
        self._admin = hashlib.sha256(admin_token.encode()).digest() if admin_token else b""
        self._other_words = frozenset(word for word in _SCHEME_WORDS if not self._is_admin(word))
        self._required = required

    def identify(self, call: Call) -> None:
        """Puts the token on the call. Raises `GatewayError` 401/2009 where one is needed and none is right."""
        value = call.controls.authorization
        shown = self._check(call, _without_scheme(value)) if value and not call.is_step else False
        if call.head.credentials:
            shown |= self._withdraw(call, needed=not shown and not call.is_step)
        if call.query and found_in(call.query) is not None:
            shown |= self._withdraw_from_query(call, needed=not shown and not call.is_step)
        if self._required and not call.authenticated:
            if shown:
                raise GatewayError(UNAUTHORIZED, "this token is not for this gateway, or may not call")
            raise GatewayError(UNAUTHORIZED, "send the gateway's token as cf-aig-authorization: Bearer …")

    def _withdraw(self, call: Call, *, needed: bool) -> bool:
        """Takes gateway tokens out of where providers' credentials stand; whether one was good."""
        names, shown = [], False
        for name, value in call.head.credentials:
            if found_in(value) is None and not self._holds_admin(value):
                continue
            names.append(name)
            shown |= needed and self._check(call, _behind_scheme(value))
        if names:
            call.withheld = frozenset(name.decode("ascii") for name in names)
            call.head.forward = without(call.head.forward, names)
        return shown

    def _withdraw_from_query(self, call: Call, *, needed: bool) -> bool:
        """The same for Google's `?key=`, and wherever else a token might stand in a query."""
        kept, shown = [], False
        for parameter in call.query.removeprefix(b"?").split(b"&"):
            token = found_in(parameter)
            if token is None:
                kept.append(parameter)
            else:
                shown |= needed and self._check(call, token)
        call.query = b"?" + b"&".join(kept) if kept else b""
        call.path = call.path.partition("?")[0] + redact_query(call.query.decode("latin-1"))
        return shown

    def _check(self, call: Call, text: bytes) -> bool:
        """Whether the text is a good token; if it may call here, the call is authenticated."""
        if self._admin and self._is_admin(text):
            call.authenticated = True
            return True
        token = self._find(text, call.created_us)
        if token is None:
            return False
        if allows(token, "run", call.gateway.account, call.gateway.id):
            call.authenticated = True
            call.token = token
            if token.metadata:
                call.metadata = {**call.metadata, **token.metadata}
        return True

    def _holds_admin(self, value: bytes) -> bool:
        if not self._admin:
            return False
        words = [word for word in value.split() if word not in self._other_words]
        return any(map(self._is_admin, words))

    def _is_admin(self, text: bytes) -> bool:
        return hmac.compare_digest(hashlib.sha256(text).digest(), self._admin)

    def _find(self, text: bytes, now_us: int) -> Token | None:
        parsed = parse(text)
        if parsed is None:
            return None
        token = self._tokens.get(parsed[0])
        return token if token is not None and matches(token, parsed[1], now_us) else None


def _behind_scheme(value: bytes) -> bytes:
    """What stands behind one of the schemes that providers have, or alone."""
    scheme, blank, token = value.strip().partition(b" ")
    if not blank:
        return scheme
    return token.strip() if scheme.lower() in _SCHEMES else b""


def _without_scheme(value: bytes) -> bytes:
    """What follows `Bearer`; the value itself where there is no scheme, nothing after another one."""
    scheme, blank, token = value.strip().partition(b" ")
    if not blank:
        return scheme
    return token.strip() if scheme.lower() == b"bearer" else b""
