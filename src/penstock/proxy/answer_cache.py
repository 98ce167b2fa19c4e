"""The recall phase: an answer that is there already, or on its way, is not asked for again.

Looks a call up in the cache and under its `Idempotency-Key`, lets it join an identical call in flight, or makes
it the one that others join; and keeps the answer afterwards. What makes calls identical is `policies/cache_key.py`'s
affair, how an answer reaches several clients `single_flight.py`'s.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import msgspec

from penstock.budget import Budget
from penstock.clock import Clock
from penstock.errors import IDEMPOTENCY_CONFLICT, UNAVAILABLE, GatewayError
from penstock.proxy.body_filter import filters_for
from penstock.proxy.call import Call, Route
from penstock.proxy.long_work import in_turns
from penstock.proxy.policies.cache_key import AT_ONCE, cache_key, cache_ttl, fingerprint, large_body, once_key
from penstock.proxy.single_flight import AnswerHead, Flight
from penstock.proxy.whole_bodies import WholeBodies
from penstock.stores.replies import Busy, Conflict, Found, Replies, RepliesUnavailable, Reply, Scope, Spent
from penstock.wire.accepts import accepts_encoding

log = logging.getLogger("penstock.recall")

_LOOK_SECONDS = 0.02  # between two looks at what another worker is busy with
_IN_LOOP_BYTES = 65536  # larger answers are stored by a thread
_MICRO = 1_000_000
_SAY_AGAIN_US = 60 * _MICRO
_TRY_AGAIN = frozenset({401, 402, 403, 408, 409, 425, 429})  # says nothing about the work that was asked for


class Lookup(msgspec.Struct, gc=False):
    """How a call may be answered without asking the provider."""

    cache_key: bytes = b""
    ttl: int = 0  # seconds
    once_key: bytes = b""
    fingerprint: bytes = b""
    glanced: bool = False  # just now, in vain
    unfit: bool = False  # there is an answer, in an encoding that this client does not take
    claimed: bool = False  # other workers are held off the cache's key
    scope: Scope = Scope("", "", "")


_P = ParamSpec("_P")
_T = TypeVar("_T")


class Hit(msgspec.Struct, gc=False):
    """An answer from a store. `replayed`: because of its `Idempotency-Key`."""

    reply: Reply
    replayed: bool


class AnswerCache:
    """The stores of answers, and the calls in flight of this worker."""

    def __init__(
        self, cache: Replies, once: Replies, clock: Clock, budget: Budget, *, once_seconds: int, alone: bool
    ) -> None:
        """`alone`: there is no other worker to look out for."""
        self._cache = cache
        self._once = once
        self._clock = clock
        self._budget = budget
        self._once_us = once_seconds * _MICRO
        self._alone = alone
        self._flights: dict[bytes, Flight] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._said: set[str] = set()
        self._said_us = 0

    async def lookup(self, call: Call, route: Route, bodies: WholeBodies) -> Lookup | None:
        """How to look for this call; None when it is not to be shared. Reads the body whole."""
        ttl = cache_ttl(call) if call.steers else 0
        once = call.method == b"POST" and call.head.idempotency_key != b""
        if not (ttl or once) or not (
            (call.body.complete and call.body.size <= bodies.limit) or await bodies.gather(call)
        ):
            return None
        body, mark = call.body.kept or b"", b""
        if ttl and call.operation.flags and not call.flags_read:
            reading = bodies.read_flags(call, body)
            if reading is not None:
                await reading
            ttl = ttl if call.operation.is_kept else cache_ttl(call)
            if not (ttl or once):
                return None
        if len(body) > AT_ONCE:
            body, mark = await in_turns(large_body(body))
        gateway = call.gateway
        key = cache_key(call, route, body, mark) if ttl else b""
        lookup = Lookup(key, ttl, scope=Scope(gateway.account, gateway.id, route.provider.slug))
        if once:
            lookup.once_key = once_key(call, route)
            lookup.fingerprint = fingerprint(call, route, body, mark)
        return lookup

    def glance(self, call: Call, lookup: Lookup) -> Hit | None:
        """The answer, if it is in the cache and nothing stands in its way."""
        if lookup.once_key or not lookup.cache_key:
            return None
        lookup.glanced = True
        return self._cached(call, lookup)

    async def find(self, call: Call, lookup: Lookup) -> Hit | Flight | None:
        """The answer, or a flight to join, or None: the call is to be made, and its keys are claimed.

        Raises `GatewayError` 409 for an `Idempotency-Key` that was used otherwise.
        """
        if lookup.once_key:
            found = await self._find_once(lookup)
            if found is not None:
                return found
        if lookup.cache_key:
            return await self._find_cached(call, lookup)
        return None

    def _cached(self, call: Call, lookup: Lookup) -> Hit | None:
        found = self._cache.get(lookup.cache_key, self._clock.now_us())
        if found is None:
            return None
        encoding = found.reply.content_encoding
        accepted = not encoding or accepts_encoding(call.lookup("accept-encoding"), encoding)
        reply = found.reply
        if not accepted and not filters_for(call.filters, reply.status, reply.content_type, reply.head):
            lookup.unfit = True
            return None
        return Hit(found.reply, replayed=False)

    async def _find_once(self, lookup: Lookup) -> Hit | Flight | None:
        while True:
            flight = self._flights.get(lookup.once_key)
            if flight is not None and flight.fingerprint != lookup.fingerprint:
                raise _conflict()
            if flight is not None and flight.kept:
                return flight
            try:
                found = self._once.claim(
                    lookup.once_key, lookup.fingerprint, self._clock.now_us(), lookup.scope.account
                )
            except RepliesUnavailable as error:
                raise GatewayError(UNAVAILABLE, "Idempotency-Key cannot be kept at the moment") from error
            if found is None:
                return None
            if isinstance(found, Found):
                return Hit(found.reply, replayed=True)
            if isinstance(found, Conflict):
                raise _conflict()
            if isinstance(found, Spent):
                raise GatewayError(
                    IDEMPOTENCY_CONFLICT, "the first answer was too large to be kept; use a new key"
                )
            await self._clock.sleep(_LOOK_SECONDS)

    async def _find_cached(self, call: Call, lookup: Lookup) -> Hit | Flight | None:
        while True:
            found = None if lookup.glanced else self._cached(call, lookup)
            lookup.glanced = False
            if found is not None:
                return found
            flight = self._flights.get(lookup.cache_key)
            if flight is not None and flight.kept and not lookup.once_key:
                return flight
            if self._alone or lookup.once_key or lookup.unfit:
                return None
            try:
                claim = self._cache.claim(lookup.cache_key, b"", self._clock.now_us())
            except RepliesUnavailable:
                return None  # a broken cache says MISS
            if claim is None:
                lookup.claimed = True
                return None
            if isinstance(claim, Busy):
                await self._clock.sleep(_LOOK_SECONDS)

    # -- leading

    def lead(self, lookup: Lookup) -> Flight:
        """The call is made; others may join from now on."""
        once = lookup.once_key != b""
        flight = Flight(self._budget, lookup.fingerprint, stays=once)
        if once:
            self._flights[lookup.once_key] = flight
        if lookup.cache_key and lookup.cache_key not in self._flights:
            self._flights[lookup.cache_key] = flight
        return flight

    def give_up(self, lookup: Lookup, flight: Flight | None, error: Exception | None) -> None:
        """The call was not made, or not to its end. No error: it was, with an answer that nobody is to get again."""
        if flight is not None:
            if error is not None:
                flight.fail(error)
            self._land(lookup, flight)
        if lookup.once_key:
            self._try(self._once.abandon, lookup.once_key)
        if lookup.claimed:
            self._try(self._cache.abandon, lookup.cache_key)

    async def keep(
        self, lookup: Lookup, flight: Flight, landed: AnswerHead, lines: bytes, provider: str, model: str
    ) -> None:
        """The answer is whole: keeps it where it may be kept. `lines` are its header lines for another day."""
        reply = Reply(
            landed.status,
            lines,
            landed.content_type,
            landed.content_encoding,
            flight.body() if flight.kept else b"",
            self._clock.now_us(),
            provider,
            model,
        )
        if lookup.once_key:
            await self._keep_once(lookup, flight, reply)
        if lookup.cache_key:
            self._keep_cached(lookup, flight, reply)
        else:
            self._land(lookup, flight)

    async def copy_once(self, lookup: Lookup, reply: Reply) -> None:
        """A call with an `Idempotency-Key` was answered from the cache: the same answer stands for its key."""
        expires_us = self._clock.now_us() + self._once_us
        if not await self._stored_once(lookup, reply, expires_us):
            self._try(self._once.abandon, lookup.once_key)  # nothing was done for it

    async def _keep_once(self, lookup: Lookup, flight: Flight, reply: Reply) -> None:
        status = reply.status
        if status >= 500 or status in _TRY_AGAIN:
            self._try(self._once.abandon, lookup.once_key)
            return
        expires_us = reply.created_us + self._once_us
        if not flight.kept or not await self._stored_once(lookup, reply, expires_us):
            self._try(self._once.spend, lookup.once_key, lookup.fingerprint, expires_us, lookup.scope.account)

    async def _stored_once(self, lookup: Lookup, reply: Reply, expires_us: int) -> bool:
        put = (lookup.once_key, lookup.fingerprint, reply, lookup.scope, expires_us)
        if len(reply.body) > _IN_LOOP_BYTES:
            return bool(await asyncio.to_thread(lambda: self._try(self._once.put, *put)))
        return bool(self._try(self._once.put, *put))

    def _keep_cached(self, lookup: Lookup, flight: Flight, reply: Reply) -> None:
        if reply.status != 200 or not flight.kept:
            if lookup.claimed:
                self._try(self._cache.abandon, lookup.cache_key)
            self._land(lookup, flight)
        elif len(reply.body) <= _IN_LOOP_BYTES:
            self._put_cached(lookup, reply)
            self._land(lookup, flight)
        else:
            task = asyncio.get_running_loop().create_task(self._put_large(lookup, flight, reply))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _put_large(self, lookup: Lookup, flight: Flight, reply: Reply) -> None:
        try:
            await asyncio.to_thread(self._put_cached, lookup, reply)
        finally:
            self._land(lookup, flight)

    def _put_cached(self, lookup: Lookup, reply: Reply) -> None:
        expires_us = reply.created_us + lookup.ttl * _MICRO
        is_kept = self._try(self._cache.put, lookup.cache_key, b"", reply, lookup.scope, expires_us)
        if is_kept is False:
            log.warning("an answer of %d bytes found no room in the cache", len(reply.body))
        if not is_kept and lookup.claimed:
            self._try(self._cache.abandon, lookup.cache_key)

    def _land(self, lookup: Lookup, flight: Flight) -> None:
        """Nobody joins any more."""
        for key in (lookup.once_key, lookup.cache_key):
            if self._flights.get(key) is flight:
                del self._flights[key]
        flight.close()

    # -- the life of the worker

    def sweep(self) -> None:
        """To be called about once a second."""
        now_us = self._clock.now_us()
        if not 0 <= now_us - self._said_us < _SAY_AGAIN_US:
            self._said_us = now_us
            self._said.clear()
        for store in (self._cache, self._once):
            self._try(store.beat, now_us)
            self._try(store.reap, now_us)

    def _try(self, verb: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T | None:
        """Keeping answers is a service to later calls; that it fails is none of this one's. Said once a minute."""
        try:
            return verb(*args, **kwargs)
        except RepliesUnavailable as error:
            text = str(error)
            if text not in self._said:
                self._said.add(text)
                log.error("kept answers: %s", text)
            return None

    async def close(self) -> None:
        """Waits for what is still being stored."""
        if self._tasks:
            await asyncio.wait(tuple(self._tasks))


def _conflict() -> GatewayError:
    return GatewayError(IDEMPOTENCY_CONFLICT, "this Idempotency-Key was sent before, with another request")
