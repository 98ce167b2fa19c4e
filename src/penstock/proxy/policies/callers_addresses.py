"""Answers that tell a webhook's address tell the caller's own again, where the gateway's stands in its place.

Monitors have their webhook in all that is told of them (Parallel 2.13.1), and so has what a task run was asked. A
document is held until it is whole; all else in it stays as it is. Of what callers have not asked for nothing is told.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Final

import msgspec

from penstock.proxy.body_filter import BodyFilter, FilterMaker
from penstock.proxy.held_filter import HeldFilter
from penstock.runs.places import Act, Ask
from penstock.runs.run import RunKind
from penstock.stores.runs import RunsUnavailable

Addresses = Callable[[Collection[str]], Awaitable[Mapping[str, str]]]
"""From ids in the gateway's own addresses to callers', empty where there is none. Raises `RunsUnavailable`."""

_OF_MONITORS: Final = frozenset({Act.MAKE_MONITOR, Act.READ, Act.CHANGE, Act.CANCEL, Act.LIST_MONITORS})
_INPUT: Final = "/input"

_to_json = msgspec.json.Encoder().encode


def tells_webhooks(ask: Ask, tail: str) -> bool:
    """Whether an answer may have one in it."""
    if ask.kind is RunKind.TASK:
        return tail.partition("?")[0].rstrip("/").endswith(_INPUT)
    return ask.kind is RunKind.MONITOR and ask.act in _OF_MONITORS


def callers_addresses(base: str, addresses: Addresses) -> FilterMaker:
    """A maker of filters. `base`: what the gateway's own addresses begin with; an id follows."""
    ours = re.escape(base.encode()).replace(rb"/", rb"\\?/") + rb"([0-9A-Za-z-]{1,64})"

    def make(status: int, content_type: bytes, _lines: bytes) -> BodyFilter | None:
        is_document = 200 <= status < 300 and b"json" in content_type.lower()
        return CallersAddresses(ours, addresses) if is_document else None

    return make


class CallersAddresses(HeldFilter):
    """Of one answer. `ours` matches the gateway's own addresses, and their ids."""

    def __init__(self, ours: bytes, addresses: Addresses) -> None:
        super().__init__()
        self._text = re.compile(rb'"' + ours + rb'"')
        # An address and types of events: no object stands in it.
        self._webhook = re.compile(rb'("webhook"\s*:\s*)\{[^{}]*"' + ours + rb'"[^{}]*\}')
        self._addresses = addresses

    async def finish(self) -> bytes:
        """The document with callers' addresses; as it came where they cannot be told."""
        body = self.taken()
        ids = {found[1].decode() for found in self._text.finditer(body)}
        try:
            known = await self._addresses(ids) if ids else {}
        except RunsUnavailable:
            return body
        if not known:
            return body

        def unasked(found: re.Match[bytes]) -> bytes:
            return found[0] if known.get(found[2].decode()) != "" else found[1] + b"null"

        def theirs(found: re.Match[bytes]) -> bytes:
            url = known.get(found[1].decode())
            return _to_json(url) if url else found[0]

        return self._text.sub(theirs, self._webhook.sub(unasked, body))
