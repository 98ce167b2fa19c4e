"""Retention: takes old calls and bodies out of the ledger, in small steps (Cloudflare 3.20).

By age (`[retention]`) and by number (`log_management` with `DELETE_OLDEST`). What an exporter has still to deliver
is kept for it. Who asks for this, and when, is in `keeper.py`; storing no more calls at all is the shipper's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

import msgspec

from penstock.clock import Clock
from penstock.settings import GatewaySettings, RetentionSettings
from penstock.settings.telemetry import age_seconds
from penstock.stores.ledger import LedgerEditor, LedgerReader, Order, Query

STEP: Final = 500
"""So many calls are deleted at once at most."""

PAUSE: Final = 0.05
"""Seconds between two steps at least, in which others write."""

_SLOW_SECONDS, _FAST_SECONDS = 0.02, 0.005
_FEWEST = 20
_OLDEST_FIRST = Order("created_at", descending=False)

GatewayPath = tuple[str, str]
HeldFrom = Callable[[GatewayPath | None], int | None]
"""From which moment on calls of a gateway (None: of any) are still to be delivered; None: none are."""


class _Rule(NamedTuple):
    """Calls to delete: all before a moment, or the oldest until `most` are left."""

    where: Query
    gateway: GatewayPath | None
    most: int | None = None


class Retention:
    """One ledger's."""

    def __init__(self, ledger: LedgerReader, editor: LedgerEditor, clock: Clock, held_from: HeldFrom) -> None:
        self._ledger = ledger
        self._editor = editor
        self._clock = clock
        self._held_from = held_from
        self._step = STEP

    async def enforce(
        self, settings: RetentionSettings, gateways: Mapping[GatewayPath, GatewaySettings]
    ) -> int:
        """Deletes what is too old or too much; how many calls. Raises `LedgerUnavailable`."""
        deleted = 0
        for rule in _rules(settings, gateways, self._clock.now_us()):
            deleted += await self._apply(rule)
        limit_us = _age_limit(settings.bodies, self._clock.now_us())
        if limit_us is not None:
            held_us = self._held_from(None)
            before_us = limit_us if held_us is None else min(limit_us, held_us)
            await self._in_steps(lambda step: self._editor.delete_bodies(before_us, step))
        return deleted

    async def _apply(self, rule: _Rule) -> int:
        where = msgspec.structs.replace(rule.where, until_us=self._before(rule.where.until_us, rule.gateway))
        if rule.most is None:
            return await self._in_steps(lambda step: self._editor.delete(where, step, _OLDEST_FIRST))
        excess = (self._ledger.count(rule.where) or 0) - rule.most
        if excess <= 0:
            return 0
        return await self._in_steps(lambda step: self._editor.delete(where, step, _OLDEST_FIRST), excess)

    def _before(self, until_us: int | None, gateway: GatewayPath | None) -> int | None:
        held_us = self._held_from(gateway)
        return min((one for one in (until_us, held_us) if one is not None), default=None)

    async def _in_steps(self, delete: Callable[[int], int], most: int | None = None) -> int:
        """Smaller steps where they take long: whoever writes waits for one step at most."""
        deleted = 0
        while most is None or deleted < most:
            size = self._step if most is None else min(self._step, most - deleted)
            began = self._clock.monotonic()
            found = delete(size)
            self._adjust(self._clock.monotonic() - began)
            deleted += found
            if found < size:
                break
            await self._clock.sleep(PAUSE)
        return deleted

    def _adjust(self, seconds: float) -> None:
        if seconds > _SLOW_SECONDS:
            self._step = max(self._step // 2, _FEWEST)
        elif seconds < _FAST_SECONDS:
            self._step = min(self._step * 2, STEP)


def _rules(
    settings: RetentionSettings, gateways: Mapping[GatewayPath, GatewaySettings], now_us: int
) -> Iterator[_Rule]:
    """A gateway that is gone, or not named, goes by `logs`; with ages of gateways besides, by the greatest of all."""
    limits = {_split(path): _age_limit(age, now_us) for path, age in settings.gateways.items()}
    others = _age_limit(settings.logs, now_us)
    known = [limit for limit in (others, *limits.values()) if limit is not None]
    if len(known) == 1 + len(limits):
        yield _Rule(Query(until_us=min(known)), None)
    if limits:
        limits |= dict.fromkeys(gateways.keys() - limits.keys(), others)
    for (account, gateway), limit in limits.items():
        if limit is not None:
            yield _Rule(Query(account=account, gateways=(gateway,), until_us=limit), (account, gateway))
    for (account, gateway), fields in gateways.items():
        if fields.log_management is not None and fields.log_management_strategy == "DELETE_OLDEST":
            where = Query(account=account, gateways=(gateway,))
            yield _Rule(where, (account, gateway), fields.log_management)


def stopping(gateways: Mapping[GatewayPath, GatewaySettings]) -> dict[GatewayPath, int]:
    """How many calls may be stored of those gateways that store no more then. The strategy unless one is named."""
    return {
        path: fields.log_management
        for path, fields in gateways.items()
        if fields.log_management is not None and fields.log_management_strategy != "DELETE_OLDEST"
    }


def _split(path: str) -> GatewayPath:
    account, _, gateway = path.partition("/")
    return account, gateway


def _age_limit(age: str, now_us: int) -> int | None:
    """What began before this is too old; None: nothing is."""
    seconds = age_seconds(age)
    return None if seconds is None else now_us - seconds * 1_000_000
