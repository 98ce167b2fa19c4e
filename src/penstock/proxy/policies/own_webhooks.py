"""Webhooks of Parallel's runs come to the gateway, which settles by them and sends them on (Parallel 2.14).

In what makes runs the caller's address is replaced by the gateway's own, and remembered before the request leaves. What
becomes of events is for the page that receives them, and for the keeper.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from functools import partial
from typing import Final, Protocol
from urllib.parse import urlsplit

from penstock.clock import Clock
from penstock.errors import BAD_REQUEST, BODY_TOO_LARGE, UNAVAILABLE, GatewayError
from penstock.proxy.call import Call, OwnAnswer, Route
from penstock.proxy.call_bodies import request_of
from penstock.proxy.policies.callers_addresses import callers_addresses, tells_webhooks
from penstock.runs.hook_requests import HOOKED, PATH, Redirection, Unfit
from penstock.runs.hooks import Hook
from penstock.runs.places import Act, Ask, what
from penstock.runs.shown import unfit
from penstock.settings.parallel_rules import ParallelWebhook
from penstock.stores.runs import RunsUnavailable
from penstock.wire.headers import without
from penstock_common.egress import NotPublic, check_url


class HookMemory(Protocol):
    """Remembers what callers want to be told. Raises `RunsUnavailable`."""

    async def hooked(self, hooks: Sequence[Hook]) -> None:
        """Writes it down."""

    async def hook_urls(self, account: str, gateway: str, ids: Collection[str]) -> dict[str, str]:
        """Callers' addresses by the ids in the gateway's own; empty ones where none was named."""


_READ_HERE: Final = 65536  # bytes of a body that is read in the event loop
_CODING: Final = (b"content-encoding",)
_MARKS: Final = (b"webhook", b"\\u")  # any letter may be written so
_TOO_LARGE: Final = "this request is too large to be looked through for a webhook: send fewer runs at once"
_UNREAD: Final = "webhooks of this request cannot be remembered at the moment; nothing was sent, try again"
_PACKED: Final = "this request cannot be looked through for a webhook: send it without a content-encoding"


class OwnWebhooks:
    """Of one gateway. `anywhere`: the operator lets callers' events go to addresses that are not public."""

    name = "webhooks"
    always = True

    def __init__(
        self,
        rules: ParallelWebhook,
        place: tuple[str, str],
        memory: HookMemory,
        clock: Clock,
        *,
        anywhere: bool,
    ) -> None:
        """`place`: account and gateway."""
        self._rules = rules
        self._place = place
        self._base = f"{rules.url.rstrip('/')}{PATH}/{place[0]}/{place[1]}/"
        self._memory = memory
        self._theirs = callers_addresses(self._base, partial(memory.hook_urls, *place))
        self._clock = clock
        self._check = _unfit_anywhere if anywhere else _unfit_outside

    def wants(self, call: Call, route: Route) -> bool:
        """Whether it may have a webhook, or be answered with one. The local engine sends none."""
        provider = route.provider
        if not provider.keeps_runs or provider.is_local:
            return False
        ask = what(call.method, route.tail)
        return ask.act in HOOKED or tells_webhooks(ask, route.tail)

    async def rewrite(self, call: Call, route: Route, body: bytes | None) -> bytes | None:
        """The body with the gateway's own addresses, which are remembered then. Raises `OwnAnswer` for an address that
        is sent nothing, and `GatewayError` where the body cannot be looked through.
        """
        ask = what(call.method, route.tail)
        if tells_webhooks(ask, route.tail):
            call.filters += (self._theirs,)
        if ask.act not in HOOKED:
            return None
        if body is None:
            raise GatewayError(BODY_TOO_LARGE, _TOO_LARGE)
        plain = request_of(call) if call.head.content_encoding else body
        if plain is None:
            raise GatewayError(BAD_REQUEST, _PACKED)
        if not self._rules.observe and not any(mark in plain for mark in _MARKS):
            return None
        root = self._clock.new_id(self._clock.now_us())  # a clock is no thread's but the loop's
        redirection = Redirection(self._base, root, self._check, self._rules.observe)
        work = partial(redirection.body, ask, plain)
        try:
            changed = work() if len(plain) <= _READ_HERE else await asyncio.to_thread(work)
        except Unfit as error:
            reference = self._clock.new_id(self._clock.now_us())
            shown = unfit(call.path, error.member, f"{error.member}: {error}", reference)
            raise OwnAnswer(shown.status, b"", shown.body) from None
        if changed is not None:
            await self._remembered(call, ask, redirection.ids)
            _unpack(call, plain)
        return changed

    async def _remembered(self, call: Call, ask: Ask, ids: dict[str, str]) -> None:
        now_us, run = self._clock.now_us(), ask.id if ask.act is Act.CHANGE else ""
        hooks = [Hook(name, *self._place, url, call.id, now_us, run) for url, name in ids.items()]
        try:
            await self._memory.hooked(hooks)
        except RunsUnavailable as error:
            raise GatewayError(UNAVAILABLE, _UNREAD) from error
        call.note(self.name, self._clock.monotonic(), "events come to the gateway")


def _unpack(call: Call, plain: bytes) -> None:
    """What goes out is in no content coding."""
    if call.head.content_encoding:
        call.body.unpack(plain)
        call.head.content_encoding = b""
        call.head.forward, call.head.joined = without(call.head.forward, _CODING), b""


def _unfit_outside(url: str) -> str:
    try:
        check_url(url)
    except NotPublic as error:
        return str(error)
    return ""


def _unfit_anywhere(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one:
        return "it is not a valid URL"
    return "it must not have a user name or password" if "@" in parts.netloc else ""
