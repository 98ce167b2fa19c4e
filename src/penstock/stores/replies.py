"""Answers that are kept to be given again: the cache, and what `Idempotency-Key` promises.

Nouns and one protocol, for both: they differ in keys, in how long an answer stays and in what happens when
room runs out. No engine here, no notion of what a key is made of. A key is 32 bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import msgspec


class RepliesUnavailable(Exception):
    """The store cannot be used: no room, or broken. The verb changed nothing, or a part of much."""


class RepliesMissing(RepliesUnavailable):
    """There are no kept answers yet; the gateway makes the store when it starts."""


class Reply(msgspec.Struct, frozen=True, gc=False):
    """One whole answer. `head` is its header lines as they go to a client, without framing."""

    status: int
    head: bytes
    content_type: bytes
    content_encoding: bytes
    body: bytes
    created_us: int
    provider: str  # who gave it
    model: str  # as far as it was known; else empty


class Scope(NamedTuple):
    """Whose answer it is, so that it can be found by its owner and purged."""

    account: str
    gateway: str
    provider: str


class Busy(NamedTuple):
    """Somebody is at work on this key. `fingerprint` is that of the request it was taken for."""

    fingerprint: bytes


class Conflict(NamedTuple):
    """The key was used for another request."""


class Spent(NamedTuple):
    """The key was used and its answer could not be kept; asking again would do the work twice."""


class Found(NamedTuple):
    """There is an answer. `expires_us` is when it will be gone."""

    reply: Reply
    expires_us: int


class Stats(NamedTuple):
    """What a store holds. Bytes count bodies and heads."""

    entries: int
    bytes: int
    limit: int
    oldest_us: int | None
    stored: int  # since the store was made
    evicted: int  # for want of room
    expired: int
    hits: int


class Replies(Protocol):
    """Times are wall-clock microseconds."""

    def get(self, key: bytes, now_us: int) -> Found | None:
        """The answer, unless it has expired. Counts as a use."""

    def claim(
        self, key: bytes, fingerprint: bytes, now_us: int, account: str = ""
    ) -> Found | Busy | Conflict | Spent | None:
        """Takes the key for work on it (None: it is ours now), or says what is there.

        `Conflict` when answer or work belong to another fingerprint. What a dead worker had claimed is free. Raises
        `RepliesUnavailable` also where the account has no room to remember that the key was used.
        """

    def put(self, key: bytes, fingerprint: bytes, reply: Reply, scope: Scope, expires_us: int) -> bool:
        """Keeps an answer and ends the claim; whether there was room, in the share of its account.

        Old answers make room, the least used first, and those of the account that has most.
        """

    def spend(self, key: bytes, fingerprint: bytes, expires_us: int, account: str = "") -> None:
        """Ends the claim without an answer, for good: until then the key says `Spent`."""

    def abandon(self, key: bytes) -> None:
        """Ends the claim; the key is as if never used."""

    def purge(self, scope: Scope | None = None) -> int:
        """Forgets all answers, or those of a scope (empty members match any); how many."""

    def stats(self) -> Stats: ...

    def beat(self, now_us: int) -> None:
        """This worker is alive. To be called about once a second; also notes which answers were used."""

    def reap(self, now_us: int) -> int:
        """Forgets some of what has expired and the claims of dead workers; how many. Bounded work per call."""


class ReplyLimits(NamedTuple):
    """How many bytes of answers each store may hold."""

    cache: int
    idempotency: int


class OpenReplies(NamedTuple):
    """The stores, how to let go of them, and how to keep them in order.

    Under an `Idempotency-Key` a new answer never pushes out others. Tokens are sealed by who puts them there.
    """

    cache: Replies
    idempotency: Replies
    tokens: Replies
    close: Callable[[], None]
    tend: Callable[[], None]  # about once a second: sees to it that the store is the one in its place
