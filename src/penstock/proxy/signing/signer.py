"""Sending a call with a credential of several parts: signed anew for each sending, or with a token that is got first.

Which credential's turn it is is `policies/credentials.py`'s affair, and when a call is sent again, `attempts.py`'s; but
a token that is not taken any more is made anew once. Calls without such credentials never come here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from penstock.clock import Clock
from penstock.errors import BODY_TOO_LARGE, PROVIDER_TIMEOUT, GatewayError
from penstock.providers.aws_keys import AwsKeys
from penstock.providers.google_accounts import ServiceAccount
from penstock.providers.signing import EnvironmentKeys
from penstock.proxy.call import Call, Route
from penstock.proxy.outgoing import OutgoingRequest
from penstock.proxy.policies.credentials import KeyTurn
from penstock.proxy.signing.access_tokens import AccessTokens, TokenRefused, Whose
from penstock.proxy.signing.aws_lines import signed_lines
from penstock.proxy.signing.environment_keys import EnvironmentCredentials
from penstock.proxy.upstream.exchange import Exchange
from penstock.proxy.upstream.pool import Pool
from penstock.proxy.whole_bodies import WholeBodies
from penstock.wire.sigv4 import Scope

_UNAUTHORIZED: Final = 401
_HASHED_HERE: Final = 256 * 1024  # bytes of a body; a larger one would hold up everybody else's calls


class Sending(NamedTuple):
    """A request on its way: whose, where to, and with the key whose turn it is."""

    call: Call
    route: Route
    pool: Pool
    outgoing: OutgoingRequest
    turn: KeyTurn


class Token(NamedTuple):
    """What a request goes out with, and what that was made of."""

    account: ServiceAccount
    token: bytes


class Signer:
    """Signs the calls of one worker."""

    def __init__(
        self, tokens: AccessTokens, environment: EnvironmentCredentials, bodies: WholeBodies, clock: Clock
    ) -> None:
        self._tokens = tokens
        self._environment = environment
        self._bodies = bodies
        self._clock = clock

    async def send(
        self, sending: Sending, attempt: Callable[[], Awaitable[Exchange]], limit: float | None
    ) -> Exchange:
        """What comes of an attempt that is made ready first, in at most `limit` seconds: with the key whose turn it
        is, or with another one where that has no token. Raises `GatewayError`, `UpstreamError`.
        """
        call = sending.call
        await self._bodies.gather(call)
        token = await self._ready_in(limit, sending)
        exchange = await attempt()
        if token is None or exchange.status != _UNAUTHORIZED:
            return exchange
        self._tokens.refuse(token.account, token.token)
        if not sending.outgoing.replayable:
            return exchange
        exchange.close()
        call.note("key", self._clock.monotonic(), "its access token was refused, and is made anew")
        await self._ready_in(limit, sending)
        return await attempt()

    async def _ready_in(self, limit: float | None, sending: Sending) -> Token | None:
        try:
            async with asyncio.timeout(limit):
                return await self._ready(sending)
        except TimeoutError:
            reason = f"no access token within {(limit or 0) * 1000:.0f} ms"
            raise GatewayError(PROVIDER_TIMEOUT, reason) from None

    async def _ready(self, sending: Sending) -> Token | None:
        """Puts the lines of a key on the request; the token, where it has one."""
        call, route, _, outgoing, turn = sending
        while isinstance(account := turn.parts, ServiceAccount):
            try:
                token = await self._tokens.get(account, _token_url(route), _whose(call, route))
            except TokenRefused:
                now = self._clock.monotonic()
                if not turn.is_refused(_UNAUTHORIZED, None, now):
                    raise
                outgoing.lines = turn.next_lines(now)
                continue
            call.secrets = (*call.secrets, token)
            name, scheme = route.provider.key_header
            outgoing.lines = [*turn.lines, name.encode(), b": ", scheme.encode(), token, b"\r\n"]
            return Token(account, token)
        keys = turn.parts
        if isinstance(keys, EnvironmentKeys):
            keys = await self._environment.get(keys)
        if isinstance(keys, AwsKeys):
            outgoing.lines = await self._signed(sending, keys)
        return None

    async def _signed(self, sending: Sending, keys: AwsKeys) -> list[bytes]:
        call, route, pool, outgoing, turn = sending
        signing = route.provider.signing
        assert signing is not None
        assert signing.scope is not None
        body = call.body.kept
        if body is None:
            reason = f"a call that is signed may have a body of {self._bodies.limit} bytes"
            raise GatewayError(BODY_TOO_LARGE, reason)
        if call.body.chunked:
            call.body.unpack(body)  # it is all there
        call.secrets = (*call.secrets, *(secret.encode() for secret in (keys.secret, keys.session) if secret))
        region, service = signing.scope(route.tail)
        scope = Scope(region, service, self._clock.now_us())
        request = (outgoing.method, outgoing.target, pool.authority, turn.lines, body, keys, scope)
        if len(body) <= _HASHED_HERE:
            return signed_lines(*request)
        return await asyncio.to_thread(signed_lines, *request)


def _token_url(route: Route) -> str:
    signing = route.provider.signing
    return "" if signing is None else signing.token_url


def _whose(call: Call, route: Route) -> Whose:
    """A caller's own account takes the room of the caller's token; those of strangers share one part."""
    account, slug = call.gateway.account, route.provider.slug
    if call.stored_key:
        return Whose(account, slug, is_guest=False)
    return Whose(f"{account}\x1f{call.token.id if call.token else ''}", slug, is_guest=True)
