"""The door of a gateway: who calls, and whether that caller may call here (Cloudflare 3.12).

The token comes in `cf-aig-authorization: Bearer …`, or alone where the provider's credential would stand; there
it is taken out, for it never goes upstream. Who shows none gets in where the gateway asks for none, and only as a
program of this machine or by a name of the operator's. What a token restricts beyond that is in `virtual_keys.py`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterable
from typing import Final, NoReturn

from penstock.access.standing import NONE_SENT, WHY, Standing, standing
from penstock.access.tokens import allows, parse
from penstock.errors import UNAUTHORIZED, GatewayError, no_such_gateway
from penstock.proxy.call import Call
from penstock.proxy.policies.cors import is_preflight
from penstock.stores.control_store import Token
from penstock.wire.headers import without
from penstock.wire.own_tokens import OwnTokens
from penstock.wire.target import redact_query
from penstock_common.own_program import is_own

_FOREIGN = (
    "without a token only programs of this machine may call, by 127.0.0.1 or localhost and no proxy, and no web "
    "page of another site: send the gateway's token as cf-aig-authorization: Bearer …, or name the host that "
    "programs use in [server] own_hosts"
)
_REMEMBERED = 64
_SCHEMES = frozenset({b"bearer", b"token", b"key", b"api-key"})


_WHY: Final = {
    **WHY,
    Standing.NOTHING: f"{NONE_SENT}: send the gateway's as cf-aig-authorization: Bearer …",
    Standing.GOOD: "this token is not for this gateway, or may not call",
}


class Authentication:
    """Finds the token of a call."""

    __slots__ = ("_admin", "_known", "_made_for_callers", "_own", "_own_hosts", "_required", "_tokens")

    def __init__(
        self,
        tokens: Iterable[Token],
        admin_token: str,
        own_hosts: Collection[str] | None = None,
        *,
        required: bool,
        made_for_callers: bool = False,
    ) -> None:
        """`admin_token` is the one of the environment, or empty. `required`: nobody calls without a token.
        `made_for_callers`: the gateway is there for who shows one, and for nobody else (Cloudflare 1.2).

        `own_hosts` are names, besides those of loopback, under which who shows none may call where none is required;
        None: under any.
        """
        self._tokens = {token.id: token for token in tokens}
        self._admin = hashlib.sha256(admin_token.encode()).digest() if admin_token else b""
        self._own = OwnTokens(admin_token)
        self._own_hosts = own_hosts
        self._known: set[bytes] = set()  # hosts of some that were let in: most calls name the same
        self._required = required
        self._made_for_callers = made_for_callers

    def identify(self, call: Call) -> None:
        """Puts the token on the call. Raises `GatewayError` 401/2009 where one is needed and none is right."""
        value = call.controls.authorization
        shown = self._check(call, _without_scheme(value)) if value and not call.is_step else Standing.NOTHING
        if call.may_show or call.head.suspect:
            shown = max(shown, self._withdraw(call, needed=shown is not Standing.GOOD and not call.is_step))
        if call.may_show and call.query and self._own.stands_in(call.query):
            shown = max(
                shown, self._withdraw_from_query(call, needed=shown is not Standing.GOOD and not call.is_step)
            )
        if call.authenticated or (call.head.asked_method and is_preflight(call)):
            return
        if self._required:
            self._refuse(call, shown)
        if shown.has_ended:
            raise GatewayError(UNAUTHORIZED, _WHY[shown])
        head = call.head
        if head.host not in self._known or head.origins:
            self._refuse_foreign(call)

    def _refuse(self, call: Call, shown: Standing) -> NoReturn:
        """Says what is wrong with what was shown, but to nobody whether there is a gateway that is not for him."""
        if self._made_for_callers and shown <= Standing.UNKNOWN:
            call.logged = False
            raise no_such_gateway(call.gateway.account, call.gateway.id)
        raise GatewayError(UNAUTHORIZED, _WHY[shown])

    def _refuse_foreign(self, call: Call) -> None:
        """Who comes from a page of another site, or from elsewhere. Said of a request, not of its steps."""
        head, own_hosts = call.head, self._own_hosts
        if own_hosts is None or call.is_step:
            return
        if not is_own(head.host or b"", head.origins, own_hosts):
            raise GatewayError(UNAUTHORIZED, _FOREIGN)
        if head.host is not None and len(self._known) < _REMEMBERED:
            self._known.add(head.host)

    def _withdraw(self, call: Call, *, needed: bool) -> Standing:
        """Takes gateway tokens out of where providers' credentials stand; what the best of them is worth."""
        names, shown = [], Standing.NOTHING
        for name, value in call.head.credentials:
            token = self._own.in_credential(value)
            if token is None:
                continue
            call.secrets = (*call.secrets, token)
            names.append(name)
            if needed:
                shown = max(shown, self._check(call, _behind_scheme(value)))
        if names:
            call.withheld |= {name.decode("latin-1") for name in names}
            call.head.forward = without(call.head.forward, names)
            call.head.joined = b""
        return shown

    def _withdraw_from_query(self, call: Call, *, needed: bool) -> Standing:
        """The same for Google's `?key=`, and wherever else a token might stand in a query."""
        kept, shown = [], Standing.NOTHING
        for parameter in call.query.removeprefix(b"?").split(b"&"):
            token = self._own.find(parameter)
            if token is None:
                kept.append(parameter)
            else:
                call.secrets = (*call.secrets, token)
                if needed:
                    shown = max(shown, self._check(call, token))
        call.query = b"?" + b"&".join(kept) if kept else b""
        call.path = call.path.partition("?")[0] + redact_query(call.query.decode("latin-1"))
        return shown

    def _check(self, call: Call, text: bytes) -> Standing:
        """What the text is worth; if it is a token that may call here, the call is authenticated."""
        if self._admin and self._is_admin(text):
            call.authenticated = True
            return Standing.GOOD
        parsed = parse(text)
        token = None if parsed is None else self._tokens.get(parsed[0])
        if parsed is None or token is None:
            return Standing.UNKNOWN
        worth = standing(token, parsed[1], call.created_us)
        if worth is not Standing.GOOD:
            return worth
        if allows(token, "run", call.gateway.account, call.gateway.id):
            call.authenticated = True
            call.token = token
            if token.metadata:
                call.metadata = {**call.metadata, **token.metadata}
        return Standing.GOOD

    def _is_admin(self, text: bytes) -> bool:
        return hmac.compare_digest(hashlib.sha256(text).digest(), self._admin)


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
