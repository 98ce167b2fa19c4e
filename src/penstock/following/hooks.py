"""Sending events of webhooks on to callers: signed anew, several at once, again and again until they are taken.

Which event is to be sent when is for the run ledger; each is leased for a try, so that who dies while sending holds it
up for no longer. What is sent is what came, under the id that it came with, by which receivers know it again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, Protocol
from urllib.parse import urlsplit

from penstock.clock import Clock
from penstock.exits.sender import Answer, TryAgain, host_of
from penstock.following.plan import HookPlan
from penstock.runs.hooks import HookEvent, HookState
from penstock.stores.hooks import HookDue, HookLedger, Places
from penstock.stores.runs import RunsUnavailable
from penstock_common.webhook_signatures import signed

AT_ONCE: Final = 16
"""So many events are being sent at most; of one gateway's, half of them, and to one host, a quarter."""

LEASE_US: Final = 45 * 1_000_000

_OF_GATEWAY: Final = AT_ONCE // 2
_OF_HOST: Final = AT_ONCE // 4
_SECONDS: Final = 30.0  # for a try; well within its lease
_JSON: Final = "application/json"
_OFF: Final = "its gateway has no webhook settings any more"

log = logging.getLogger("penstock.hooks")


class Post(Protocol):
    """Sends one request, and gives its answer, whatever it is. Raises `TryAgain`."""

    async def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes, /) -> Answer: ...


class Forwarder:
    """Sends the events of one ledger on, under a `holder`'s name that no other process ever has.

    `guarded` sends to public addresses only, `anywhere` wherever the operator lets it.
    """

    def __init__(self, guarded: Post, anywhere: Post, clock: Clock, holder: str) -> None:
        self.plan = HookPlan()
        """To be set anew at each change; a try that is under way keeps the one that it began with."""
        self._guarded = guarded
        self._anywhere = anywhere
        self._clock = clock
        self._holder = holder
        self._tasks: set[asyncio.Task[None]] = set()
        self._hosts: Counter[str] = Counter()
        self._gateways: Counter[str] = Counter()

    def step(self, ledger: HookLedger) -> int:
        """Begins to send what is due, as far as there is room; how many. To be called about once a second; it is done
        by itself whenever there is room again. Raises `RunsUnavailable`.
        """
        before = len(self._tasks)
        while (free := AT_ONCE - len(self._tasks)) > 0:
            self._hosts, self._gateways = +self._hosts, +self._gateways  # without those that have none
            places = Places(free, _OF_HOST, _OF_GATEWAY, self._hosts, self._gateways)
            found = ledger.hooks_due(self._clock.now_us(), self._holder, LEASE_US, places)
            for due in found:
                self._begin(ledger, due)
            if not found:  # else there may be more, behind those of a host that has its share now
                break
        return len(self._tasks) - before

    async def idle(self) -> None:
        """Waits until nothing is being sent."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def stop(self) -> None:
        """Ends what is under way; its leases end by themselves."""
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, ledger: HookLedger, due: HookDue) -> None:
        self._hosts[_host(due.event)] += 1
        self._gateways[_gateway(due.event)] += 1
        task = asyncio.create_task(self._done(ledger, due, self.plan))
        self._tasks.add(task)

    async def _done(self, ledger: HookLedger, due: HookDue, plan: HookPlan) -> None:
        """What goes wrong with one is nothing to end the others for. Its lease ends by itself."""
        is_over = False
        try:
            await self._try(ledger, due, plan)
            is_over = True
        except RunsUnavailable:
            pass  # whoever asks what is due next says so
        except Exception:
            log.exception("event %s: this is tried again", due.event.id)
        finally:
            self._hosts[_host(due.event)] -= 1
            self._gateways[_gateway(due.event)] -= 1
            task = asyncio.current_task()
            if task in self._tasks:
                self._tasks.discard(task)
                if is_over:
                    with suppress(RunsUnavailable):
                        self.step(ledger)

    async def _try(self, ledger: HookLedger, due: HookDue, plan: HookPlan) -> None:
        event = due.event
        secret = plan.signing.get((event.account, event.gateway))
        if secret is None:
            self._failed(ledger, event, _OFF, None)
            return
        try:
            async with asyncio.timeout(_SECONDS):
                answer = await self._send(event, due.body, secret, anywhere=plan.anywhere)
        except TryAgain as error:
            self._failed(ledger, event, str(error), error.after)
        except TimeoutError:
            self._failed(ledger, event, f"{host_of(event.url)}: no answer in time", None)
        else:
            if answer.is_good:
                ledger.hook_sent(event.number, self._clock.now_us())
            else:
                reason = f"{host_of(event.url)} answers with status {answer.status}"
                self._failed(ledger, event, reason, answer.retry_after)

    async def _send(self, event: HookEvent, body: bytes, secret: str, *, anywhere: bool) -> Answer:
        seconds = self._clock.now_us() // 1_000_000
        kind = event.content_type
        headers = {
            "content-type": kind if kind and kind.isascii() and kind.isprintable() else _JSON,
            "user-agent": "penstock",
            "webhook-id": event.id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signed(secret, event.id, seconds, body),
        }
        post = self._anywhere if anywhere else self._guarded
        return await post("POST", event.url, headers, body)

    def _failed(self, ledger: HookLedger, event: HookEvent, reason: str, after: float | None) -> None:
        """Says of one that is given up that it is."""
        told = ledger.hook_failed(event.number, self._clock.now_us(), reason, after)
        if told is not None and told.state is HookState.GIVEN_UP:
            log.error(
                "event %s of %s was given up after %d tries: %s; `penstock hooks replay %s` sends it again",
                event.id,
                _gateway(event),
                told.tries,
                told.error,
                event.id,
            )


def _host(event: HookEvent) -> str:
    return urlsplit(event.url).netloc.lower()


def _gateway(event: HookEvent) -> str:
    return f"{event.account}/{event.gateway}"
