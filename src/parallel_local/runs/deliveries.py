"""Webhooks on their way: each is kept until its receiver has said 2xx, or it was tried for two days (Parallel 2.14).

A webhook is stored with the state it tells of, so that a crash loses none; one may come twice. What is said stands in
`webhooks.py`, sending in `fetch/post.py`. To one address one goes out at a time, in order, as long as all arrive.
"""

import asyncio
import heapq
import logging
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from itertools import count
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from parallel_local.clock import Clock
from parallel_local.fetch.post import Forbidden, NotSent
from parallel_local.runs.alarm import Alarm
from parallel_local.runs.kind import Posting
from parallel_local.runs.store import RunStore
from parallel_local.runs.webhooks import envelope
from penstock_common.webhook_signatures import signed_either_way

_KIND = "delivery"
_FIRST_WAIT = 5.0  # seconds; doubled after each try
_LONGEST = timedelta(hours=48)
_AT_ONCE = 16
_OF_HOST = 4  # of those: who does not answer keeps nobody else's from going out
_MOST_WAITING = 10_000

log = logging.getLogger("parallel_local.webhooks")


class Delivery(msgspec.Struct, frozen=True):
    """A webhook that has not arrived yet."""

    id: str
    url: str
    type: str
    body: bytes
    since: datetime
    due: datetime
    tries: int = 0


class Sender(Protocol):
    """What sends one."""

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Returns when it has arrived. Raises `NotSent`."""


class Deliveries:
    """The queue of one store. Used from the event loop only."""

    def __init__(self, store: RunStore, sender: Sender, clock: Clock, secrets: Sequence[str]) -> None:
        self._store = store
        self._sender = sender
        self._clock = clock
        self._secrets = tuple(secrets)
        self._later: list[tuple[datetime, int, str, str]] = []  # with a number for the order, address and id
        self._ready: dict[str, deque[str]] = {}  # by address: what is due, in order
        self._numbers = count()
        self._sending: dict[asyncio.Task[None], str] = {}
        self._alarm = Alarm(clock)

    def post(self, posting: Posting) -> None:
        """Store a webhook with whatever else is being stored; it is sent by and by."""
        if len(self._later) + sum(map(len, self._ready.values())) >= _MOST_WAITING:
            log.error("a webhook %s is left out: %d wait already", posting.type, _MOST_WAITING)
            return
        now = self._clock.now()
        id_ = f"whevent_{self._clock.new_hex()}"
        self._keep(Delivery(id_, posting.url, posting.type, envelope(posting), now, now))

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Send what is due until the block is left; what has not arrived then is sent after the next start."""
        for delivery in sorted(self._store.active(_KIND, Delivery), key=lambda one: one.due):
            self._wait_for(delivery)
        worker = asyncio.create_task(self._work())
        try:
            yield
        finally:
            tasks = [worker, *self._sending]
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task

    async def _work(self) -> None:
        while True:
            self._begin()
            now = self._clock.now()
            await self._alarm.sleep((self._later[0][0] - now).total_seconds() if self._later else None)

    def _begin(self) -> None:
        """Begin to send what is due, as far as there is room."""
        now = self._clock.now()
        while self._later and self._later[0][0] <= now:
            *_, url, id_ = heapq.heappop(self._later)
            self._ready.setdefault(url, deque()).append(id_)
        busy = set(self._sending.values())
        hosts = Counter(map(_host, busy))
        for url in list(self._ready):
            if len(self._sending) >= _AT_ONCE:
                break
            if url in busy or hosts[_host(url)] >= _OF_HOST:
                continue
            waiting = self._ready.pop(url)
            task = asyncio.create_task(self._try(waiting.popleft()))
            self._sending[task] = url
            hosts[_host(url)] += 1
            task.add_done_callback(self._done)
            if waiting:  # the next address has its turn before this one's next
                self._ready[url] = waiting

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._sending[task]
        self._alarm.ring()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a webhook waits for the next start: %s", type(error).__name__)

    async def _try(self, id_: str) -> None:
        """One try; whatever becomes of it is stored."""
        delivery = self._store.get(_KIND, id_, Delivery)
        if delivery is None:
            return  # what it was to be stored with was not
        seconds = int(self._clock.now().timestamp())
        headers = {
            "content-type": "application/json",
            "webhook-id": id_,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signed_either_way(self._secrets, id_, seconds, delivery.body),
        }
        try:
            await self._sender.send(delivery.url, headers, delivery.body)
        except NotSent as error:
            self._failed(delivery, error)
        else:
            self._store.remove(_KIND, id_)

    def _failed(self, delivery: Delivery, error: NotSent) -> None:
        """Another try, twice as far off as this one was; none where it may not go, nor after two days."""
        wait = timedelta(seconds=_FIRST_WAIT * 2**delivery.tries)
        due, tries = self._clock.now() + wait, delivery.tries + 1
        if isinstance(error, Forbidden) or due > delivery.since + _LONGEST:
            told = (delivery.id, delivery.type, _host(delivery.url), tries, error)
            log.error("webhook %s (%s) to %s was given up after %d tries: %s", *told)
            self._store.remove(_KIND, delivery.id)
            return
        self._keep(msgspec.structs.replace(delivery, due=due, tries=tries))

    def _keep(self, delivery: Delivery) -> None:
        self._store.put(_KIND, delivery.id, delivery, active=True)
        self._wait_for(delivery)

    def _wait_for(self, delivery: Delivery) -> None:
        entry = (delivery.due, next(self._numbers), delivery.url, delivery.id)
        heapq.heappush(self._later, entry)
        self._alarm.ring()


def _host(url: str) -> str:
    """What may be named in a log: the rest of an address may hold a token."""
    return urlsplit(url).netloc.rpartition("@")[2][:100]
