"""The attempt phase: a call is sent, and sent again where that is asked for and does no harm.

Chooses the credential (the caller's, or a stored key), asks the breaker of the address, waits between attempts
and counts them. What happens on a connection is in `upstream/pool.py`; the rules are policies. The commit point is
the answer's first byte: what comes back from here is an answer that goes to the caller.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from penstock.clock import Clock
from penstock.errors import NO_CREDENTIALS, GatewayError
from penstock.providers.base import Provider
from penstock.proxy.call import Call, Route
from penstock.proxy.outgoing import OutgoingRequest
from penstock.proxy.policies.breaker import CLOSED, Breaker, Breakers
from penstock.proxy.policies.credentials import sent_credential
from penstock.proxy.policies.key_pool import KeyPool, refused
from penstock.proxy.policies.retry import (
    RetryRules,
    is_failure,
    retry_after_seconds,
    rules,
    time_limit,
    wait_ms,
)
from penstock.proxy.policies.stored_keys import StoredKey, check_destination, key_line
from penstock.proxy.redaction import secrets_of
from penstock.proxy.upstream.exchange import Exchange, Progress, UpstreamError
from penstock.proxy.upstream.pool import Pool, Upstream
from penstock.wire.headers import without

FIRST_ERROR = 400
"""The status from which on an answer is an error."""

_NO_STATUS = 1000  # is as high as this
_IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"TRACE"})


class CircuitOpen(UpstreamError):
    """The address is left alone for now; worth another try after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            "the provider's address keeps failing and is left alone for a moment", Progress.NOT_SENT
        )
        self.seconds = seconds


class Attempts:
    """Sends calls to providers."""

    def __init__(self, upstream: Upstream, clock: Clock, breakers: Breakers, buffered_body: int) -> None:
        self._upstream = upstream
        self._clock = clock
        self._breakers = breakers
        self._buffered_body = buffered_body

    def prepare(self, call: Call, route: Route, *, plain: bool = True) -> tuple[Pool, OutgoingRequest]:
        """Where the request goes, and as what. `plain`: with the credential the caller sent, if any."""
        return (
            self._upstream.pool(route.origin, guarded=route.provider.guarded),
            _outgoing(call, route, plain=plain),
        )

    async def open(self, call: Call, route: Route, *, more: bool) -> Exchange:
        """Sends the request and waits for the answer's head. `more`: there is another step to fall back to.

        Raises `UpstreamError`, and `GatewayError` where no credential may be used.
        """
        keys = call.keys
        pool, outgoing = self.prepare(call, route, plain=keys is None)
        retry = rules(call.gateway.retry, call.controls, call.config)
        if retry.attempts > 1 or more or (keys is not None and len(keys.keys) > 1):
            await call.body.gather(self._buffered_body)
        elif keys is None:
            return await self._noted(call, pool, outgoing, retry.timeout)
        return await self._several(call, route, pool, outgoing, retry, keys, more)

    async def once(
        self, call: Call, pool: Pool, outgoing: OutgoingRequest, limit: float | None, whole_below: int = 0
    ) -> Exchange:
        """One attempt of at most `limit` seconds, unless the breaker of the address is against it.

        An answer with a status under `whole_below`, unless it is a failure, is no answer before its first byte.
        """
        breaker = pool.breaker
        if breaker is None:
            breaker = pool.breaker = self._breakers.of(pool.origin)
        if breaker.state != CLOSED:
            seconds = breaker.admit(self._clock.monotonic())
            if seconds:
                raise CircuitOpen(seconds)
        generation = breaker.generation
        call.attempts += 1
        opening = self._upstream.open(pool, outgoing, call.method in _IDEMPOTENT, call.method == b"HEAD")
        if whole_below:
            opening = _with_first_byte(opening, whole_below)
        try:
            exchange = await (opening if limit is None else _in_time(opening, limit))
        except UpstreamError as error:
            self._note_failure(breaker, generation, error)
            raise
        except BaseException:
            breaker.abandoned(generation)
            raise
        if exchange.status >= 500:
            breaker.failed(self._clock.monotonic(), generation, connect=False)
        else:
            breaker.succeeded(generation)
        return exchange

    async def _noted(
        self, call: Call, pool: Pool, outgoing: OutgoingRequest, limit: float | None, whole_below: int = 0
    ) -> Exchange:
        """One attempt, remembered in the call's trail."""
        call.note("attempt", self._clock.monotonic(), f"{call.attempts + 1} {pool.origin}")
        try:
            exchange = await self.once(call, pool, outgoing, limit, whole_below)
        except UpstreamError as error:
            call.note("failure", self._clock.monotonic(), error.reason)
            raise
        call.note("answer", self._clock.monotonic(), str(exchange.status))
        return exchange

    async def _several(
        self,
        call: Call,
        route: Route,
        pool: Pool,
        outgoing: OutgoingRequest,
        retry: RetryRules,
        keys: KeyPool[StoredKey] | None,
        more: bool,
    ) -> Exchange:
        lines = outgoing.lines
        retries = replaced = 0
        whole_below = FIRST_ERROR if more else _NO_STATUS
        while True:
            index = self._put_key(call, route, outgoing, lines, keys)
            limit = time_limit(retry, retries + 1, last_target=not more)
            may_repeat = retries + 1 < retry.attempts
            try:
                exchange = await self._noted(call, pool, outgoing, limit, whole_below)
            except CircuitOpen:
                raise
            except UpstreamError:
                pause = self._pause(retry, retries + 1, None) if may_repeat and outgoing.replayable else None
                if pause is None:
                    raise
            else:
                retry_after = _retry_after(exchange, self._clock.now_us())
                if keys is not None and self._is_replaceable(keys, index, exchange.status, retry_after):
                    replaced += 1
                    if replaced < len(keys.keys) and outgoing.replayable:
                        exchange.close()
                        continue
                if not may_repeat or not is_failure(exchange.status) or not outgoing.replayable:
                    return exchange
                pause = self._pause(retry, retries + 1, retry_after)
                if pause is None:
                    return exchange
                exchange.close()
            retries, replaced = retries + 1, 0
            call.note("wait", self._clock.monotonic(), f"{pause * 1000:.0f} ms")
            await self._clock.sleep(pause)

    def _pause(self, retry: RetryRules, number: int, retry_after: float | None) -> float | None:
        wait = wait_ms(retry, number, retry_after, self._clock.chance())
        return None if wait is None else wait / 1000

    def _note_failure(self, breaker: Breaker, generation: int, error: UpstreamError) -> None:
        if error.local:
            breaker.abandoned(generation)
        else:
            connect = error.progress is Progress.NOT_SENT
            breaker.failed(self._clock.monotonic(), generation, connect=connect)

    # -- credentials

    def check_credential(self, call: Call, route: Route) -> None:
        """Puts the stored keys on the call that it may use (Cloudflare 3.13); none when it brings its own.

        Raises `GatewayError` 400/2040 where it may use none and has to. To be called before anything is looked up
        for the call: what a stored key has paid for is for those who may use it.
        """
        provider, gateway, controls = route.provider, call.gateway, call.controls
        wanted = gateway.keys is not None or gateway.byok_only or controls.no_wholesale or controls.byok_alias
        if not (wanted or provider.extra_headers):
            return
        if provider.extra_headers and not call.is_own():
            raise _not_ours()
        if sent_credential(provider, call.head.credentials, call.query, call.withheld):
            return
        keys = None
        if gateway.keys is not None:
            keys = gateway.keys.pool(provider, controls.byok_alias)
        elif controls.byok_alias:
            raise GatewayError(
                NO_CREDENTIALS, f"there is no stored key {controls.byok_alias!r} for {provider.slug}"
            )
        if keys is not None and not call.is_own():
            raise _not_ours()
        if keys is None and (gateway.byok_only or controls.no_wholesale):
            raise GatewayError(
                NO_CREDENTIALS, f"send a credential of {provider.slug}, or store one on this gateway"
            )
        call.keys = keys

    def _put_key(
        self,
        call: Call,
        route: Route,
        outgoing: OutgoingRequest,
        lines: list[bytes],
        keys: KeyPool[StoredKey] | None,
    ) -> int:
        if keys is None:
            return 0
        index = keys.choose(self._clock.monotonic())
        key = keys.keys[index]
        check_destination(key, route.provider, route.origin, overridden=route.overridden)
        call.stored_key = key.alias
        call.note("key", self._clock.monotonic(), f"{key.alias} ({key.id})")
        call.secrets = (*call.secrets, key.secret)
        outgoing.lines = [
            *without(lines, _credential_names(route.provider)),
            *key_line(route.provider, key.secret),
        ]
        return index

    def _is_replaceable(
        self, keys: KeyPool[StoredKey], index: int, status: int, retry_after: float | None
    ) -> bool:
        """Notes how a key did; whether another one should be tried in its place."""
        if not refused(status):
            keys.restore(index)
            return False
        now = self._clock.monotonic()
        keys.set_aside(index, now, status, retry_after)
        return keys.is_available(keys.choose(now), now)


def _outgoing(call: Call, route: Route, *, plain: bool) -> OutgoingRequest:
    """The request as it goes to a provider."""
    head, provider = call.head, route.provider
    lines = head.forward
    if provider.credentials is not None and plain:
        for name, value in provider.credentials(route.tail, call.header):
            lines += (name.encode("ascii"), b": ", value.encode("latin-1"), b"\r\n")
    if provider.extra_headers:
        pairs = [(name.encode("ascii"), value.encode("latin-1")) for name, value in provider.extra_headers]
        call.secrets = (*call.secrets, *secrets_of(pairs, b""))
        lines = without(lines, {name for name, _ in pairs})
        for header, content in pairs:
            lines += (header, b": ", content, b"\r\n")
    query = call.query if route.query is None else route.query
    return OutgoingRequest(call.method, route.path + query, lines, call.body)


def _credential_names(provider: Provider) -> set[bytes]:
    return {name.encode("ascii") for name in provider.credential_headers}


def _not_ours() -> GatewayError:
    return GatewayError(
        NO_CREDENTIALS, "stored keys are not used for a page of another site; send the gateway's token"
    )


def _retry_after(exchange: Exchange, now_us: int) -> float | None:
    for name, value in exchange.headers:
        if len(name) == 11 and name.lower() == b"retry-after":
            return retry_after_seconds(value, now_us)
    return None


async def _with_first_byte(opening: Coroutine[None, None, Exchange], below: int) -> Exchange:
    exchange = await opening
    if exchange.status >= below or is_failure(exchange.status):
        return exchange
    try:
        await exchange.first_byte()
    except BaseException:
        exchange.close()
        raise
    return exchange


async def _in_time(opening: Coroutine[None, None, Exchange], seconds: float) -> Exchange:
    try:
        async with asyncio.timeout(seconds):
            return await opening
    except TimeoutError:
        reason = f"no answer within {seconds * 1000:.0f} ms"
        raise UpstreamError(reason, Progress.SENT, timeout=True, local=True) from None
